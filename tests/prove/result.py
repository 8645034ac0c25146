"""What one part of the proof found, as it travels between processes, and how a database is judged."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from faults.oracle import Known, judge
from faults.server import FaultServer
from mhc.store.database import Database

_SHOWN = 5


@dataclass
class Result:
    """One row of the table; `wrong` says what is not as it must be, `left_out` why nothing was tried."""

    part: str
    database: str
    count: int = 0  # of what was done to the listener
    what: str = ""  # what that was, as a noun in the plural
    events: int = 0
    lost: int = 0
    doubled: int = 0
    seconds: float = 0.0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    note: str = ""
    left_out: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, doubled or otherwise wrong."""
        return not (self.lost or self.doubled or self.wrong)

    def blame(self, kind: str, *facts: object) -> None:
        """Note something that must not be."""
        self.wrong.setdefault(kind, []).extend(str(fact) for fact in facts[:_SHOWN])

    def take(
        self,
        db: Database,
        server: FaultServer,
        home: Path,
        *,
        gaps: Sequence[Known] = (),
        lost: Sequence[int] = (),
    ) -> None:
        """Hold the database against all that the server gave out, and note each difference."""
        db.close()  # its connection may be one that a restart of the server has broken
        found = judge(db, server, home, gaps=gaps, lost=lost)
        self.events, self.lost, self.doubled = found.served, len(found.lost), len(found.doubled)
        for kind, facts in found.wrong.items():
            self.blame(kind, *facts)
        if found.served != server.feed.published:
            self.blame("unread", f"{found.served} of {server.feed.published} events were asked for")

    def line(self) -> str:
        """Give it as a line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


def read(line: str) -> Result:
    """Read what `line` wrote."""
    fields: dict[str, Any] = json.loads(line)
    return Result(**fields)


def until(true: Callable[[], object], seconds: float) -> bool:
    """Wait until something is true; give whether it came to that."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        threading.Event().wait(0.05)
    return True
