"""`mhc person role|exclude|include`: what people are, and whether they count."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.lookups import Which, which_options
from mhc.cli.lookups import person as find_person
from mhc.cli.options import Command, Function, T, common_options, write_options
from mhc.cli.person.figures import ROLES
from mhc.cli.telling import each, say
from mhc.domain.text import clean
from mhc.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.people import Person
    from mhc.store.watchlists import Watchlist


@click.command(
    "role",
    cls=Command,
    examples=["mhc person role viewer_one viewer_two viewer", "mhc person role viewer_one --auto"],
)
@click.argument(
    "words",
    metavar="NAME… [viewer|model|both|unknown]",
    nargs=-1,
    required=True,
    help="Names, @names or room URLs, and after them what they are.",
    shell_complete=complete.people,
)
@click.option(
    "--auto", is_flag=True, help="Take back what was set by hand: what they did says what they are."
)
@which_options
@write_options
@common_options
@click.pass_context
def role(
    ctx: click.Context,
    /,
    words: tuple[str, ...],
    auto: bool,
    which: Which,
    dry_run: bool,
    **_asked: bool,
) -> int:
    """Say what people are: viewer, model, both or unknown.

    What is set by hand holds, whatever they do, until --auto. By itself it follows from what is stored: a room, or a
    number of one, makes a model; chat, tips, visits, or a number of a member make a viewer.
    """
    from mhc.store import roles

    names, chosen = (words, None) if auto else _names_and_role(words)
    with database(ctx) as db:

        def one(text: str) -> None:
            with db.read() if dry_run else db.write() as conn:
                who = find_person(conn, text, which=which)
                if chosen is not None and not dry_run:
                    roles.set_by_hand(conn, who.id, chosen)
                elif chosen is None:
                    found = roles.of(conn, who.id, by_hand=False)
                    found = found if dry_run else roles.back_to_evidence(conn, who.id)
            verb = "would set" if dry_run else "set"
            said = f"{verb} to {chosen}" if chosen else f"{verb} to {found}, by what they did"
            say(ctx, f"{who.username}: {said}")

        return each(ctx, names, one)


def _names_and_role(words: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    *names, chosen = words
    if chosen not in ROLES:
        raise UsageError(f"{chosen!r} is no role", hint=f"after the names: {', '.join(ROLES)}; or --auto")
    if not names:
        raise UsageError("whose role?", hint=f"mhc person role NAME {chosen}")
    return tuple(names), chosen


def _names(function: Function[T]) -> Function[T]:
    return click.argument(
        "names",
        metavar="NAME…",
        nargs=-1,
        required=True,
        help="A name, @name or room URL.",
        shell_complete=complete.people,
    )(function)


@click.command(
    "exclude", cls=Command, examples=['mhc person exclude viewer_one --note "a second account of mine"']
)
@_names
@click.option("--note", metavar="TEXT", help="Why; replaces an older one.")
@write_options
@common_options
@click.pass_context
def exclude(
    ctx: click.Context, /, names: tuple[str, ...], note: str | None, dry_run: bool, **_asked: bool
) -> int:
    """Leave people out of every figure; they are still captured.

    It is the watchlist Excluded that says so: to be on it is to be excluded.
    """
    from mhc.store import watchlists

    why = None if note is None else clean(note)
    with database(ctx) as db:

        def one(text: str) -> None:
            with db.read() if dry_run else db.write() as conn:
                who, ids, listed = _standing(conn, text, addable=True)
                new = not watchlists.is_on(conn, listed.id, ids)
                if not dry_run:
                    watchlists.add(conn, listed.id, ids, at=utc_now(), note=why)
            verb = "would exclude" if dry_run else "excluded"
            say(ctx, f"{verb} {who.username}" if new else f"{who.username} is excluded already")

        return each(ctx, names, one)


@click.command("include", cls=Command, examples=["mhc person include viewer_two"])
@_names
@click.option("--note", metavar="TEXT", help="Why; kept with the time for which they were excluded.")
@write_options
@common_options
@click.pass_context
def include(
    ctx: click.Context, /, names: tuple[str, ...], note: str | None, dry_run: bool, **_asked: bool
) -> int:
    """Bring people back into the figures."""
    from mhc.store import watchlists

    why = None if note is None else clean(note)
    with database(ctx) as db:

        def one(text: str) -> None:
            with db.read() if dry_run else db.write() as conn:
                who, ids, listed = _standing(conn, text)
                there = watchlists.is_on(conn, listed.id, ids)
                if there and not dry_run:
                    watchlists.remove(conn, listed.id, ids, at=utc_now(), note=why)
            verb = "would include" if dry_run else "included"
            say(ctx, f"{verb} {who.username}" if there else f"{who.username} is not excluded")

        return each(ctx, names, one)


def _standing(
    conn: "Connection", text: str, *, addable: bool = False
) -> "tuple[Person, list[int], Watchlist]":
    """Give a person, their rows with the root first, and the list Excluded."""
    from mhc.store import people, watchlists
    from mhc.store.schema import EXCLUDED

    who = find_person(conn, text, addable=addable)
    listed = watchlists.find(conn, EXCLUDED)
    assert listed is not None  # every database has it
    return who, [who.id, *(i for i in people.members(conn, who.id) if i != who.id)], listed
