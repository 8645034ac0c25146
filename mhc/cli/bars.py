"""Numbers as bars, named ones one a line, or behind figures in a table: readable without colour, and in ASCII. Below zero the bar is hollow."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from mhc.cli.table import fit, width
from mhc.cli.terminal import Screen
from mhc.domain.text import Safe, encode, trusted

_BLOCKS = trusted("█░·")
_PLAIN = trusted("#-.")  # for a screen that has no blocks
_LONGEST_NAME = 24
_BEHIND = 10  # of a bar behind a figure


def bars(values: Sequence[tuple[str, float]], what: str, screen: Screen) -> Iterator[Safe]:
    """Give a line for each number: its name, the number, and a bar as long as it is large; below them what they are of."""
    names = [fit(screen.printable(encode(name)), _LONGEST_NAME, screen.ellipsis) for name, _ in values]
    figures = [f"{value:,.0f}" for _, value in values]
    edge, digits = max(map(width, names), default=0), max(map(len, figures), default=0)
    room = max(1, screen.columns - edge - digits - 4)
    most = max((abs(value) for _, value in values), default=0)
    for name, figure, (_, value) in zip(names, figures, values, strict=True):
        line = f"{name}{' ' * (edge - width(name))}  {figure:>{digits}}  {bar(value, most, room, screen)}"
        yield Safe(line.rstrip() + "\n")
    if any(value < 0 for _, value in values):
        what += f"; {_signs(screen)[1]} is below zero"
    yield Safe("\n")
    yield from (Safe(part + "\n") for part in wrap(what, screen.columns))


def bar(value: float, most: float, room: int, screen: Screen) -> Safe:
    """Give a bar that is as much of the room as the value is of the most."""
    sign = _signs(screen)[value < 0]
    return Safe(sign * round(abs(value) / (most or 1) * room))


def behind(texts: Sequence[Safe], values: Sequence[object], screen: Screen) -> list[Safe]:
    """Give the cells of a column with a bar behind each, all of one width."""
    numbers = [value if isinstance(value, int | float) else 0 for value in values]
    most = max(map(abs, numbers), default=0)
    rest = _signs(screen)[2]
    drawn = [bar(number, most, _BEHIND, screen) for number in numbers]
    return [
        Safe(f"{text} {one}{rest * (_BEHIND - len(one))}") for text, one in zip(texts, drawn, strict=True)
    ]


def _signs(screen: Screen) -> Safe:
    """Give the signs of a bar, of one below zero, and of the room behind one."""
    return _BLOCKS if screen.draws else _PLAIN
