"""How help is laid out: within the terminal, from 40 columns on, where Click wants 50."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import click

HELP_OPTIONS: Final = {"help_option_names": ["-h", "--help"]}
LONGEST = 200  # characters of a command's first sentence
NARROWEST = 40
_MARGIN = 2
_WIDEST = 78
_ROOMY = 60  # columns in which a list of options needs no narrower first column


class HelpFormatter(click.HelpFormatter):
    """Click's, whose lists of options fit a narrow screen, too."""

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and what they mean, side by side; a long name is broken and stands above."""
        if self.width < _ROOMY:
            room = self.width - self.current_indent
            rows = [("\n".join(_broken(name, room, self.current_indent)), text) for name, text in rows]
            col_max = self.width // 3
        super().write_dl(rows, col_max, col_spacing)


class HelpContext(click.Context):
    """A call whose help is as wide as the terminal."""

    def make_formatter(self) -> click.HelpFormatter:
        """Give what writes the help of this call."""
        import shutil  # only help pays for it

        columns = max(NARROWEST, shutil.get_terminal_size().columns)
        return HelpFormatter(width=min(columns - _MARGIN, _WIDEST))


class Group(click.Group):
    """A group of commands whose help gives the whole first sentence of each, where Click cuts it to a line.

    Its examples are examples of its commands.
    """

    context_class = HelpContext

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        settings = HELP_OPTIONS | (kwargs.pop("context_settings", None) or {})
        super().__init__(*args, context_settings=settings, **kwargs)
        self.examples = tuple(examples)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in the order of their names."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(LONGEST)) for name, command in found if command]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples and the epilog."""
        write_examples(formatter, self.examples)
        super().format_epilog(ctx, formatter)


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """Write examples as lines that can be copied, whatever their length."""
    if examples:
        with formatter.section("Examples"):
            for line in examples:
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


def _broken(name: str, columns: int, indent: int) -> Iterator[str]:
    """Break a name such as `--output [auto|table|…]` after its bars and commas where it is too wide."""
    line = ""
    for part in _parts(name):
        if line.strip() and len(line + part) > columns:
            yield line.rstrip()
            line = " " * (indent + 4)
        line += part
    yield line


def _parts(name: str) -> Iterable[str]:
    return re.findall(r"[^| ]*[| ]?", name)
