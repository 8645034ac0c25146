"""Long lists of numbers, or of stretches of time, in one question: as one parameter, since the databases weigh every one of many by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, Integer, any_, bindparam, func, select


def one_of(conn: Connection, column: ColumnElement[Any], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Whether a column has one of these: PostgreSQL takes an array, SQLite a list in JSON."""
    if conn.dialect.name == "postgresql":
        return column == any_(bindparam(None, list(numbers), ARRAY(Integer)))
    return column.in_(
        select(func.json_each(msgspec.json.encode(list(numbers)).decode()).table_valued("value"))
    )


def stretches_of(conn: Connection, stretches: Sequence[tuple[int, int]]) -> Any:
    """Give half-open stretches of epoch milliseconds as a table: place (from 0 on), since, until."""
    rows = [(place, *one) for place, one in enumerate(stretches)]
    return table_of(conn, {"place": Integer, "since": BigInteger, "until": BigInteger}, rows)


def table_of(conn: Connection, columns: Mapping[str, Any], rows: Sequence[Sequence[int]]) -> Any:
    """Give rows of numbers as a table; there must be one."""
    if conn.dialect.name == "postgresql":
        lists = zip(zip(*rows, strict=True), columns.values(), strict=True)
        arrays = [bindparam(None, list(values), ARRAY(kind)) for values, kind in lists]
        return func.unnest(*arrays).table_valued(*columns, name="span").render_derived()
    listed = func.json_each(msgspec.json.encode(rows).decode()).table_valued("value", name="span")
    parts = [
        func.json_extract(listed.c.value, f"$[{place}]").label(name) for place, name in enumerate(columns)
    ]
    return select(*parts).subquery("given")
