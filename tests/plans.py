"""How a database answers what is asked of it: the plan of each statement."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event, text

from mhc.store.database import Database

Asked = Callable[[Connection], object]


@contextmanager
def overheard(conn: Connection) -> Iterator[list[tuple[str, Any]]]:
    """Give the statements that a connection is sent."""
    said: list[tuple[str, Any]] = []

    def listen(_conn: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        said.append((statement, parameters))

    event.listen(conn.engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(conn.engine, "before_cursor_execute", listen)


def plans(db: Database, asked: Asked, *, as_it_likes: bool = False) -> list[str]:
    """Give the plan of each statement; where no index answers, PostgreSQL scans even if told not to."""
    with db.read() as conn:
        with overheard(conn) as said:
            asked(conn)
        if not (db.is_sqlite or as_it_likes):
            conn.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if db.is_sqlite else "EXPLAIN "
        answers = [
            conn.exec_driver_sql(explain + statement, parameters).all() for statement, parameters in said
        ]
    return ["\n".join(str(row[-1]) for row in answer) for answer in answers]
