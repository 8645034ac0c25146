"""The made-up world up to now: what an observer saw of it, and what the own account has."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from mhc.sandbox.account import Account
from mhc.sandbox.feed import Pace
from mhc.sandbox.ledger import Ledger
from mhc.sandbox.models import models_with
from mhc.sandbox.past import Seen, crowd_names, everything
from mhc.sandbox.people import cast_of
from mhc.sandbox.show import EPOCH, Show

_SECOND = timedelta(seconds=1)


class Story:
    """Goes on as far as show time has, whenever somebody asks; at speed 0 to the end of the first show."""

    def __init__(self, show: Show, begin: datetime, pace: Pace, crowd: int = 0) -> None:
        self.show = show
        self._pace = pace
        self._begin = begin
        names = [one.username for one in cast_of(show.seed)] + crowd_names(crowd)
        self._ledger = Ledger(names, models_with(show.room))
        self._account = Account(show.seed)
        self._rest = everything(show, begin, crowd)
        self._next: Seen | None = next(self._rest, None)
        self._renames_at = (begin + show.length + show.pause - EPOCH) // _SECOND
        self._lock = threading.Lock()

    @contextmanager
    def now(self) -> Iterator[tuple[Ledger, Account]]:
        """Let the world go on until now, and hold it for as long as an answer is made."""
        with self._lock:
            due = self._pace.due_ms()
            self._go_on(self._first_end() if math.isinf(due) else int(due) // 1000)
            yield self._ledger, self._account

    def _go_on(self, now: int) -> None:
        now = max(now, self._ledger.now)
        while self._next is not None and self._next.at <= now:
            self._ledger.take(self._next)
            self._account.take(self._next)
            self._next = next(self._rest, None)
        if self._ledger.now < self._renames_at <= now:
            for old, new in self.show.renames.items():
                self._ledger.rename(old, new)
        self._ledger.now = now
        self._account.pass_to(now)

    def _first_end(self) -> int:
        lasts = self.show.length if self.show.events is None else self.show.last_offset()
        return (self._begin + lasts - EPOCH) // _SECOND
