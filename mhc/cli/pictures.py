"""Drawings for a page, as SVG: numbers only, and text that was made inert."""

from collections.abc import Sequence

from mhc.cli.heat import Cell, leading
from mhc.cli.page import Picture, text
from mhc.cli.plot import figure
from mhc.config.timetable import DAYS
from mhc.domain.curves import Point, unbroken
from mhc.domain.text import encode
from mhc.domain.week import Hour, days_from

# Large enough to be read where a page is as narrow as a telephone.
_CELL, _GAP, _LEFT, _TOP = 28, 2, 44, 22
_BAR, _LABEL, _FIGURE, _PAIR, _WIDE = 18, 130, 60, 96, 420
_MAP_TEXT, _CELL_TEXT, _BAR_TEXT = 18, 14, 11
_EACH = 3  # hours with a label
_PALE = 0.4
# How wide letters are by the size of the text, in the widest of usual typefaces; others by the last.
_WIDTHS = (("iljftrI.,:;|'!()[] ", 0.42), ("mwMWQO@%&", 1.0), ("", 0.68))
_HIGH, _DOT, _DOTS = 180, 3, 120  # of a line; more dots than these hide it


def week(cells: Sequence[Cell], what: str, first_day: int = 0) -> Picture:
    """Draw the hours of a week from a day on (0: Monday), the fuller the brighter; an hour of which nothing is known is left out."""
    known = {one.place: one.per_hour for one in cells}
    scale = leading(cells)
    most = max((one.per_hour for one in scale), default=0) or 1
    shapes = [_word(_LEFT + hour * _CELL, 16, f"{hour:02}", _MAP_TEXT) for hour in range(0, 24, _EACH)]
    for row, day in enumerate(days_from(first_day)):
        name = DAYS[day]
        shapes.append(_word(0, _TOP + row * _CELL + _CELL // 2 + 6, name[:3], _MAP_TEXT))
        for place in (Hour(day, hour) for hour in range(24)):
            if place in known:
                said = f"{name} {place.hour:02}:00, {known[place]:,.2f} {what} an hour live"
                left, top = _LEFT + place.hour * _CELL, _TOP + row * _CELL
                strength = 0.15 + 0.85 * min(1, known[place] / most)
                shapes.append(
                    f'<rect x="{left}" y="{top}" width="{_CELL - _GAP}" height="{_CELL - _GAP}" rx="3"'
                    f' fill-opacity="{strength:.2f}"><title>{text(said)}</title></rect>'
                )
    best = max(scale, key=lambda one: one.per_hour, default=None)
    alt = f"{what} an hour live, by hour of the week" + (
        f"; the brightest, {best.per_hour:,.{0 if best.per_hour >= 10 else 2}f}, on {DAYS[best.place.day]} at {best.place.hour:02}:00"
        if best
        else ""
    )
    return Picture(_LEFT + 24 * _CELL, _TOP + 7 * _CELL, "".join(shapes), alt)


def bars(values: Sequence[tuple[str, float]], alt: str) -> Picture:
    """Draw named values as bars, one below the other; below zero the bar is pale."""
    most = max((abs(value) for _name, value in values), default=0) or 1
    shapes = []
    for place, (name, value) in enumerate(values):
        top = place * _BAR
        length = (_WIDE - _LABEL - _FIGURE) * abs(value) / most
        pale = f' fill-opacity="{_PALE}"' if value < 0 else ""
        shapes.append(_word(_LABEL - 8, top + 13, _short(name), _BAR_TEXT, "end"))
        shapes.append(
            f'<rect x="{_LABEL}" y="{top + 2}" width="{length:.1f}" height="{_BAR - 4}" rx="2"{pale}>'
            f"<title>{text(f'{name}: {value:,.0f}')}</title></rect>"
        )
        shapes.append(_word(_LABEL + int(length) + 6, top + 13, f"{value:,.0f}", _BAR_TEXT))
    return Picture(_WIDE, max(_BAR, _BAR * len(values)), "".join(shapes), alt)


def line(points: Sequence[Point], ends: tuple[str, str], what: str) -> Picture:
    """Draw a figure along time between two days, in words: a dot where it was read, no line where nothing was."""
    begin, length = points[0][0], points[-1][0] - points[0][0]
    low, high = min(value for _at, value in points), max(value for _at, value in points)

    def place(point: Point) -> tuple[float, float]:
        at, value = point
        x = (at - begin) / length if length else 0.5
        y = (high - value) / (high - low) if low < high else 0.5
        return _LABEL / 2 + x * (_WIDE - _LABEL / 2 - _DOT), _BAR + y * (_HIGH - 3 * _BAR)

    shapes = []
    for run in unbroken(points):
        along = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, run))
        shapes.append(f'<polyline points="{along}"/>')
        for point in run if len(points) <= _DOTS or len(run) == 1 else ():
            x, y = place(point)
            said = f"<title>{figure(point[1])}</title>"
            shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_DOT}">{said}</circle>')
    for value in sorted({low, high}):
        _x, y = place((begin, value))
        shapes.append(_word(_LABEL // 2 - 8, int(y) + 4, figure(value), _BAR_TEXT, "end"))
    shapes.append(_word(_LABEL // 2, _HIGH - 6, ends[0], _BAR_TEXT))
    shapes.append(_word(_WIDE, _HIGH - 6, ends[1], _BAR_TEXT, "end"))
    return Picture(_WIDE, _HIGH, "".join(shapes), what)


def parted(values: Sequence[tuple[str, int, int]], words: tuple[str, str], alt: str) -> Picture:
    """Draw named pairs of numbers as bars of two parts, the first the brighter, one below the other."""
    most = max((one + other for _name, one, other in values), default=0) or 1
    shapes = []
    for place, (name, one, other) in enumerate(values):
        top, left = place * _BAR, float(_LABEL)
        said = text(f"{name}: {one:,} {words[0]}, {other:,} {words[1]}")
        shapes.append(_word(_LABEL - 8, top + 13, _short(name), _BAR_TEXT, "end"))
        for value, strength in ((one, 1), (other, _PALE)):
            length = (_WIDE - _LABEL - _PAIR) * value / most
            shapes.append(
                f'<rect x="{left:.1f}" y="{top + 2}" width="{length:.1f}" height="{_BAR - 4}"'
                f' fill-opacity="{strength}"><title>{said}</title></rect>'
            )
            left += length
        shapes.append(_word(int(left) + 6, top + 13, f"{one:,} + {other:,}", _BAR_TEXT))
    return Picture(_WIDE, max(_BAR, _BAR * len(values)), "".join(shapes), alt)


def triangle(rows: Sequence[tuple[str, int | None, Sequence[float | None]]], alt: str) -> Picture:
    """Draw named rows of shares (0 to 1), each with the size that they are of; what is not known is left out."""
    columns = max((len(shares) for _name, _size, shares in rows), default=0)
    most = max((one or 0 for _name, _size, shares in rows for one in shares), default=0) or 1
    wide, high, left = 44, 26, 176
    shapes = [
        _word(left + at * wide + (wide - _GAP) // 2, 18, str(at + 1), _CELL_TEXT, "middle")
        for at in range(columns)
    ]
    for place, (name, size, shares) in enumerate(rows, start=1):
        shapes.append(_word(0, place * high + 17, _short(name), _CELL_TEXT))
        shapes.append(
            _word(left - 8, place * high + 17, "-" if size is None else f"{size:,}", _CELL_TEXT, "end")
        )
        for at, value in enumerate(shares):
            if value is not None:
                strength = 0.05 + 0.45 * value / most  # no brighter: the figure stands in it
                x, y = left + at * wide, place * high
                shapes.append(
                    f'<rect x="{x}" y="{y}" width="{wide - _GAP}" height="{high - _GAP}" rx="3"'
                    f' fill-opacity="{strength:.2f}"><title>{text(name)}, {at + 1}: {value:.1%}</title></rect>'
                    f'<text class="in" x="{x + (wide - _GAP) // 2}" y="{y + 17}" font-size="{_CELL_TEXT}"'
                    f' text-anchor="middle">{value:.0%}</text>'
                )
    width = max(_WIDE, left + columns * wide)  # words stand above it
    return Picture(width, (len(rows) + 1) * high, "".join(shapes), alt)


def _short(name: str) -> str:
    """Cut a name to what fits before a bar, in any typeface."""
    name = encode(name, limit=None)
    if _wide(name) <= _LABEL - 8:
        return name
    kept = len(name) - 1
    while kept and _wide(name[:kept] + "…") > _LABEL - 8:
        kept -= 1
    return f"{name[:kept]}…"


def _wide(name: str) -> float:
    return _BAR_TEXT * sum(
        next(size for letters, size in _WIDTHS if letter in letters or not letters) for letter in name
    )


def _word(x: int, y: int, said: str, size: int, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}">{text(said)}</text>'
