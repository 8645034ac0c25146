"""`mhc alias`: the names that a person has, or had."""

import click

from mhc.cli import complete
from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.help import Group
from mhc.cli.lookups import Which, past_instant, username, which_options
from mhc.cli.lookups import person as find_person
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.errors import NotFoundError, UsageError

ALIASES = (
    Field("username", "username", "The name."),
    Field("valid_from", "time", "Since when; null where nobody knows.", header="from"),
    Field("valid_to", "time", "Until when; null while they go by it.", header="until"),
    Field("source", "text", "Where mhc has it from."),
)


@click.group(
    cls=Group, examples=["mhc alias list viewer_one", "mhc alias add viewer_one viewer_old --former"]
)
def group() -> None:
    """Names that a person has, or had."""


@group.command("list", cls=Command, examples=["mhc alias list viewer_one"])
@click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)
@which_options
@output_options(fields=ALIASES)
@common_options
@click.pass_context
def list_aliases(ctx: click.Context, out: Writer, name: str, which: Which) -> None:
    """List a person's names: the current ones, then the former ones, the latest first; equals by name."""
    from mhc.store import people

    with database(ctx) as db, db.read() as conn:
        found = people.aliases(conn, people.members(conn, find_person(conn, name, which=which).id))
    out.rows(ALIASES, out.ordered(ALIASES, found))


@group.command(
    "add",
    cls=Command,
    examples=["mhc alias add viewer_one viewer_uno", "mhc alias add viewer_one viewer_old --former"],
)
@click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)
@click.argument("alias", metavar="ALIAS", help="One more name of theirs.")
@click.option("--former", is_flag=True, help="They go by it no more.")
@click.option("--until", metavar="TIME", help="When they stopped, with --former (default: now).")
@write_options
@common_options
@click.pass_context
def add(
    ctx: click.Context,
    /,
    name: str,
    alias: str,
    former: bool,
    until: str | None,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Give a person one more name. What its bearer does counts for them, unless it is a former one.

    A name that somebody else goes by now is refused, but as a former one: names change hands.
    """
    from mhc.store import people

    if until is not None and not former:
        raise UsageError("--until goes with --former")
    more, at = username(alias), past_instant(ctx, until)
    with database(ctx) as db:
        with db.read() if dry_run else db.write() as conn:
            owner = find_person(conn, name, addable=True)
            if not former:
                people.refuse_taken(conn, owner, more)
            known = people.has_alias(conn, owner, more, current=not former)
            if not (known or dry_run):
                people.add_alias(conn, owner, more, source="manual", at=at, current=not former)
        known_names.refresh(db, settings(ctx))
    if known:
        say(ctx, f"{more} is a name of {owner.username} already")
    else:
        say(ctx, f"{'would add' if dry_run else 'added'} {more} to the names of {owner.username}")


@group.command("remove", cls=Command, examples=["mhc alias remove viewer_one viewer_uno"])
@click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)
@click.argument(
    "alias", metavar="ALIAS", help="The name that they go by no more.", shell_complete=complete.people
)
@write_options
@common_options
@click.pass_context
def remove(ctx: click.Context, /, name: str, alias: str, dry_run: bool, **_asked: bool) -> None:
    """End a name of a person; it stays in their history. What its bearer does next counts for somebody new."""
    from mhc.store import people

    gone = username(alias)
    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        owner = find_person(conn, name)
        rows = people.merged(conn, owner.id)
        ids = [one.id for one in rows]
        names = [one for one in people.aliases(conn, ids) if one.username == gone]
        if not names:
            raise NotFoundError(
                f"{owner.username} has no name {gone}", hint=f"mhc alias list {owner.username}"
            )
        if gone in {one.username for one in rows}:
            raise UsageError(f"{gone} is who they are now", hint=f"mhc person rename {gone} NEW_NAME")
        open_now = any(one.valid_to is None for one in names)
        if open_now and not dry_run:
            people.close_alias(conn, ids, gone, at=utc_now())
    if open_now:
        say(ctx, f"{'would end' if dry_run else 'ended'} {gone} as a name of {owner.username}")
    else:
        say(ctx, f"{gone} is a former name of {owner.username} already")
