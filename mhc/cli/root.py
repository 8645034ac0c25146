"""The root command: a table of commands, each imported only when it is called."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

from mhc import __version__
from mhc.cli.help import LONGEST, Group

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Table = Mapping[str, tuple[str, str]]

# Name → (module:attribute, the first sentence of its help).
COMMANDS: Final[Table] = {
    "init": ("mhc.cli.init:command", "Write the configuration and create the database."),
    "doctor": ("mhc.cli.doctor:command", "What works, what is missing, and what to do about it."),
    "status": ("mhc.cli.status:command", "One screen: listener, live session, last runs, gaps, sizes."),
    "listen": ("mhc.cli.listen:command", "Capture everything that happens in the room, until stopped."),
    "capture": ("mhc.cli.capture:group", "What was captured, and what is missing."),
    "event": ("mhc.cli.event:group", "Events of the room: tips, messages, entries, follows."),
    "person": ("mhc.cli.person:group", "The people you have met."),
    "alias": ("mhc.cli.alias:group", "Names that a person has, or had."),
    "session": ("mhc.cli.session:group", "Your streams: start, stop, look back."),
    "room": ("mhc.cli.room:group", "The rooms of others, by the site's public feed."),
    "watchlist": ("mhc.cli.watchlist:group", "Lists of people to keep an eye on."),
    "note": ("mhc.cli.note:group", "What you want to remember of a person."),
    "attr": ("mhc.cli.attr:group", "What people are like, by key: what you know, and how sure it is."),
    "relation": ("mhc.cli.relation:group", "What people are to you."),
    "pair": ("mhc.cli.pair:group", "Who belongs together: collaborators, and accounts of one person."),
    "link": ("mhc.cli.link:group", "Where else people are to be found."),
    "inbox": ("mhc.cli.inbox:group", "Private messages, by the person you wrote with."),
    "snapshot": ("mhc.cli.snapshot:group", "What other sources say of people, reading by reading."),
    "profile": ("mhc.cli.profile:group", "What rooms say of themselves in public, and how it changed."),
    "report": ("mhc.cli.report:group", "Figures, each with its range and what was captured of it."),
    "import": (
        "mhc.cli.imports:group",
        "What you bring in files, or paste: shown, and kept with --save.",
    ),
    "job": ("mhc.cli.job:group", "What runs by itself, when, and how it went."),
    "db": ("mhc.cli.db:group", "The database: upgrade, check, back up, copy."),
    "config": ("mhc.cli.config:group", "The settings, and where they come from."),
    "service": ("mhc.cli.service:group", "Units for cron, systemd and logrotate, to be printed."),
    "completion": (
        "mhc.cli.completion:command",
        "The script that makes a shell complete commands and names.",
    ),
    "sandbox": ("mhc.cli.sandbox:group", "Try mhc out against made-up data."),
}


class LazyGroup(Group):
    """A group whose commands stand in a table; help, completion and typos import none of them."""

    def __init__(self, *args: Any, table: Table, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the table's order, then those that were added otherwise."""
        return [*self.table, *(name for name in super().list_commands(ctx) if name not in self.table)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command. A missing module is a bug, and shows as one."""
        if cmd_name not in self.table:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.table[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.table[cmd_name][0]} is no command")
        command.context_class = self.context_class
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Keep "Did you mean": Click itself looks only among commands that are loaded."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and args[0][:1] != "-" and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(args[0], possibilities=names, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table as it stands."""
        rows = [(name, self._help_of(ctx, name)) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list["CompletionItem"]:
        """Complete the names of the table, and options."""
        from click.shell_completion import CompletionItem  # where a shell asks, and nowhere else

        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        items = [CompletionItem(name, help=self._help_of(ctx, name)) for name in names]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def _help_of(self, ctx: click.Context, name: str) -> str:
        if name in self.table:
            return self.table[name][1]
        command = super().get_command(ctx, name)
        return command.get_short_help_str(LONGEST) if command else ""


def _print_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"mhc {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]…",
    epilog="The options above may stand after any command, too. mhc COMMAND --help says more.",
)
@click.option("--config", metavar="FILE", help="Configuration file instead of the usual config.toml.")
@click.option("--db", metavar="URL", help="Database: a URL without a password, or a SQLite file.")
@click.option("--env-file", metavar="FILE", help="File with NAME=value lines; secrets may stand there.")
@click.option("-v", "--verbose", count=True, help="Say more (-vv: each request).")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version.",
)
@click.pass_context
def cli(ctx: click.Context, /, **options: Any) -> None:
    """Remember the people of your room, capture what they do, and see what it means."""
    from mhc.cli.context import settings  # not for --help, --version and typos
    from mhc.cli.options import Shared

    if options["verbose"] and options["quiet"]:
        raise click.UsageError("-v and -q contradict each other")
    ctx.obj = Shared(
        **options, tz=lambda: settings(ctx).timezone, on_stream=lambda: settings(ctx).screen_safe
    )
    if ctx.invoked_subcommand is None:
        from mhc.cli.start import show

        show(ctx)
