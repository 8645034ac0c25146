"""A row of numbers as a small picture on one line."""

from collections.abc import Sequence

from mhc.cli.terminal import Screen
from mhc.domain.text import Safe, trusted

WIDEST = 60
_BLOCKS = trusted("▁▂▃▄▅▆▇█")
_PLAIN = trusted("_.-~=+*#")  # for a screen that has no blocks


def sparkline(values: Sequence[float], screen: Screen) -> Safe:
    """Draw numbers from the least to the largest; of more than fit, the last of each stretch of equal length."""
    signs = _BLOCKS if screen.draws else _PLAIN
    shown = _thinned(values, min(WIDEST, screen.columns))
    if not shown:
        return Safe("")
    least, most = min(shown), max(shown)
    span = (most - least) or 1
    top = len(signs) - 1
    flat = least == most
    places = (top // 2 if flat else round((value - least) / span * top) for value in shown)
    return Safe("".join(signs[place] for place in places))


def _thinned(values: Sequence[float], most: int) -> list[float]:
    count = len(values)
    if count <= most:
        return list(values)
    return [values[(place + 1) * count // most - 1] for place in range(most)]
