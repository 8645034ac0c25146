"""Many stretches of time, or many rows, in one question and one answer: what is counted along an index."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    String,
    case,
    cast,
    column,
    func,
    select,
    values,
)

_BETWEEN, _IN = ";", ","
_IDS, _NUMBERS = msgspec.json.Decoder(frozenset[int]), msgspec.json.Decoder(list[int])


class Spell(NamedTuple):
    """A half-open time in epoch milliseconds; `since` is the end of the one before it."""

    begin: int
    end: int
    since: int


def spells_of(spells: Sequence[Spell]) -> CTE:
    """Give a table of spells for a query: place (from 0 on), begins, ends, since."""
    names = (column(name, BigInteger) for name in ("place", "begins", "ends", "since"))
    # Written out: a statement takes only so many parameters, and these are numbers.
    rows = [(place, *one) for place, one in enumerate(spells)]
    return values(*names, literal_binds=True).data(rows).cte("spell")


def each(
    conn: Connection,
    span: CTE,
    numbers: Sequence[ColumnElement[Any]],
    ids: Sequence[ColumnElement[Any]],
    within: Sequence[ColumnElement[bool]],
) -> Iterator[tuple[list[int], list[frozenset[int]]]]:
    """Give for each spell, in order, some sums of the rows within it, and some sets of ids that stand in them.

    A question in a question, which gives one text: so both databases look into the index once a spell, and neither
    sorts the rows, or compares each of them with every spell.
    """
    joined = _joined(conn)
    texts: list[ColumnElement[str]] = [cast(func.coalesce(one, 0), String) for one in numbers]
    texts += [func.coalesce(joined(cast(one, String), _IN), "") for one in ids]
    whole = texts[0]
    for one in texts[1:]:
        whole = whole + _BETWEEN + one
    said = select(whole).where(*within).correlate(span).scalar_subquery()
    for text in conn.execute(select(said).select_from(span).order_by(span.c.place)).scalars():
        parts = text.split(_BETWEEN)
        yield [*map(int, parts[: len(numbers)])], [_ids(one) for one in parts[len(numbers) :]]


def flat(
    conn: Connection, columns: Sequence[ColumnElement[Any]], within: Sequence[ColumnElement[bool]]
) -> list[int]:
    """Give the whole numbers of many rows, row after row in no order: as one text, a tenth of the time of as many rows."""
    joined = _joined(conn)
    line: ColumnElement[str] = cast(columns[0], String)
    for one in columns[1:]:
        line = line + _IN + cast(one, String)
    text = conn.execute(select(func.coalesce(joined(line, _IN), "")).where(*within)).scalar_one()
    return _NUMBERS.decode(f"[{text}]")


def _joined(conn: Connection) -> Any:
    return func.string_agg if conn.dialect.name == "postgresql" else func.group_concat


def where(condition: ColumnElement[bool], value: Any) -> ColumnElement[Any]:
    """Give a value of the rows of which something holds, and of no others."""
    return case((condition, value))


def _ids(text: str) -> frozenset[int]:
    return _IDS.decode(f"[{text}]")  # half a million of them in a year: five times as quick as int() is
