"""`mhc session note`: what you want to remember of a session."""

from typing import TYPE_CHECKING

import click

from mhc.cli.asking import sure, text_of
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import past_instant
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.session.common import LARGEST_ID, TIME_OF_DAY, find, id_argument, lasts, middle
from mhc.cli.telling import say
from mhc.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from mhc.store.session_notes import Note
    from mhc.store.sessions import Session

NOTES = (
    Field("id", "id", "The note's number, for --edit and --remove."),
    Field("at", "time", "The time of the session that it is about."),
    Field("body", "text", "The note.", secrecy="note"),
    Field("created_at", "time", "When it was written.", header="written", table=False),
    Field("edited_at", "time", "When it was written anew; null where it never was.", table=False),
)
_SHOWN = 60  # characters of a note that is to be removed


@click.command(
    "note",
    cls=Command,
    examples=[
        'mhc session note 1 "the blue lights were a hit"',
        "mhc session note 1 - < note.txt",
        "mhc session note 1 --list",
    ],
)
@id_argument
@click.argument(
    "text", metavar="[TEXT]", required=False, help="The note; - reads stdin, without it $EDITOR opens."
)
@click.option(
    "--at",
    metavar="TIME",
    help=f"The time that it is about (default: its start, or now while it is live). {TIME_OF_DAY}",
)
@click.option("--list", "listing", is_flag=True, help="List its notes, in order of time.")
@click.option(
    "--edit", "edited", metavar="N", type=int, help="Write this note anew; its old text is not kept."
)
@click.option("--remove", "removed", metavar="N", type=int, help="Take this note away for good. Asks first.")
@write_options
@output_options(fields=NOTES)
@common_options
@click.pass_context
def note(
    ctx: click.Context,
    /,
    out: Writer,
    session_id: int,
    text: str | None,
    at: str | None,
    listing: bool,
    edited: int | None,
    removed: int | None,
    **asked: bool,
) -> None:
    """Note something of a session, or list, change and remove notes.

    Prints its notes as they are then, in order of time. A note belongs to the session that was on at its time, whatever becomes of the session.
    """
    from mhc.store import session_notes

    if listing + (edited is not None) + (removed is not None) > 1:
        raise UsageError("--list, --edit and --remove are three things", hint="give one of them")
    with database(ctx) as db:
        with db.read() as conn:
            one = find(conn, session_id)
            when = None if at is None else past_instant(ctx, at, middle(one))
            number = removed if edited is None else edited
            old = None if number is None else _find(conn, one, number)
        if not listing:
            body = "" if removed is not None else _body(ctx, text, old, when, no_input=asked["no_input"])
            place = _place(ctx, one, old, when)
            if old is not None and removed is not None:
                _sure(ctx, old, **asked)
            if not asked["dry_run"]:
                with db.write() as conn:
                    _write(conn, find(conn, session_id), old, body, place)
            say(ctx, _done(one, old, removing=removed is not None, dry_run=asked["dry_run"]))
        with db.read() as conn:
            found = session_notes.within(conn, one.room_id, one.span)
    out.rows(NOTES, out.ordered(NOTES, found), total=len(found), nothing="nothing is noted of it")


def _done(one: "Session", old: "Note | None", *, removing: bool, dry_run: bool) -> str:
    verb, did = (
        ("note", "noted") if old is None else ("remove", "removed") if removing else ("change", "changed")
    )
    what = "it" if old is None else f"note {old.id}"
    return f"{f'would {verb}' if dry_run else did} {what} of session {one.id} of {one.room}"


def _find(conn: "Connection", one: "Session", number: int) -> "Note":
    from mhc.store import session_notes

    found = session_notes.find(conn, number) if 0 < number <= LARGEST_ID else None
    if found is None or found.room_id != one.room_id or not one.span.holds(found.at):
        said = f"session {one.id} has no note {number}"
        raise NotFoundError(said, hint=f"mhc session note {one.id} --list")
    return found


def _sure(ctx: click.Context, old: "Note", *, dry_run: bool, yes: bool, no_input: bool) -> None:
    if dry_run:
        return
    begun = "" if settings(ctx).screen_safe else f" ({' '.join(old.body.split())[:_SHOWN]})"
    sure(f"Take note {old.id} away for good{begun}?", yes=yes, no_input=no_input)


def _body(
    ctx: click.Context, text: str | None, old: "Note | None", when: "datetime | None", *, no_input: bool
) -> str:
    if old is not None and text is None and when is not None:  # it is about another time, and says the same
        return old.body
    body = text_of(ctx, text, old="" if old is None else old.body, no_input=no_input)
    if not body:
        raise UsageError("an empty note is not kept")
    return body


def _place(ctx: click.Context, one: "Session", old: "Note | None", when: "datetime | None") -> "datetime":
    """Give the time that a note is about, which lies in its session."""
    if when is not None:
        if not one.span.holds(when):
            raise UsageError(f"session {one.id} lasts from {lasts(ctx, one.span)}")
        return when
    if old is not None:
        return old.at
    return one.started_at if one.ended_at is not None else max(one.started_at, utc_now())


def _write(conn: "Connection", one: "Session", old: "Note | None", body: str, at: "datetime") -> None:
    """Write, change or, without a text, remove a note."""
    from mhc.store import session_notes

    if old is None:
        session_notes.add(conn, one.room_id, body, at=at, now=utc_now())
    elif body:
        session_notes.edit(conn, _find(conn, one, old.id).id, body, at=at, now=utc_now())
    else:
        session_notes.remove(conn, _find(conn, one, old.id).id)
