"""What gives way, and in which order, until the columns of a table fit the screen."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from mhc.cli.render import Field
from mhc.domain.text import Safe

Passes = Sequence[tuple[int, Mapping[str, int]]]
GAP = 2  # between columns
# How narrow columns may get, pass by pass, until the table fits: prose first, then names. Before prose is too short to
# say anything, times are short. Figures and ids are never cut, `12,3…` is another number; nor are times. The number of
# a pass is for titles that are wider than what stands below them.
_FLOORS: Passes = (
    (99, {"text": 12, "list": 12, "lines": 12, "json": 12, "value": 12, "username": 24}),
    (8, {"text": 6, "list": 8, "lines": 6, "json": 6, "value": 12, "username": 16}),
    (8, {"text": 6, "list": 8, "lines": 6, "json": 6, "value": 12, "username": 12}),
)
FIRST, ALL = _FLOORS[:1], _FLOORS
_NAMES_THE_ROW = 16  # the least of the first column, where it is prose
_DAY, _YEAR = len("2026-03-01"), len("2026-")
_WHOLE = len("2026-03-01 20:00")
_NEAR = timedelta(days=182)  # of the days within it no two have the same month and day


def narrowed(
    fields: Sequence[Field], heads: Sequence[int], data: Sequence[int], columns: int, passes: Passes = ALL
) -> list[int]:
    """Give each column its natural width, then narrow the widest of the least precious ones until they fit, or cannot."""
    widths = [min(columns, max(pair)) for pair in zip(heads, data, strict=True)]
    room = columns - GAP * (len(fields) - 1)
    for title, floors in passes:
        sizes = [max(size, min(title, head)) for size, head in zip(data, heads, strict=True)]
        least = [min(size, floors.get(field.kind, size)) for field, size in zip(fields, sizes, strict=True)]
        if fields[0].kind not in {"time", "username"}:
            least[0] = max(least[0], min(sizes[0], _NAMES_THE_ROW))
        _narrow(widths, least, room)
    return widths


def holds_times(field: Field) -> bool:
    """Whether cells may be times: what names a row may be one, as words of ours."""
    return field.kind == "time" or (field.kind == "text" and field.foreign is False)


def days_near(now: datetime, tz: tzinfo) -> tuple[str, str]:
    """Give the first and the last day of which the month and the day are enough to tell the year."""
    first, last = (f"{now.astimezone(tz) + apart:%Y-%m-%d}" for apart in (-_NEAR, _NEAR))
    return first, last


def short(text: Safe, near: tuple[str, str], *, exact: bool) -> Safe:
    """Give a time without its year on a day that is near, else its day alone, or whole where minutes count."""
    if len(text) != _WHOLE or not (
        text[:4].isdecimal() and text[4] == "-"
    ):  # unknown, hidden, or a word for what is absent
        return text
    if near[0] <= text[:_DAY] <= near[1]:
        return Safe(text[_YEAR:])
    return text if exact else Safe(text[:_DAY])


def _narrow(widths: list[int], floors: Sequence[int], room: int) -> None:
    """Take columns from the widest that is above its floor, until all fit or all are at their floors."""
    for _ in range(sum(widths) - room):
        above = [at for at, size in enumerate(widths) if size > floors[at]]
        if not above:
            return
        widths[max(above, key=lambda at: widths[at])] -= 1
