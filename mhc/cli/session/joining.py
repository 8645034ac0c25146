"""`mhc session merge|split`: two sessions become one, and one becomes two."""

from functools import partial

import click

from mhc.cli.asking import sure
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import past_instant, told_at
from mhc.cli.options import Command, common_options, write_options
from mhc.cli.session.common import TIME_OF_DAY, find, id_argument, lasts, middle
from mhc.cli.telling import say
from mhc.domain.text import clean
from mhc.errors import UsageError


@click.command("merge", cls=Command, examples=["mhc session merge 1 2 -y"])
@click.argument("session_id", metavar="ID", type=int, help="The session that stays.")
@click.argument("other_id", metavar="OTHER_ID", type=int, help="The session that becomes part of it.")
@write_options
@common_options
@click.pass_context
def merge(
    ctx: click.Context,
    /,
    session_id: int,
    other_id: int,
    dry_run: bool,
    yes: bool,
    no_input: bool,
) -> None:
    """Make two sessions one. Asks first.

    It lasts from the first start to the last end, keeps the number, title and theme of the first one (those of the
    other where it has none), and the tags and notes of both.
    """
    from mhc.store import session_edits

    gap = settings(ctx).merge_gap
    with database(ctx) as db:
        with db.read() as conn:
            one, other = find(conn, session_id), find(conn, other_id)
            if one.id == other.id:
                raise UsageError(f"session {one.id} is one already")
            if one.room_id != other.room_id:
                raise UsageError(f"session {one.id} is of {one.room}, session {other.id} of {other.room}")
            span, _typed = session_edits.merged(one, other)
            session_edits.refuse_between(conn, one, other, partial(told_at, ctx))
        lasting = lasts(ctx, span)
        if not dry_run:
            question = f"Make sessions {one.id} and {other.id} one, {lasting}?"
            sure(question, yes=yes, no_input=no_input)
            with db.write() as conn:
                session_edits.merge(conn, find(conn, one.id), find(conn, other.id), gap)
    verb = "would become" if dry_run else "became"
    say(ctx, f"session {other.id} {verb} part of session {one.id} of {one.room}, {lasting}")


@click.command(
    "split",
    cls=Command,
    examples=['mhc session split 1 --at 2026-01-01T18:20Z --title "Second half"'],
)
@id_argument
@click.option("--at", metavar="TIME", required=True, help=f"When the second one begins. {TIME_OF_DAY}")
@click.option("--title", metavar="TEXT", help="What you call the second one.")
@write_options
@common_options
@click.pass_context
def split(
    ctx: click.Context,
    /,
    session_id: int,
    at: str,
    title: str | None,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Make two sessions of one.

    The first keeps its number and all that you typed; both count as made by hand. mhc session merge undoes it.
    """
    from mhc.store import session_edits

    typed = session_edits.Typed(clean(title or "").strip() or None)
    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        one = find(conn, session_id)
        end = one.ended_at or utc_now()
        when = past_instant(ctx, at, middle(one))
        if not one.started_at < when < end:
            lasting = f"{told_at(ctx, one.started_at)} to {told_at(ctx, end)}"
            raise UsageError(f"session {one.id} lasts from {lasting}", hint="choose a time inside it")
        made = 0 if dry_run else session_edits.split(conn, one, when, typed, settings(ctx).merge_gap)
    if dry_run:
        say(ctx, f"would part session {one.id} of {one.room} at {told_at(ctx, when)}")
        return
    say(ctx, f"session {one.id} of {one.room} ends at {told_at(ctx, when)}, and session {made} goes on")
    if one.ended_at is None:
        say(ctx, f"session {made} is live until you end it: mhc session stop")
