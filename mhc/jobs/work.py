"""What a job is given to work with, and where it says what it did."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mhc.config import Settings
from mhc.store.database import Database


@dataclass(frozen=True, slots=True)
class Work:
    """One run of a job. It ends early, whole, once `stop` is set.

    A job raises what stops it; what failed while the rest went on it says in `complaints`, a line each.
    """

    db: Database
    settings: Settings
    options: Mapping[str, Any]  # of [jobs.NAME], checked, with what is not set as it is by default
    now: Callable[[], datetime]
    stop: threading.Event = field(default_factory=threading.Event)
    counts: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
