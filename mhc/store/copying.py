"""Copying a whole database into another one, of either kind: every table, with its ids, then compared.

Until a copy is finished its compatibility number is UNFINISHED, so that no program works with half of it. A copy that
was stopped goes on: events and observations where it stood, since they are only ever added; the rest is little, and is copied again.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    Select,
    Table,
    Text,
    delete,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
    tuple_,
    type_coerce,
    update,
)

from mhc.domain.text import encode
from mhc.errors import CheckError, ConfigError, NotFoundError, UsageError
from mhc.store import contents, schema
from mhc.store.database import Database
from mhc.store.schema import Instant, event, metadata, observation, schema_compat

_BLOCK = 5000
_GOES_ON = frozenset({event.name, observation.name})
# In the target while the copy is unfinished: what is copied. No table of the schema.
_source = Table("mhc_copy", MetaData(), Column("source", Text, nullable=False))

Progress = Callable[[str, int], None]  # a table, and how many of its rows are there


@dataclass(frozen=True, slots=True)
class Copied:
    """One table after the copy: its rows, and a checksum that does not depend on their order; the same in both."""

    table: str
    rows: int
    checksum: str | None


def tables() -> list[Table]:
    """Give every table that is copied, each after those that it refers to."""
    return [one for one in metadata.sorted_tables if one is not schema_compat]


def refuse_unfit(source: Database, target: Database) -> None:
    """Raise where the source cannot be copied, or the target holds what is no part of an unfinished copy of it."""
    if source.is_empty():
        raise NotFoundError(f"there is nothing to copy in {source.name}")
    if source.address == target.address:
        raise UsageError(f"{source.name} would be copied into itself")
    state = source.schema_state()
    if state is None or state[0] != schema.REVISION:
        raise ConfigError(
            f"the schema of {source.name} is {state and state[0]}, and only {schema.REVISION} is copied whole",
            hint="mhc db upgrade, with the newest mhc",
        )
    if target.is_empty():
        return
    with target.look() as conn:
        copied = _copied(conn)
        if copied is None and not contents.is_bare(conn):
            raise CheckError(f"{target.name} holds data", hint="copy into a new database")
        if copied not in {None, source.address}:
            raise CheckError(
                f"{target.name} is an unfinished copy of {encode(str(copied))}",
                hint="copy into a new database",
            )


def _copied(conn: Connection) -> str | None:
    """Give what an unfinished copy is of; None where there is none."""
    return conn.execute(select(_source)).scalar() if inspect(conn).has_table(_source.name) else None


def copy(source: Database, target: Database, progress: Progress) -> list[Copied]:
    """Copy what is missing, compare all, and only then let the target be used. Gives the tables as they are in both.

    All is read in one state of the source. Raises CheckError where the two differ at the end. What `refuse_unfit`
    refuses must not come here.
    """
    _begin(source, target)
    with source.read() as origin:
        for table in tables():
            for rows in _blocks(origin, table, _last_key(target, table)):
                with target.raw_write() as conn:
                    conn.execute(insert(table), rows)
                progress(table.name, len(rows))
        with target.look() as conn:
            done = [_compared(origin, conn, table) for table in tables()]
    _finish(source, target)
    return done


def planned(source: Database) -> list[Copied]:
    """Give how many rows each table would have."""
    with source.read() as conn:
        counts = contents.read(conn).tables
    return [Copied(table.name, counts[table.name], None) for table in tables()]


def _begin(source: Database, target: Database) -> None:
    """Make the target's tables, mark it as unfinished, and empty what is copied again."""
    if target.is_empty() or (state := target.schema_state()) is None or state[1] != schema.UNFINISHED:
        target.create()
    state = target.schema_state()
    if state is None or state[0] != schema.REVISION:
        raise ConfigError(f"the schema of {target.name} is {state and state[0]}, not {schema.REVISION}")
    with target.raw_write() as conn:
        if _copied(conn) is None:
            _source.create(conn)
            conn.execute(insert(_source).values(source=source.address))
            conn.execute(update(schema_compat).values(number=schema.UNFINISHED))
        for table in reversed(tables()):
            if table.name not in _GOES_ON:
                for key in _own_references(table):
                    conn.execute(update(table).where(key.is_not(None)).values({key.name: None}))
                conn.execute(delete(table))


def _own_references(table: Table) -> list[Column[Any]]:
    """Give the columns that refer to their own table."""
    return [c for c in table.columns for key in c.foreign_keys if key.column.table is table]


def _key(table: Table) -> list[Column[Any]]:
    return list(table.primary_key.columns)


def _last_key(target: Database, table: Table) -> tuple[Any, ...] | None:
    if table.name not in _GOES_ON:
        return None
    with target.look() as conn:
        query = select(*_key(table)).order_by(*(column.desc() for column in _key(table))).limit(1)
        found = conn.execute(query).one_or_none()
        return tuple(found) if found else None


def _blocks(
    conn: Connection, table: Table, after: tuple[Any, ...] | None = None
) -> Iterator[list[dict[str, Any]]]:
    """Give a table's rows in the order of its key; those that refer to others of it after these."""
    order = [*(column.is_not(None) for column in _own_references(table)), *_key(table)]
    query: Select[Any] = select(table).order_by(*order)
    if after is not None:
        place = (literal(value, key.type) for value, key in zip(after, _key(table), strict=True))
        query = query.where(tuple_(*_key(table)) > tuple_(*place))
    found = conn.execute(query, execution_options={"yield_per": _BLOCK})
    for rows in found.mappings().partitions():
        yield [dict(row) for row in rows]


def _compared(origin: Connection, made: Connection, table: Table) -> Copied:
    """Give a table as both have it. Raises CheckError where they do not have the same."""
    ours, theirs = (_checksum(conn, table) for conn in (origin, made))
    if ours != theirs:
        raise CheckError(
            f"{table.name} differs: {ours.rows} rows ({ours.checksum}), copied {theirs.rows} ({theirs.checksum})",
            hint="the source changed between two runs: copy into a new database, with nobody writing",
        )
    return ours


def _checksum(conn: Connection, table: Table) -> Copied:
    """Count a table's rows, and add up a hash of each: the order does not matter."""
    columns = [type_coerce(c, BigInteger) if isinstance(c.type, Instant) else c for c in table.columns]
    rows, total = 0, 0
    for row in conn.execute(select(*columns), execution_options={"yield_per": _BLOCK}):
        digest = hashlib.blake2b(repr(tuple(row)).encode(errors="surrogatepass"), digest_size=8).digest()
        total += int.from_bytes(digest, "big")
        rows += 1
    return Copied(table.name, rows, f"{total % 2**64:016x}")


def _finish(source: Database, target: Database) -> None:
    """Let ids go on after the highest one, and the copy be used."""
    with target.raw_write() as conn:
        if not target.is_sqlite:
            for table in tables():
                _set_sequence(conn, table)
        _source.drop(conn)
        number = source.schema_state()
        conn.execute(update(schema_compat).values(number=number and number[1]))
    target.close()  # what is known of its schema is no more


def _set_sequence(conn: Connection, table: Table) -> None:
    key = _key(table)[0]
    name = conn.execute(
        text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": key.name}
    ).scalar()
    if name is not None:
        highest = conn.execute(select(func.max(key))).scalar()
        conn.execute(
            text("SELECT setval(CAST(:name AS regclass), :value, :used)"),
            {"name": name, "value": highest or 1, "used": highest is not None},
        )
