"""`mhc person add|rename`: who is known, and by which name."""

import click

from mhc.cli import complete
from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import Which, is_named, username, which_options
from mhc.cli.lookups import person as find_person
from mhc.cli.options import Command, common_options, write_options
from mhc.cli.person.figures import ROLES
from mhc.cli.telling import each, say
from mhc.errors import Exit, UsageError


@click.command(
    "add", cls=Command, examples=["mhc person add viewer_one", "mhc person add example_model --role model"]
)
@click.argument("names", metavar="NAME…", nargs=-1, required=True, help="A name, @name or room URL.")
@click.option("--role", type=click.Choice(ROLES[:3]), help="What they are; by default what they do says it.")
@write_options
@common_options
@click.pass_context
def add(
    ctx: click.Context,
    /,
    names: tuple[str, ...],
    role: str | None,
    dry_run: bool,
    **_asked: bool,
) -> int:
    """Add people whom nobody has met yet; who is known already stays as they are, but for --role."""
    from mhc.store import people, roles

    with database(ctx) as db:

        def one(text: str) -> None:
            name = username(text)
            with db.read() if dry_run else db.write() as conn:
                known = people.ids_of(conn, [name])
                if not dry_run:
                    made = people.ensure(conn, [name], source="manual", at=utc_now())
                    if role is not None:
                        roles.set_by_hand(conn, made[name], role)
            if known:
                say(ctx, f"{name} is known already")
            else:
                say(ctx, f"{'would add' if dry_run else 'added'} {name}")

        status = each(ctx, names, one)
        known_names.refresh(db, settings(ctx))
    return status


@click.command("rename", cls=Command, examples=["mhc person rename viewer_one viewer_uno"])
@click.argument("old", metavar="OLD", help="The name they go by now.", shell_complete=complete.people)
@click.argument("new", metavar="NEW", help="The name they go by from now on.")
@which_options
@write_options
@common_options
@click.pass_context
def rename(ctx: click.Context, /, old: str, new: str, which: Which, dry_run: bool, **_asked: bool) -> int:
    """Give a person a new name; the old one stays in their history.

    Renaming back undoes it. A new name that is another person's is refused: that would be a merge.
    """
    from mhc.store import people

    name = username(new)
    with database(ctx) as db:
        with db.read() if dry_run else db.write() as conn:
            owner = find_person(conn, old, which=which)
            if which == Which() and not is_named(old, owner.username):
                hint = f"mhc person rename {owner.username} {name}"
                raise UsageError(f"{username(old)} is another name of {owner.username}", hint=hint)
            if owner.username == name:
                say(ctx, f"{name} is their name already")
                return Exit.OK
            people.refuse_taken(conn, owner, name)
            if not dry_run:
                people.rename(conn, owner, name, source="manual", at=utc_now())
        known_names.refresh(db, settings(ctx))
    say(ctx, f"{'would rename' if dry_run else 'renamed'} {owner.username} to {name}")
    return Exit.OK
