"""Tables that fit the screen, and one record as aligned lines: what a person reads on a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from itertools import zip_longest
from math import isfinite

import click

from mhc.cli.fitting import ALL, FIRST, GAP, Passes, days_near, holds_times, narrowed, short
from mhc.cli.render import Field, Row, as_mapping, cell_text, shown_of
from mhc.cli.terminal import Screen
from mhc.domain.text import Safe, encode

UNKNOWN = Safe("-")
HIDDEN = Safe("hidden")
_RIGHT = frozenset({"int", "id", "duration", "share", "change"})
_FIGURES = frozenset("0123456789,.")
_NARROWEST_VALUE = 16  # of a record, beside its key


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


def wrapped(text: Safe, columns: int) -> list[str]:
    """Give text as lines of at most so many columns; words, and dates and options in them, stay whole where they can."""
    if width(text) <= columns:
        return [text]
    from wcwidth import wrap

    return wrap(text, columns, break_on_hyphens=False) or [text]


@dataclass(frozen=True, slots=True)
class Layout:
    """How values become cells and lines: the screen and the display time zone."""

    screen: Screen
    tz: tzinfo

    def show(self, field: Field, value: object) -> Safe:
        """Write a value for a reader: grouped figures, local times, yes and no, `-` for unknown."""
        if field.hidden and field.is_secret:
            return HIDDEN
        return self.screen.printable(encode(self._words(field.kind, value)))

    def table(
        self, fields: Sequence[Field], rows: Sequence[Sequence[Safe]], *, headers: bool
    ) -> Iterator[str]:
        """Write rows of cells as lines, each within the screen; where columns cannot stand side by side, below."""
        widths, cells = self._fitted(fields, rows, headers=headers)
        if not self._fits(widths):
            yield from self._stacked(fields, rows, headers=headers)
            return
        lines = [[self._cut(text, size) for text, size in zip(row, widths, strict=True)] for row in cells]
        titles = [self._cut(Safe(field.heading), size) for field, size in zip(fields, widths, strict=True)]
        if headers:
            lines.insert(0, titles)
        columns = list(zip(*cells, strict=True)) or [()] * len(fields)
        right = [is_right(field, column) for field, column in zip(fields, columns, strict=True)]
        for number, line in enumerate(_tabulated(right, lines)):
            yield self._bold(line) if headers and number == 0 else line

    def with_bars(
        self, fields: Sequence[Field], rows: Sequence[Sequence[Safe]], values: Sequence[Sequence[object]]
    ) -> list[list[Safe]]:
        """Give cells with a bar behind each figure whose field has one, where that takes nothing from other columns."""
        from mhc.cli.bars import behind

        columns = zip(fields, zip(*rows, strict=True), zip(*values, strict=True), strict=False)
        drawn = [
            behind(texts, figures, self.screen) if field.bar else texts for field, texts, figures in columns
        ]
        wider = [list(row) for row in zip(*drawn, strict=True)]
        before, after = (self._fitted(fields, cells, headers=True)[0] for cells in (rows, wider))
        same = all(field.bar or one == other for field, one, other in zip(fields, before, after, strict=True))
        return wider if same and self._fits(after) else [list(row) for row in rows]

    def side_by_side(self, fields: Sequence[Field], rows: Sequence[Row]) -> list[str]:
        """Write each row as a column behind the names of the fields, prose wrapped; nothing where they do not fit."""
        edge = max(width(encode(field.name)) for field in fields)
        room = (self.screen.columns - edge) // max(1, len(rows)) - GAP
        cells = [
            [self._within(self.show(field, shown_of(row, field)), field, room) for row in rows]
            for field in fields
        ]
        widths = [max(width(text) for cell in column for text in cell) for column in zip(*cells, strict=True)]
        if any(size > room for size in widths):
            return []
        lines = []
        for field, texts in zip(fields, cells, strict=True):
            for number, parts in enumerate(zip_longest(*texts, fillvalue=Safe(""))):
                name = "" if number else encode(field.name)
                padded = [
                    " " * (GAP + size - width(text)) + text for size, text in zip(widths, parts, strict=True)
                ]
                lines.append(self._bold(name) + " " * (edge - width(name)) + "".join(padded))
        return lines

    def _within(self, text: Safe, field: Field, columns: int) -> Sequence[str]:
        return wrapped(text, columns) if field.kind in {"list", "text"} and columns > 0 else [text]

    def record(self, pairs: Sequence[tuple[Field, object]], *, headers: bool) -> Iterator[str]:
        """Write `key  value` lines, aligned; long values go on below themselves, whole."""
        keys = [field.name for field, _ in pairs]
        return self._block(keys, [self._items(field, value) for field, value in pairs], headers=headers)

    def _stacked(
        self, fields: Sequence[Field], rows: Sequence[Sequence[Safe]], *, headers: bool
    ) -> Iterator[str]:
        """Write each row as a record, for a screen too narrow for the columns: nothing is cut."""
        for number, row in enumerate(rows):
            if number:
                yield ""
            yield from self._block(
                [field.name for field in fields], [[cell] for cell in row], headers=headers
            )

    def _block(
        self, names: Sequence[str], values: Sequence[Sequence[Safe]], *, headers: bool
    ) -> Iterator[str]:
        """Write names and values side by side, or, where names leave no room, one below the other."""
        keys = [encode(name) if headers else Safe("") for name in names]
        edge = max(map(width, keys), default=0) + GAP if headers else 0
        below = self.screen.columns - edge < _NARROWEST_VALUE
        edge = GAP if below else edge
        for key, items in zip(keys, values, strict=True):
            lines = [line for item in items for line in wrapped(item, self.screen.columns - edge)]
            if below:
                yield self._bold(key)
                yield from (" " * edge + line for line in lines)
                continue
            yield (self._bold(key) + " " * (edge - width(key)) + lines[0]).rstrip()
            yield from (" " * edge + line for line in lines[1:])

    def _items(self, field: Field, value: object) -> list[Safe]:
        """Write a value of a record; of a list of lines each item begins a new one."""
        apart = field.kind == "lines" and isinstance(value, (list, tuple)) and len(value) > 0
        items = value if apart and isinstance(value, (list, tuple)) else [value]
        return [self.show(field, item) for item in items]

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

    def _fitted(
        self, fields: Sequence[Field], rows: Sequence[Sequence[Safe]], *, headers: bool
    ) -> tuple[list[int], Sequence[Sequence[Safe]]]:
        """Give the widths of columns side by side, and their cells: times are short where all the rest is not enough."""
        widths = self._widths(fields, rows, FIRST, headers=headers)
        if self._fits(widths) or not any(map(holds_times, fields)):
            return self._widths(fields, rows, ALL, headers=headers), rows
        from mhc.cli.context import utc_now

        near = days_near(utc_now(), self.tz)
        shorter = [
            [
                short(cell, near, exact=field.exact) if holds_times(field) else cell
                for field, cell in zip(fields, row, strict=True)
            ]
            for row in rows
        ]
        return self._widths(fields, shorter, ALL, headers=headers), shorter

    def _widths(
        self, fields: Sequence[Field], rows: Sequence[Sequence[Safe]], passes: Passes, *, headers: bool
    ) -> list[int]:
        heads = [width(field.heading) if headers else 1 for field in fields]
        data = [max((width(row[at]) for row in rows), default=1) for at in range(len(fields))]
        return narrowed(fields, heads, data, self.screen.columns, passes)

    def _fits(self, widths: Sequence[int]) -> bool:
        return sum(widths) + GAP * (len(widths) - 1) <= self.screen.columns

    def _cut(self, text: Safe, columns: int) -> Safe:
        return fit(text, columns, self.screen.ellipsis)

    def _bold(self, text: str) -> str:
        return click.style(text, bold=True) if self.screen.color and text else text


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


def share(value: float) -> str:
    """Write a share of 1 in percent, to a tenth; only all is 100% and only nothing is 0%."""
    if value in {0, 1}:
        return f"{value:.0%}"
    return f"{min(max(value, 0.001), 0.999):.1%}" if 0 < value < 1 else f"{value:.1%}"


def change(value: float) -> str:
    """Write a change as a part of what was, in whole percent: `+12%`; only no change at all is `0%`."""
    return f"{value:+,.0%}" if value else "0%"


def _scalar(kind: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind == "duration" and isinstance(value, (int, float, timedelta)):
        return duration(value)
    if kind == "share" and isinstance(value, (int, float)):
        return share(value)
    if kind == "change" and isinstance(value, (int, float)):
        return change(value)
    if isinstance(value, (int, float, Decimal)):
        return _figure(value, grouped=kind in {"int", "json", "value"}) if isfinite(value) else UNKNOWN
    return cell_text(value)


def _figure(value: float | Decimal, *, grouped: bool) -> str:
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}" if grouped else str(int(value))
    return f"{value:,.2f}"


def is_right(field: Field, cells: Sequence[str]) -> bool:
    """Whether a column stands at the right: of figures, and of whatever JSON knows where that is figures alone."""
    if field.kind != "value":
        return field.kind in _RIGHT
    known = [cell.removeprefix("-") for cell in cells if cell not in {UNKNOWN, HIDDEN}]
    return bool(known) and all(cell and _FIGURES.issuperset(cell) for cell in known)


def _tabulated(right: Sequence[bool], lines: Sequence[Sequence[Safe]]) -> Iterator[str]:
    if not lines:
        return
    from tabulate import tabulate  # 30 ms that only a table pays

    sides = ["right" if one else "left" for one in right]
    text = tabulate(lines, tablefmt="plain", disable_numparse=True, colalign=sides)
    yield from (line.rstrip() for line in text.split("\n"))
