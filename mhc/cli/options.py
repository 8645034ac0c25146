"""The options that mean the same everywhere, one decorator a concern, for leaf commands.

A list: `@output_options(fields=FIELDS)`; one record: `@record_options(fields=FIELDS)`; both pass `out`, a ready
`Writer`. `@common_options` stores -v, -q, --debug, --config, --db and --env-file in the context's `Shared`,
`@write_options` passes dry_run, yes and no_input, `@range_options` since, until and room, `@time_options` the first two, as
they were typed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click
from click.core import ParameterSource

from mhc.cli import complete
from mhc.cli.help import HELP_OPTIONS, HelpContext, write_examples
from mhc.cli.output import FORMATS, Field, Sort, Writer, screen, select, username_field
from mhc.cli.zone import find_zone, system_zone
from mhc.domain.text import encode
from mhc.errors import UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

T = TypeVar("T")
Function = Callable[..., T]

_LISTED = ("limit", "sort_by")
_PRINTED = (
    "output_format",
    "as_json",
    "field_names",
    "no_headers",
    "excel_safe",
    "color",
    "tz_name",
    *_LISTED,
)


class Decorator(Protocol):
    """What adds options to a command's function, and keeps what it gives back."""

    def __call__(self, function: Function[T], /) -> Function[T]:
        """Give the function with the options."""


@dataclass(slots=True)
class Shared:
    """What the shared options said, wherever on the line they stood. One object a call, in `ctx.obj`.

    `output` and `color` are what was asked for, for who prints an error. `tz` is the display zone or a function
    that finds it; whoever knows the settings sets it, and `on_stream`, whether others see the screen. None means the
    system's.
    """

    config: str | None = None
    db: str | None = None
    env_file: str | None = None
    verbose: int = 0
    quiet: bool = False
    debug: bool = False
    output: str | None = None
    color: str = "auto"
    tz: tzinfo | Callable[[], tzinfo] | None = None
    on_stream: Callable[[], bool] = lambda: False


class Command(click.Command):
    """A leaf command: `-h` too, and examples in its help (each a full line that can be run as it stands)."""

    context_class = HelpContext

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        kwargs["context_settings"] = HELP_OPTIONS | (kwargs.get("context_settings") or {})
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, the epilog, and where the shared options are explained."""
        write_examples(formatter, self.examples)
        super().format_epilog(ctx, formatter)
        if any(parameter.name == "config" for parameter in self.params):
            formatter.write("\nShared options: mhc --help\n")


def _store(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Merge one shared option into `Shared`: counts add up, flags stay set, the innermost text wins.

    An empty text is kept, for `load` to refuse: `--db "$UNSET"` must not mean the default database.
    """
    name = str(parameter.name)
    shared = ctx.ensure_object(Shared)
    if value or value == "":
        setattr(shared, name, shared.verbose + value if name == "verbose" else value)
    if shared.verbose and shared.quiet and not ctx.resilient_parsing:
        raise UsageError("-v and -q contradict each other")
    return value


_STORED: dict[str, Any] = {"expose_value": False, "callback": _store}


def common_options(function: Function[T]) -> Function[T]:
    """Accept the shared options, the rarer ones unlisted; what root and leaf say is merged."""
    return _stack(
        function,
        click.option("-v", "--verbose", count=True, **_STORED, help="Say more (-vv: each request)."),
        click.option("-q", "--quiet", is_flag=True, **_STORED, help="Say nothing but errors."),
        click.option("--debug", is_flag=True, **_STORED, help="Show the traceback of a failure."),
        click.option("--config", metavar="FILE", hidden=True, **_STORED),
        click.option("--db", metavar="URL", hidden=True, **_STORED),
        click.option("--env-file", metavar="FILE", hidden=True, **_STORED),
    )


def record_options(*, fields: Sequence[Field]) -> Decorator:
    """Give a command that prints one record its output options, and `out`."""
    return _printing(fields, _format_options(fields))


def output_options(*, fields: Sequence[Field], sort_keys: Iterable[str] | None = None) -> Decorator:
    """Give a command that prints rows its output options, and `out`; `sort_keys` (None: each plain field)."""
    simple = [field.name for field in fields if field.kind not in {"list", "lines", "json", "value"}]
    keys = simple if sort_keys is None else list(sort_keys)
    listing = [
        click.option(
            "-L", "--limit", type=click.IntRange(0, 2**31 - 1), metavar="N",
            help="Rows to show, 0 for all (default: 50 in a table, else all).",
        ),
        click.option(
            "--sort", "sort_by", metavar="KEY[:desc]", callback=_sort_parser(keys),
            shell_complete=_completer([*keys, *(f"{key}:desc" for key in keys)]), help="Order of the rows.",
        ),
    ]  # fmt: skip
    return _printing(fields, [*_format_options(fields), *listing])


def write_options(function: Function[T]) -> Function[T]:
    """Accept what every writing command does."""
    return _stack(
        function,
        click.option("-n", "--dry-run", is_flag=True, help="Show what would be written, and write nothing."),
        click.option("-y", "--yes", is_flag=True, help="Do not ask."),
        click.option(
            "--no-input", is_flag=True, envvar="MHC_NO_INPUT", help="Never ask; fail where one must."
        ),
    )


def time_options(function: Function[T]) -> Function[T]:
    """Accept a range of time, as text: `mhc.domain.times` reads it."""
    return _stack(
        function,
        click.option("--since", metavar="TIME", help="From then on: 2d, yesterday, 2026-03-01, session …"),
        click.option("--until", metavar="TIME", help="Before then; a date includes its whole day."),
    )


def range_options(function: Function[T], default: str = "the own one, else all") -> Function[T]:
    """Accept a range of time and a room, as they were typed; `default` says which room is meant without one."""
    room = click.option(
        "--room",
        metavar="ROOM",
        shell_complete=complete.rooms,
        help=f"The room (default: {default}).",
    )
    return _stack(function, time_options, room)


def _format_options(fields: Sequence[Field]) -> list[Decorator]:
    names = [field.name for field in fields]
    return [
        click.option("-o", "--output", "output_format", type=click.Choice(FORMATS), default="auto", envvar="MHC_OUTPUT",
                     is_eager=True, callback=_remember_output, show_default=True,
                     help="Format; auto is a table on a terminal and TSV in a pipe."),
        click.option("--json", "as_json", is_flag=True, is_eager=True, callback=_remember_output, help="Same as -o json."),
        click.option("--fields", "field_names", metavar="A,B,…", is_eager=True, callback=_fields_parser(fields),
                     shell_complete=_completer(names, commas=True), help="Fields to print; help lists them."),
        click.option("--no-headers", is_flag=True, help="Leave the header, or the keys, out."),
        click.option("--excel-safe/--no-excel-safe", default=None,
                     help="Defuse cells that a spreadsheet would run (default: in CSV, where text came from outside)."),
        click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", envvar="MHC_COLOR",
                     help="Colour."),
        click.option("--tz", "tz_name", metavar="ZONE|utc|local", help="Time zone of the times in a table."),
    ]  # fmt: skip


def _printing(fields: Sequence[Field], options: Sequence[Decorator]) -> Decorator:
    def decorate(function: Function[T], /) -> Function[T]:
        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> T:
            asked = {name: kwargs.pop(name) for name in _PRINTED if name in kwargs}
            return function(*args, out=_writer(click.get_current_context(), fields, asked), **kwargs)

        return _stack(run, *options)

    return decorate


def _writer(ctx: click.Context, fields: Sequence[Field], asked: dict[str, Any]) -> Writer:
    shared = ctx.ensure_object(Shared)
    shared.color = asked["color"]
    view = screen(shared.color)
    ctx.color = None if shared.color == "auto" and view.color else view.color
    tz = find_zone(asked["tz_name"]) if asked["tz_name"] else shared.tz
    out = Writer(
        format=_chosen_format(ctx, asked, terminal=view.is_terminal),
        screen=view,
        names=asked["field_names"],
        headers=not asked["no_headers"],
        excel_safe=asked["excel_safe"],
        given_limit=asked.get("limit"),
        sort=asked.get("sort_by"),
        quiet=shared.quiet,
        find_tz=tz if callable(tz) else lambda: tz or system_zone(),
        on_stream=shared.on_stream,
    )
    if out.format == "name":
        username_field(fields, out.names)
    return out


def _chosen_format(ctx: click.Context, asked: dict[str, Any], *, terminal: bool) -> str:
    chosen = str(asked["output_format"])
    if asked["as_json"]:
        typed = ctx.get_parameter_source("output_format") is ParameterSource.COMMANDLINE
        if typed and chosen != "json":
            raise UsageError(f"--json and -o {chosen} contradict each other")
        return "json"
    if chosen == "auto":
        return "table" if terminal else "tsv"
    return chosen


def _remember_output(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    shared = ctx.ensure_object(Shared)
    if parameter.name == "as_json":
        shared.output = "json" if value else shared.output
    elif shared.output != "json" or ctx.get_parameter_source("output_format") is ParameterSource.COMMANDLINE:
        shared.output = value
    return value


def _fields_parser(fields: Sequence[Field]) -> Callable[..., tuple[str, ...] | None]:
    def parse(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
        if value is None or ctx.resilient_parsing:
            return None
        if value.strip() == "help":
            longest = max(len(field.name) for field in fields)
            click.echo("\n".join(f"{field.name:<{longest}}  {field.help}".rstrip() for field in fields))
            ctx.exit()
        names = [name.strip() for name in value.split(",") if name.strip()]
        return tuple(field.name for field in select(fields, list(dict.fromkeys(names))))

    return parse


def _sort_parser(keys: Sequence[str]) -> Callable[..., Sort | None]:
    def parse(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> Sort | None:
        if value is None or ctx.resilient_parsing:
            return None
        key, _, direction = value.partition(":")
        if key not in keys or direction not in {"", "asc", "desc"}:
            hint = f"KEY or KEY:desc, with KEY one of: {', '.join(keys)}"
            raise UsageError(encode(f"cannot sort by {value!r}"), hint=hint)
        return Sort(key, descending=direction == "desc")

    return parse


def _completer(words: Sequence[str], *, commas: bool = False) -> Callable[..., list["CompletionItem"]]:
    """Complete words; with `commas` the part after the last comma, with what is not there yet."""

    def complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list["CompletionItem"]:
        from click.shell_completion import CompletionItem  # where a shell asks, and nowhere else

        before, comma, last = incomplete.rpartition(",") if commas else ("", "", incomplete)
        fresh = [word for word in words if word.startswith(last) and word not in before.split(",")]
        return [CompletionItem(f"{before}{comma}{word}") for word in fresh]

    return complete


def _stack(function: Function[T], *decorators: Decorator) -> Function[T]:
    for decorate in reversed(decorators):
        function = decorate(function)
    return function
