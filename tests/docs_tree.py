"""The command tree as the documentation sees it: every leaf, its own options, the shared ones, its fields."""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import click

from mhc.cli import options
from mhc.cli.options import Command
from mhc.cli.output import Field
from mhc.cli.root import cli

# What is explained once, at the top of commands.md: a name, and the decorator that adds it.
_SHARED = (
    ("List", options.output_options(fields=())),
    ("Output", options.record_options(fields=())),
    ("Range", options.time_options),
    ("Writing", options.write_options),
    ("Shared", options.common_options),
)


@dataclass(frozen=True)
class Option:
    """An option as help shows it: how it is written, and what it does."""

    written: str
    help: str


@dataclass(frozen=True)
class Leaf:
    """A command that does something: `path` is what follows `mhc`."""

    path: str
    command: click.Command

    @cached_property
    def context(self) -> click.Context:
        """A context that gives the whole path as the command's name."""
        return click.Context(self.command, info_name=f"mhc {self.path}")

    @property
    def usage(self) -> str:
        """The usage line."""
        return " ".join([f"mhc {self.path}", *self.command.collect_usage_pieces(self.context)])

    @property
    def examples(self) -> tuple[str, ...]:
        """The examples of its help."""
        return self.command.examples if isinstance(self.command, Command) else ()

    @property
    def help(self) -> str:
        """Its help, paragraphs kept."""
        return inspect.cleandoc(self.command.help or "")

    @property
    def arguments(self) -> list[Option]:
        """Its arguments."""
        found = [one for one in self.command.params if isinstance(one, click.Argument)]
        return [Option(one.make_metavar(self.context), one.help or "") for one in found]

    @property
    def own_options(self) -> list[Option]:
        """The options that only this command has, or explains in its own way."""
        shared = {option for name, listed in shared_options() if name in self.sets for option in listed}
        return [option for option in _options(self.command, self.context) if option not in shared]

    @cached_property
    def sets(self) -> list[str]:
        """The names of the shared sets of options that it takes."""
        mine = set(_options(self.command, self.context))
        return [name for name, listed in shared_options() if set(listed) <= mine]

    @cached_property
    def fields(self) -> Sequence[Field] | None:
        """The fields that it prints; None where it prints no rows."""
        for one in self.command.params:
            if one.name == "field_names" and one.callback is not None:
                fields: Sequence[Field] = inspect.getclosurevars(one.callback).nonlocals["fields"]
                return fields
        return None

    @property
    def is_list(self) -> bool:
        """Whether it prints a list, and not one record."""
        return any(one.name == "limit" for one in self.command.params)


def leaves() -> list[Leaf]:
    """Give every leaf, in the order of help."""
    return list(_leaves())


@cache
def _leaves() -> tuple[Leaf, ...]:
    walked = _walk(cli, ())
    return tuple(Leaf(path, command) for path, command in walked if not isinstance(command, click.Group))


def flags(leaf: Leaf) -> set[str]:
    """Give the options of a command that take no value."""
    return {
        word
        for one in leaf.command.params
        if isinstance(one, click.Option) and one.is_flag
        for word in one.opts
    }


def groups() -> dict[str, click.Group]:
    """Give every group but the root."""
    return {path: command for path, command in _walk(cli, ()) if isinstance(command, click.Group)}


def _walk(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None, name
        yield " ".join([*path, name]), command
        if isinstance(command, click.Group):
            yield from _walk(command, (*path, name))


@cache
def shared_options() -> list[tuple[str, list[Option]]]:
    """Give the sets of options that mean the same everywhere; `List` is what a list has beside `Output`."""
    found = {name: _listed(decorate) for name, decorate in _SHARED}
    found["List"] = [option for option in found["List"] if option not in found["Output"]]
    return list(found.items())


def root_options() -> list[Option]:
    """Give the options of mhc itself."""
    return _options(cli, click.Context(cli))


def _listed(decorate: options.Decorator) -> list[Option]:
    def nothing(**_: object) -> None: ...

    command = click.command(cls=Command)(decorate(nothing))
    return _options(command, click.Context(command))


def _options(command: click.Command, ctx: click.Context) -> list[Option]:
    found = []
    for one in command.params:
        record = one.get_help_record(ctx) if isinstance(one, click.Option) else None
        if record is not None:
            variable = f" Variable: {one.envvar}." if isinstance(one.envvar, str) else ""
            found.append(Option(record[0], " ".join(record[1].split()) + variable))
    return found
