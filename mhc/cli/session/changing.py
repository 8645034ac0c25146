"""`mhc session add|edit`: sessions of the past by hand, and what they are called."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import own_room, past_instant, told_at
from mhc.cli.options import Command, common_options, write_options
from mhc.cli.session.common import find, id_argument, lasts, own_room_option
from mhc.cli.session.running import made_room
from mhc.cli.telling import say
from mhc.domain.text import clean
from mhc.errors import Exit, UsageError

if TYPE_CHECKING:
    from mhc.domain.sessions import Span

_NONE = "none"  # takes a word away
_title = click.option("--title", metavar="TEXT|none", help="What you call it.")
_theme = click.option("--theme", metavar="TEXT|none", help="What it is about, for its summary.")
_tags = click.option("--tags", metavar="A,B,…|none", help="Words to find it by, instead of those it has.")


@click.command(
    "add",
    cls=Command,
    examples=[
        'mhc session add --from "2026-03-01 20:00" --to "2026-03-01 23:30" --title "Blue night"',
        'mhc session add --from "2026-03-01 20:00" --to "2026-03-01 23:30" --tags blue,toys -n',
    ],
)
@click.option("--from", "begin", metavar="TIME", required=True, help="When it began.")
@click.option("--to", "end", metavar="TIME", required=True, help="When it ended.")
@_title
@_theme
@_tags
@own_room_option
@write_options
@common_options
@click.pass_context
def add(
    ctx: click.Context,
    /,
    begin: str,
    end: str,
    title: str | None,
    theme: str | None,
    tags: str | None,
    room: str | None,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Add a session of the past by hand.

    It takes in the broadcasts of its time that no other session has; overlaps are refused.
    """
    from mhc.store import people, session_edits, sessions

    name = own_room(ctx, room)
    span = _span(ctx, past_instant(ctx, begin), past_instant(ctx, end))
    typed = session_edits.Typed(_words(title), _words(theme), _listed(tags))
    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        room_id = people.ids_of(conn, [name]).get(name) if dry_run else made_room(conn, name)
        if room_id is not None:
            sessions.refuse_overlap(conn, room_id, span, told=partial(told_at, ctx))
        if dry_run or room_id is None:
            say(ctx, f"would add a session of {name}, {lasts(ctx, span)}")
            return
        made = session_edits.add(conn, room_id, span, typed, settings(ctx).merge_gap)
    say(ctx, f"added session {made} of {name}, {lasts(ctx, span)}")


@click.command(
    "edit",
    cls=Command,
    examples=[
        'mhc session edit 1 --title "First night" --theme lights --tags blue,toys',
        "mhc session edit 1 --from 2026-01-01T17:50Z -n",
    ],
)
@id_argument
@_title
@_theme
@_tags
@click.option(
    "--from", "begin", metavar="TIME", help="When it began; of 20:00 the one nearest to its start is meant."
)
@click.option(
    "--to",
    "end",
    metavar="TIME",
    help="When it ended; of 23:30 the one nearest to its end, or to now while it is live, is meant.",
)
@write_options
@common_options
@click.pass_context
def edit(
    ctx: click.Context,
    /,
    session_id: int,
    title: str | None,
    theme: str | None,
    tags: str | None,
    begin: str | None,
    end: str | None,
    dry_run: bool,
    **_asked: bool,
) -> int:
    """Change what a session is called, or when it was.

    A session whose times you changed is one made by hand: events change them no more.
    """
    from mhc.store import session_edits, sessions

    if title is theme is tags is begin is end is None:
        raise UsageError("change what?", hint="--title, --theme, --tags, --from or --to")
    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        old = find(conn, session_id)
        typed = session_edits.Typed(
            old.title if title is None else _words(title),
            old.theme if theme is None else _words(theme),
            old.tags if tags is None else _listed(tags),
        )
        span = _span(
            ctx,
            old.started_at if begin is None else past_instant(ctx, begin, old.started_at),
            old.ended_at if end is None else past_instant(ctx, end, old.ended_at or utc_now()),
        )
        if (span, *typed) == (old.span, old.title, old.theme, old.tags):
            say(ctx, f"session {old.id} stays as it is")
            return Exit.OK
        if span != old.span:
            sessions.refuse_overlap(conn, old.room_id, span, [old.id], told=partial(told_at, ctx))
        if not dry_run:
            session_edits.change(conn, old, span, typed, settings(ctx).merge_gap)
    say(ctx, f"{'would change' if dry_run else 'changed'} session {old.id} of {old.room}, {lasts(ctx, span)}")
    return Exit.OK


def _span(ctx: click.Context, begin: datetime, end: datetime | None) -> "Span":
    from mhc.domain.sessions import Span

    if end is not None and end <= begin:
        raise UsageError(f"it would end at {told_at(ctx, end)}, and begin at {told_at(ctx, begin)}")
    return Span(begin, end)


def _words(text: str | None) -> str | None:
    return None if text is None or text.strip().lower() == _NONE else clean(text).strip() or None


def _listed(text: str | None) -> str | None:
    """Give the tags in what was typed, each once, as they are kept."""
    words = (_words(text) or "").split(",")
    return ",".join(dict.fromkeys(word for one in words if (word := one.strip().lstrip("#").lower()))) or None
