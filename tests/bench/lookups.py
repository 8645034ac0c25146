"""Look-ups among ten million events and 50,000 people: what the slowest query of each command takes."""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, event

import postgres
from bench import archive
from bench.table import Row, amount
from command import MhcHere
from mhc.store.database import Database

_TIMES = 5
_CARD, _LIST = 10, 50  # milliseconds
_USUAL = "viewer_00077"  # about 10,000 events
_ASKS = {
    f"person show {_USUAL}": _CARD,
    f"person show {_USUAL} --private --reveal": _CARD,
    f"person timeline {_USUAL} -L 50": _CARD,
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


def rows(folder: Path, server: URL, events: int, people: int) -> list[Row]:
    """Fill both databases with the same, and time the queries of each command against its aim."""
    with ExitStack() as stack:
        databases = stack.enter_context(closing(postgres.Server(server)))
        urls = {"SQLite": f"sqlite:///{folder / 'years.db'}"}
        urls["PostgreSQL"] = databases.migrated().render_as_string(hide_password=False)
        both = {kind: stack.enter_context(closing(Database(url))) for kind, url in urls.items()}
        both["SQLite"].create()
        archive.fill(list(both.values()), events, people)
        return measured(folder, both)


def measured(folder: Path, dbs: dict[str, Database]) -> list[Row]:
    """Time each question's queries in databases that are filled."""
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


def _middle(driver: Any, statement: str, parameters: Any) -> float:
    """Give the middle of some runs, rows fetched."""
    spent = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        driver.execute(statement, parameters).fetchall()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent) * 1000


@contextmanager
def _overheard() -> Iterator[list[tuple[str, Any]]]:
    said: list[tuple[str, Any]] = []

    def listen(_conn: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        said.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
