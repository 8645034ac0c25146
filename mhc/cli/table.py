"""Tables that fit the screen, and one record as aligned lines: what a person reads on a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from math import isfinite

import click

from mhc.cli.render import Field, as_mapping, cell_text
from mhc.cli.terminal import Screen
from mhc.domain.text import Safe, encode

UNKNOWN = Safe("-")
GAP = 2
_RIGHT = frozenset({"int", "id", "duration"})
# How narrow columns may get, pass by pass, until the table fits: prose first, names and figures last.
# The number is for titles that are wider than what stands below them.
_FLOORS: tuple[tuple[int, dict[str, int]], ...] = (
    (99, {"text": 12, "list": 12, "lines": 12, "json": 12}),
    (6, {"text": 6, "list": 6, "lines": 6, "json": 6, "time": 11}),
    (4, {"text": 4, "list": 4, "lines": 4, "json": 4, "time": 5}),
    (3, {"text": 4, "list": 4, "lines": 4, "json": 4, "time": 5, "username": 8}),
    (
        3,
        dict.fromkeys(
            ("text", "list", "lines", "json", "time", "username", "int", "id", "bool", "duration"), 3
        ),
    ),
)
# What a column of a live table gets, since its rows are not known yet; the rest goes to the prose.
_LIVE_WIDTHS = {"time": 16, "username": 20, "int": 8, "id": 8, "bool": 5, "duration": 8}


def width(text: str) -> int:
    """Count the columns that encoded text takes: 2 for wide characters and emoji, 0 for marks."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth  # what tabulate measures with

    return wcswidth(text)


def fit(text: Safe, columns: int, ellipsis: str = "…") -> Safe:
    """Cut text to a number of columns, between whole characters, with an ellipsis where something is missing."""
    if width(text) <= columns:
        return text
    from wcwidth import iter_graphemes

    kept, room = [], columns - len(ellipsis)
    for grapheme in iter_graphemes(text):
        room -= width(grapheme)
        if room < 0:
            break
        kept.append(grapheme)
    return Safe("".join(kept) + ellipsis[: max(0, columns)])


@dataclass(frozen=True, slots=True)
class Layout:
    """How values become cells and lines: the screen and the display time zone."""

    screen: Screen
    tz: tzinfo

    def show(self, field: Field, value: object) -> Safe:
        """Write a value for a reader: grouped figures, local times, yes and no, `-` for unknown."""
        return self.screen.printable(encode(self._words(field.kind, value)))

    def table(
        self, fields: Sequence[Field], rows: Sequence[Sequence[Safe]], *, headers: bool
    ) -> Iterator[str]:
        """Write rows of cells as lines, each within the screen."""
        widths = self._widths(fields, rows, headers=headers)
        lines = [[self._cut(text, size) for text, size in zip(row, widths, strict=True)] for row in rows]
        titles = [self._cut(Safe(field.heading), size) for field, size in zip(fields, widths, strict=True)]
        if headers:
            lines.insert(0, titles)
        for number, line in enumerate(_tabulated(fields, lines)):
            yield self._bold(line) if headers and number == 0 else line

    def live_table(
        self, fields: Sequence[Field], rows: Iterator[Sequence[Safe]], *, headers: bool
    ) -> Iterator[str]:
        """Write each row as it comes, in columns whose widths follow from their kinds."""
        fixed = sum(_LIVE_WIDTHS.get(field.kind, 0) for field in fields) + GAP * (len(fields) - 1)
        prose = max(1, sum(field.kind not in _LIVE_WIDTHS for field in fields))
        share = max(12, (self.screen.columns - fixed) // prose)
        widths = [_LIVE_WIDTHS.get(field.kind, share) for field in fields]
        if headers:
            yield self._bold(self._line(fields, [Safe(field.heading) for field in fields], widths))
        for row in rows:
            yield self._line(fields, row, widths)

    def record(self, pairs: Sequence[tuple[Field, object]], *, headers: bool) -> Iterator[str]:
        """Write `key  value` lines, aligned; long values go on below themselves, whole."""
        keys = [encode(field.name) for field, _ in pairs] if headers else [Safe("")] * len(pairs)
        edge = max(map(width, keys), default=0) + GAP if headers else 0
        for key, (field, value) in zip(keys, pairs, strict=True):
            first, *rest = self._lines(field, value, self.screen.columns - edge)
            head = self._bold(key) + " " * (edge - width(key))
            yield (head + first).rstrip()
            yield from (" " * edge + line for line in rest)

    def _lines(self, field: Field, value: object, columns: int) -> list[str]:
        """Write a value of a record, wrapped; of a list of lines each item begins a new one."""
        apart = field.kind == "lines" and isinstance(value, (list, tuple)) and len(value) > 0
        items = value if apart and isinstance(value, (list, tuple)) else [value]
        return [line for item in items for line in self._wrapped(self.show(field, item), columns)]

    def _words(self, kind: str, value: object) -> str:
        if isinstance(value, Enum):
            value = value.value
        value = as_mapping(value)
        if value is None or value in ([], (), {}):
            return UNKNOWN
        if isinstance(value, datetime):
            return local(value, self.tz)
        if isinstance(value, Mapping) and kind == "lines":
            return "  ".join(self._words("text", item) for item in value.values() if item is not None)
        if isinstance(value, Mapping):
            return ", ".join(f"{key}={self._words('json', item)}" for key, item in value.items())
        if isinstance(value, (list, tuple)):
            between = "; " if any(isinstance(item, Mapping) for item in map(as_mapping, value)) else ", "
            return between.join(self._words("list", item) for item in value)
        return _scalar(kind, value)

    def _widths(self, fields: Sequence[Field], rows: Sequence[Sequence[Safe]], *, headers: bool) -> list[int]:
        """Give each column its natural width, then narrow the widest of the least precious ones until they fit."""
        limit = self.screen.columns
        heads = [width(field.heading) if headers else 1 for field in fields]
        data = [max((width(row[at]) for row in rows), default=1) for at in range(len(fields))]
        widths = [min(limit, max(pair)) for pair in zip(heads, data, strict=True)]
        room = limit - GAP * (len(fields) - 1)
        for title, floors in _FLOORS:
            sizes = [max(size, min(title, head)) for size, head in zip(data, heads, strict=True)]
            least = [
                min(size, floors.get(field.kind, size)) for field, size in zip(fields, sizes, strict=True)
            ]
            _narrow(widths, least, room)
        return widths

    def _cut(self, text: Safe, columns: int) -> Safe:
        return fit(text, columns, self.screen.ellipsis)

    def _line(self, fields: Sequence[Field], row: Sequence[Safe], widths: Sequence[int]) -> str:
        cells = []
        for field, text, size in zip(fields, row, widths, strict=True):
            shown = self._cut(text, size)
            blank = " " * (size - width(shown))
            cells.append(blank + shown if field.kind in _RIGHT else shown + blank)
        return (" " * GAP).join(cells).rstrip()

    def _bold(self, text: str) -> str:
        return click.style(text, bold=True) if self.screen.color and text else text

    def _wrapped(self, text: Safe, columns: int) -> list[str]:
        if width(text) <= columns:
            return [text]
        from wcwidth import wrap

        return wrap(text, max(20, columns)) or [text]


def local(at: datetime, tz: tzinfo) -> str:
    """Write an aware time in the display zone, to the minute."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be printed")
    return at.astimezone(tz).strftime("%Y-%m-%d %H:%M")


def duration(value: float | timedelta) -> str:
    """Write a duration in its two largest units: `45s`, `3m 20s`, `1h 05m`, `2d 03h`."""
    seconds = round(value.total_seconds() if isinstance(value, timedelta) else value)
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    for whole, unit, rest, part in (
        (days, "d", hour, "h"),
        (hours, "h", minute, "m"),
        (minutes, "m", second, "s"),
    ):
        if whole:
            return f"{sign}{whole}{unit} {rest:02d}{part}"
    return f"{sign}{second}s"


def _scalar(kind: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind == "duration" and isinstance(value, (int, float, timedelta)):
        return duration(value)
    if isinstance(value, (int, float, Decimal)):
        return _figure(value, grouped=kind in {"int", "json"}) if isfinite(value) else UNKNOWN
    return cell_text(value)


def _figure(value: float | Decimal, *, grouped: bool) -> str:
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}" if grouped else str(int(value))
    return f"{value:,.2f}"


def _narrow(widths: list[int], floors: Sequence[int], room: int) -> None:
    """Take columns from the widest that is above its floor, until all fit or all are at their floors."""
    for _ in range(sum(widths) - room):
        above = [at for at, size in enumerate(widths) if size > floors[at]]
        if not above:
            return
        widths[max(above, key=lambda at: widths[at])] -= 1


def _tabulated(fields: Sequence[Field], lines: Sequence[Sequence[Safe]]) -> Iterator[str]:
    if not lines:
        return
    from tabulate import tabulate  # 30 ms that only a table pays

    sides = ["right" if field.kind in _RIGHT else "left" for field in fields]
    text = tabulate(lines, tablefmt="plain", disable_numparse=True, colalign=sides)
    yield from (line.rstrip() for line in text.split("\n"))
