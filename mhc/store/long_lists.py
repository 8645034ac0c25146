"""Long lists of numbers in one question: as one parameter, since the databases weigh every one of many by itself."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Connection, Integer, any_, bindparam, func, select


def one_of(conn: Connection, column: ColumnElement[Any], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Whether a column has one of these: PostgreSQL takes an array, SQLite a list in JSON."""
    if conn.dialect.name == "postgresql":
        return column == any_(bindparam(None, list(numbers), ARRAY(Integer)))
    return column.in_(
        select(func.json_each(msgspec.json.encode(list(numbers)).decode()).table_valued("value"))
    )
