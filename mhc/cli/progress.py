"""How far long work has come, on a terminal's stderr: nothing in a pipe, in cron, or with -q."""

import sys
from types import TracebackType
from typing import Self

import click

from mhc.cli.options import Shared

_STEP = 1000


class Progress:
    """A line that counts, and is wiped out at the end."""

    def __init__(self, ctx: click.Context, what: str, *, step: int = _STEP) -> None:
        self._shown = sys.stderr.isatty() and not ctx.ensure_object(Shared).quiet
        self._what = what
        self._step = self._next = step
        self._added = 0

    def __enter__(self) -> Self:
        return self

    def __call__(self, number: int) -> None:
        """Say that so many are done."""
        if self._shown and number >= self._next:
            self._next = number + self._step
            sys.stderr.write(f"\r{number:,} {self._what}")
            sys.stderr.flush()

    def add(self, _to: str, number: int) -> None:
        """Say that so many more are done, wherever they go to."""
        self._added += number
        self(self._added)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown and self._next > self._step:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
