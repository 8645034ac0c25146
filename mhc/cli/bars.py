"""Named numbers as bars, one a line: readable without colour, and in ASCII. Below zero the bar is hollow."""

from collections.abc import Iterator, Sequence

from mhc.cli.table import fit, width
from mhc.cli.terminal import Screen
from mhc.domain.text import Safe, encode, trusted

_FULL, _HOLLOW = trusted("█"), trusted("░")
_PLAIN = trusted("#-")
_LONGEST_NAME = 24


def bars(values: Sequence[tuple[str, float]], screen: Screen) -> Iterator[Safe]:
    """Give a line for each number: its name, the number, and a bar as long as it is large."""
    names = [fit(screen.printable(encode(name)), _LONGEST_NAME, screen.ellipsis) for name, _ in values]
    figures = [f"{value:,.0f}" for _, value in values]
    edge, digits = max(map(width, names), default=0), max(map(len, figures), default=0)
    room = max(1, screen.columns - edge - digits - 4)
    most = max((abs(value) for _, value in values), default=0) or 1
    blocks = screen.printable(_FULL) == _FULL
    full, hollow = (_FULL, _HOLLOW) if blocks else _PLAIN
    for name, figure, (_, value) in zip(names, figures, values, strict=True):
        bar = (full if value > 0 else hollow) * round(abs(value) / most * room)
        line = f"{name}{' ' * (edge - width(name))}  {figure:>{digits}}  {bar}"
        yield Safe(line.rstrip() + "\n")
