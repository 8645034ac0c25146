"""The site's token statistics as a CSV file (contract other 7.2): its lines, and when they were.

Times are written without a zone: `read` gives the lines as they stand, `dated` puts them into a zone. Both refuse the
whole file where one line does not fit, by a sentence that names the line.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import Final, NamedTuple

from mhc.domain.counted import counted
from mhc.domain.ledger import Entry
from mhc.domain.names import username_from_upstream
from mhc.domain.text import clean
from mhc.patterns import Pattern

COLUMNS: Final = ("Timestamp", "Token change", "Token balance", "Transaction type", "User", "Note")
_STAMP = Pattern(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,6})?")
_NUMBER = Pattern(r"-?[0-9]{1,18}")
_YEARS: Final = range(2000, 2101)
_LONGEST_TYPE: Final = 60
_SHOWN: Final = 40


class LineError(ValueError):
    """A file that is no token statistics, or a line that does not fit; `hint` is the way out."""

    def __init__(self, number: int, why: str, hint: str) -> None:
        super().__init__(f"line {number:,}: {why}")
        self.hint = hint


class Line(NamedTuple):
    """A row of the file; `wall` is its time without a zone, `number` the line on which it begins."""

    number: int
    wall: datetime
    change: int
    balance: int
    kind: str
    username: str
    note: str


def read(text: str) -> list[Line]:
    """Give the rows of a file, as they stand. Raises LineError."""
    rows = _rows(text)
    number, header = next(rows, (1, []))
    places = _places(number, header)
    return [_line(at, row, places, len(header)) for at, row in rows]


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Give each row that is not empty, with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = "download it again: it may be cut off, or was changed by another program"
            raise LineError(number, f"no CSV: {error}", hint) from None
        if row:
            yield number, row


def _places(number: int, header: Sequence[str]) -> list[int]:
    names = [" ".join(name.split()).casefold() for name in header]
    for column in COLUMNS:
        if names.count(column.casefold()) != 1:
            why = "no column" if column.casefold() not in names else "more than one column"
            hint = (
                "the file is the CSV of the site's page of token statistics, with its header: "
                + ", ".join(COLUMNS)
            )
            raise LineError(number, f"{why} {column!r}", hint)
    return [names.index(column.casefold()) for column in COLUMNS]


def _line(number: int, row: Sequence[str], places: Sequence[int], width: int) -> Line:
    if len(row) != width:
        hint = "download it again: commas and line breaks in a note stand in quotes"
        raise LineError(number, f"{counted(len(row), 'cell')}, and the header has {width}", hint)
    stamp, change, balance, kind, user, note = (row[place] for place in places)
    kind = clean(kind).strip()
    if len(kind) > _LONGEST_TYPE or not kind.isprintable():
        raise LineError(number, f"{_quoted(kind)} is no transaction type", "take the line out, or mend it")
    return Line(
        number,
        _wall(number, stamp.strip()),
        _number(number, "token change", change.strip()),
        _number(number, "token balance", balance.strip()),
        kind,
        username_from_upstream(user) or "",
        clean(note),
    )


def _wall(number: int, text: str) -> datetime:
    try:
        wall = datetime.fromisoformat(text) if _STAMP.fullmatch(text) else None
    except ValueError:
        wall = None
    if wall is None or wall.year not in _YEARS:
        hint = "it is written as 2026-01-31 18:05:00.123456: a spreadsheet may have changed it"
        raise LineError(number, f"{_quoted(text)} is no time", hint)
    return wall


def _number(number: int, what: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        hint = "a whole number, without separators: a spreadsheet may have changed it"
        raise LineError(number, f"{_quoted(text)} is no {what}", hint)
    return int(text)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def dated(lines: Sequence[Line], tz: tzinfo, fold: int | None = None) -> list[Entry]:
    """Give the entries with their instants, to the millisecond, in the order of the file. Raises LineError.

    Of an hour that came twice, when clocks were put back, the order of the rows tells which is meant where they step
    back in time; else `fold` does (0: the first), and without it the file is refused.
    """
    folds = _folds(lines, tz, fold)
    return [_entry(one, tz, folds.get(one.number, 0)) for one in lines]


def _entry(one: Line, tz: tzinfo, fold: int) -> Entry:
    in_ms = one.wall.replace(microsecond=one.wall.microsecond // 1000 * 1000)
    at = in_ms.replace(tzinfo=tz, fold=fold).astimezone(UTC)
    stamp = one.wall.isoformat(sep=" ", timespec="microseconds")
    return Entry(stamp, at, one.change, one.balance, one.kind, one.username, one.note)


def _folds(lines: Sequence[Line], tz: tzinfo, fold: int | None) -> dict[int, int]:
    """Give for each row of an hour that came twice, by its line, whether it is of the second one."""
    found: dict[int, int] = {}
    twice: list[Line] = []
    for one in [*_oldest_first(lines), None]:
        change = 0.0 if one is None else _change(one.wall, tz)
        if one is not None and change > 0:
            hint = "--zone names the zone of the file"
            raise LineError(
                one.number, f"{_stamp(one)} did not happen in {tz}: clocks were put forward", hint
            )
        if one is not None and change < 0:
            twice.append(one)
        else:
            found |= _told_apart(twice, tz, fold)
            twice = []
    return found


def _told_apart(twice: Sequence[Line], tz: tzinfo, fold: int | None) -> dict[int, int]:
    """Tell the two hours apart of rows in the order of time."""
    back = [place for place in range(1, len(twice)) if twice[place].wall < twice[place - 1].wall]
    if len(back) == 1:
        return {one.number: int(place >= back[0]) for place, one in enumerate(twice)}
    if twice and fold is None:
        hint = (
            "--twice first or --twice second says which is meant; mhc takes it for all such lines of the file"
        )
        raise LineError(
            twice[0].number, f"{_stamp(twice[0])} happened twice in {tz}: clocks were put back", hint
        )
    return {one.number: fold or 0 for one in twice}


def _stamp(one: Line) -> str:
    return f"{one.wall:%Y-%m-%d %H:%M:%S}"


def _change(wall: datetime, tz: tzinfo) -> float:
    """Give by how many seconds clocks were put forward at a time: less than 0 where it came twice."""
    first, second = (wall.replace(tzinfo=tz, fold=fold).utcoffset() for fold in (0, 1))
    assert first is not None
    assert second is not None
    return (second - first).total_seconds()


def _oldest_first(lines: Sequence[Line]) -> Sequence[Line]:
    """Give the rows in the order of time: the balances tell which way the file goes, else its ends."""
    pairs = list(pairwise(lines))
    down = sum(one.balance + after.change == after.balance for one, after in pairs)
    up = sum(after.balance + one.change == one.balance for one, after in pairs)
    is_up = up > down or (up == down and bool(lines) and lines[0].wall > lines[-1].wall)
    return lines[::-1] if is_up else lines
