"""Look-ups among ten million events and 50,000 people: what the slowest query of each command takes."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, event

from bench.archive import USUAL
from bench.table import Row, amount
from command import MhcHere
from mhc.store.database import Database
from mhc.store.engines import IN_BINARY

_TIMES, _ENOUGH = 5, 1.0  # runs, seconds
_CARD, _LIST = 10, 50  # milliseconds
_ASKS = {
    f"person show {USUAL}": _CARD,
    f"person show {USUAL} --private --reveal": _CARD,
    f"person timeline {USUAL} -L 50": _CARD,
    "person search viewer_0009": _CARD,
    "person search 09": _CARD,
    "watchlist show Friends": _CARD,
    "note search blue lights friend 42": _CARD,
    "person list -L 50": _LIST,
    "person list --role viewer --sort tokens:desc -L 50": _LIST,
    "person list --list Friends --sort username -L 50": _LIST,
    "person list --segment tippers -L 50": _LIST,
    "person list --segment tippers --since 30d -L 50": _LIST,
    "person list --segment tippers --since 365d -L 50": _LIST,
    "person list --segment tippers --since 365d --until 90d -L 50": _LIST,
    "person list --segment followers -L 50": _LIST,
    "person list --segment regulars -L 50": _LIST,
    "person list --segment lapsed -L 50": _LIST,
    "person list --segment new --since 90d -L 50": _LIST,
    "person list --segment followers --segment tippers -L 50": _LIST,
    "person list --segment followers --segment lapsed -L 50": _LIST,
    "person list --live -L 50": _LIST,
    "person list --rating 4+ -L 50": _LIST,
    "person list --min-tokens 1 -L 50": _LIST,
    "person list --min-tokens 5000 -L 50": _LIST,
    "person list --not-seen-since 30d -L 50": _LIST,
    "inbox list -L 50": _LIST,
}


def rows(folder: Path, dbs: dict[str, Database]) -> list[Row]:
    """Time each question's queries in databases that are filled, against its aim."""
    found = []
    for words, most in _ASKS.items():
        for kind, db in dbs.items():
            took, number = slowest(MhcHere(folder, CHATURBATE_USERNAME="example_room"), words, db)
            found.append(amount(f"`{words}` on {kind}, slowest of {number} queries", took, "ms", most))
    return found


def slowest(mhc: MhcHere, words: str, db: Database) -> tuple[float, int]:
    """Give what the slowest query of a command takes, in milliseconds, and how many it has."""
    each = queries(mhc, words, db)
    return max(each), len(each)


def queries(mhc: MhcHere, words: str, db: Database) -> list[float]:
    """Give what each query of a command takes, in milliseconds."""
    with _overheard() as said:
        run = mhc(*words.split(), "-o", "table", DATABASE_URL=db.url.render_as_string(hide_password=False))
    if run.status != 0:
        raise SystemExit(f"mhc {words}: {run.stderr}")
    with db.read() as conn:
        driver: Any = conn.connection.driver_connection
        return [_middle(driver, *one) for one in said]


class _Said(NamedTuple):
    """A statement, and whether PostgreSQL answers it in binary."""

    statement: str
    parameters: Any
    binary: bool


def _middle(driver: Any, statement: str, parameters: Any, binary: bool) -> float:
    """Give the middle of some runs, rows fetched; what takes long runs less often."""
    how = {"binary": True} if binary and hasattr(driver, "pgconn") else {}
    spent: list[float] = []
    while len(spent) < _TIMES and sum(spent) < _ENOUGH:
        began = time.perf_counter()
        driver.cursor(**how).execute(statement, parameters).fetchall()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent) * 1000


@contextmanager
def _overheard() -> Iterator[list[_Said]]:
    said: list[_Said] = []

    def listen(
        _conn: object, _cursor: object, statement: str, parameters: Any, context: Any, _many: bool
    ) -> None:
        binary = bool(context and context.execution_options.get(IN_BINARY))
        said.append(_Said(statement, parameters, binary))

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
