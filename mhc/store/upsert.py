"""INSERT … ON CONFLICT in the words of the database at hand."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, literal_column


def upsert(
    conn: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keys: Sequence[str],
    changes: Callable[[Any], Mapping[str, Any]],
) -> None:
    """Insert rows; where a row with the same keys stands, change it instead.

    `changes` gives the new values as SQL expressions, from the columns of the row that was not inserted.
    """
    if not rows:
        return
    query = _insert(conn, table)
    new = dict(changes(query.excluded))
    conn.execute(query.on_conflict_do_update(index_elements=list(keys), set_=new), list(rows))


def insert_new(conn: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row; False where one stands in its way, and nothing changes."""
    query = _insert(conn, table).values(**row).on_conflict_do_nothing()
    # What is given back, and not a count: there is none on PostgreSQL where a key is generated.
    return conn.execute(query.returning(literal_column("1"))).first() is not None


def insert_or_change(
    conn: Connection,
    table: Table,
    row: Mapping[str, Any],
    *,
    keys: Sequence[str],
    only: ColumnElement[bool],
    changes: Sequence[str],
    when: ColumnElement[bool],
) -> bool:
    """Insert a row; where one with the same keys stands (unique where `only` holds), change it, if `when` holds of it.

    Give whether one of the two happened.
    """
    query = _insert(conn, table).values(**row)
    query = query.on_conflict_do_update(
        index_elements=list(keys),
        index_where=only,
        set_={name: query.excluded[name] for name in changes},
        where=when,
    )
    return conn.execute(query.returning(literal_column("1"))).first() is not None


def _insert(conn: Connection, table: Table) -> Any:
    if conn.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as pg_insert

        return pg_insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)
