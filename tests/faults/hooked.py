"""The installed command with a hook: dies, or waits, at a place of the transaction that keeps a page.

`python -m faults.hooked PLACE ACTION WORDS…` runs `mhc WORDS…`. PLACE is a step of the first page's transaction:
`cursor` (moved, nothing inserted), `insert` (before the events), `inserted` (after them), `commit` (before it) or
`committed`. ACTION is `kill` (SIGKILL), `fail` (as a bug does), `wait` (says "here" on stderr, goes on when stdin has a byte or ends), or
`cursor-first`: SIGKILL in a wrong build, which moves the cursor in a transaction of its own, before the events.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from mhc.__main__ import main
from mhc.store import bulk, known, pages

_INSERT, _MOVE = "INSERT INTO event ", "UPDATE stream SET "


class Place:
    """Acts once, at its place."""

    def __init__(self, name: str, act: Callable[[], None]) -> None:
        self._name, self._act = name, act
        self._inserted = False

    def _at(self, name: str) -> None:
        if name == self._name:
            self._name = ""
            self._act()

    def before(self, statement: str) -> None:
        if statement.startswith(_INSERT):
            self._at("insert")

    def after(self, statement: str) -> None:
        if statement.startswith(_MOVE):
            self._at("cursor")
        if statement.startswith(_INSERT):
            self._inserted = True
            self._at("inserted")

    def commit(self) -> None:
        if self._inserted:
            self._at("commit")

    def committed(self) -> None:
        if self._inserted:
            self._at("committed")


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _wait() -> None:
    os.write(2, b"here\n")
    os.read(0, 1)


def _fail() -> None:
    message = (
        "a bug, with the feed's URL: "
        + os.environ["MHC_EVENTS_URL"]
        + "/events/x/"
        + os.environ["CB_AUTH_TOKEN"]
    )
    raise RuntimeError(message)


_ACTIONS = {"kill": _kill, "fail": _fail, "wait": _wait, "cursor-first": _kill}


def _move_the_cursor_first() -> None:
    keep = pages.store

    def store(db: Any, held: Any, page: Any, **how: Any) -> Any:
        with db.write_batch() as batch:
            known.take(batch, held, (), now=page.received_at, valid=how["lease"], moved=page.moved)
        return keep(db, held, page, **how)

    pages.store = store


def _one_by_one(place: Place) -> None:
    """Send each statement by itself: what goes together has no place between."""
    send = bulk.together

    def together(conn: Any, *calls: Any, first: str = "", last: str = "") -> list[Any]:
        found = send(conn, first=first)
        for call in calls:
            statement = call[0].on_sqlite
            place.before(statement)
            found += send(conn, call)
            place.after(statement)
        if last:
            place.commit()
            send(conn, last=last)
            place.committed()
        return found

    bulk.together = together


def _run(name: str, action: str) -> None:
    if action == "cursor-first":
        _move_the_cursor_first()
    place = Place(name, _ACTIONS[action])
    _one_by_one(place)
    main()


if __name__ == "__main__":
    chosen = sys.argv[1:3]
    sys.argv = ["mhc", *sys.argv[3:]]
    _run(*chosen)
