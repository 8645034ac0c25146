"""`python -m prove.part NAME SIZE SEED`: one part of the proof in a process of its own; prints its rows as JSON.

SIZE is `full`, `quick`, or `control` for a build that is wrong and is to be caught soon.
"""

import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pytest

from prove import controls, full, kills, machine, pair, restarts, rows
from prove.result import Result

Size = Literal["full", "quick", "control"]


@dataclass(frozen=True)
class Part:
    """How much of it is done for each size, and what does it."""

    sizes: tuple[int, int, int]
    run: Callable[[int, int, Size], Sequence[Result]]

    def of_size(self, size: Size, seed: int) -> Sequence[Result]:
        """Do so much of it."""
        return self.run(self.sizes[("full", "quick", "control").index(size)], seed, size)


def _kills(kind: str) -> Callable[[int, int, Size], Sequence[Result]]:
    return lambda n, seed, size: [kills.run(kind, n, seed, until_wrong=size == "control")]


def _machine(which: int) -> Callable[[int, int, Size], Sequence[Result]]:
    return lambda n, seed, size: [machine.run(n, seed + which, shrink=size != "control")]


PARTS = {
    "rows": Part((1, 0, 0), lambda n, _seed, _size: [rows.run(n)]),
    "kills-sqlite": Part((200, 5, 60), _kills("SQLite")),
    "kills-postgresql": Part((200, 5, 60), _kills("PostgreSQL")),
    "machine-1": Part((5000, 50, 3000), _machine(1)),
    "machine-2": Part((5000, 50, 3000), _machine(2)),
    "restarts": Part((20, 2, 2), lambda n, _seed, _size: [restarts.run(n)]),
    "pair": Part((2, 1, 1), lambda n, _seed, _size: [pair.run(n)]),
    "full": Part((3, 1, 1), lambda n, _seed, _size: full.run(n)),
}
CONTROLS = {f"control-{one.path.stem}": one for one in controls.controls()}


def results(name: str, size: Size, seed: int) -> Sequence[Result]:
    """Do a part, or judge a control build."""
    if name in CONTROLS:
        return [controls.run(CONTROLS[name], seed)]
    try:
        return PARTS[name].of_size(size, seed)
    except pytest.skip.Exception as missing:  # the fault tests' word for what this machine cannot do
        return [Result(name, "", left_out=str(missing))]


def main(name: str, size: Size, seed: str) -> int:
    """Print a line for each row; give 1 where one is not sound."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whatever was started is ended on the way out
    # A shell that puts a job in its background has it ignore SIGINT, and what this starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    found = results(name, size, int(seed))
    for one in found:
        sys.stdout.write(f"{one.line()}\n")
    return 0 if all(one.sound for one in found) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))  # type: ignore[arg-type]
