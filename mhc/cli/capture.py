"""`mhc capture`: how the listening goes, and what it could not get."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import username
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.root import LazyGroup
from mhc.cli.telling import say
from mhc.cli.unmasking import unmask_options
from mhc.domain.counted import counted
from mhc.errors import UnavailableError

if TYPE_CHECKING:
    from mhc.capture.health import Beat
    from mhc.store.database import Database
    from mhc.store.streams import Stream

STATUS = (
    Field("room", "username", "The room."),
    Field(
        "state",
        "text",
        "starting, listening, spooling, replaying, backing off, paused, token refused, failed, standby, stopped, dead or "
        "never started.",
    ),
    Field("since", "time", "Since when it is in this state."),
    Field("last_poll_at", "time", "The last good poll.", header="last poll"),
    Field("last_event_id", "text", "The latest event.", header="last event"),
    Field("gaps", "int", "Times for which events may be missing."),
    Field("spooled", "int", "Pages that wait for the database."),
    Field("epoch", "int", "How often the lease was taken.", table=False),
    Field("owner", "text", "Who holds the lease.", table=False),
    Field("detail", "text", "What is the matter."),
    Field("kind", "text", "live or testbed.", table=False, foreign=False),
    Field("host", "text", "The API host.", table=False),
    Field("made_ids", "int", "Events that came without a usable id.", table=False),
)
GAPS = (
    Field("room", "username", "The room."),
    Field("from", "time", "The last that is known before; null where nothing is.", exact=True),
    Field("to", "time", "The first that is known after.", exact=True),
    Field("cause", "text", "Why."),
    Field("certainty", "text", "certain, or possible.", foreign=False),
)
COVERAGE = (
    Field("room", "username", "The room."),
    Field("from", "time", "Captured without a break from here …", exact=True),
    Field("to", "time", "… to here.", exact=True),
    Field("length", "duration", "How long."),
)
REJECTED = (
    Field("room", "username", "The room."),
    Field("received_at", "time", "When it came first.", header="received"),
    Field("reason", "text", "Why it could not become an event."),
    Field("count", "int", "How often it came."),
    Field("size", "int", "Bytes."),
    Field("hash", "text", "Its name.", table=False),
    Field(
        "body",
        "text",
        "What was received (its first 64 KiB); null without --private and --reveal.",
        secrecy="message",
    ),
)

_room = click.option("--room", metavar="ROOM", shell_complete=complete.rooms, help="This room only.")


@click.group(
    cls=LazyGroup,
    examples=["mhc capture status", "mhc capture gaps"],
    table={
        "export": (
            "mhc.cli.transfer:export",
            "Write all that was captured, and what you typed, as JSON lines.",
        ),
        "import": (
            "mhc.cli.transfer:import_",
            "Take in what was exported elsewhere; what is here already is not taken again.",
        ),
    },
)
def group() -> None:
    """What was captured, and what is missing."""


@group.command("status", cls=Command, examples=["mhc capture status", "mhc capture status -o json"])
@_room
@output_options(fields=STATUS)
@common_options
@click.pass_context
def status(ctx: click.Context, out: Writer, room: str | None) -> None:
    """Show what each listener does; without the database, what those of this machine said last."""
    from mhc.store import coverage, history, streams

    wanted = None if room is None else username(room)
    state_dir = settings(ctx).state_dir
    try:
        with database(ctx) as db, db.read() as conn:
            known = streams.list_all(conn, wanted)
            gaps = coverage.gap_counts(conn)
            made = {one.id: coverage.made_ids(conn, one.id) for one in known}
            latest = {one.id: history.latest_id(conn, one.id) for one in known}
    except UnavailableError as error:
        out.warn(f"{error.message}; these are the listeners of this machine")
        rows = [*beat_rows(state_dir), *standby_rows(state_dir)]
        rows = [row for row in rows if wanted in {None, row["room"]}]
        out.rows(STATUS, out.ordered(STATUS, rows), nothing="nobody has listened yet: mhc listen")
        return
    rows = [
        row
        | {"gaps": gaps.get(one.id, 0), "made_ids": made[one.id]}
        | ({} if row["spooled"] and row["last_event_id"] else {"last_event_id": latest[one.id]})
        for one, row in zip(known, listener_rows(state_dir, known), strict=True)
    ]
    rows += [row for row in standby_rows(state_dir) if wanted in {None, row["room"]}]
    out.rows(STATUS, out.ordered(STATUS, rows), nothing="nobody has listened yet: mhc listen")


def standby_rows(state_dir: Path) -> list[dict[str, object]]:
    """Give who waits on this machine to take over, and from whom."""
    from mhc.capture.health import read_standbys

    return [_row(None, beat) for beat in read_standbys(state_dir)]


def beat_rows(state_dir: Path) -> list[dict[str, object]]:
    """Give what the listeners of this machine said last, without the database."""
    from mhc.capture.health import read_beats

    return [_row(None, beat) | {"state": _said(beat)} for beat in read_beats(state_dir)]


def listener_rows(state_dir: Path, known: "Sequence[Stream]") -> list[dict[str, object]]:
    """Give for each stream how its listener does: `gaps`, `made_ids` and `last_event_id` are the caller's."""
    from mhc.capture import left
    from mhc.capture.health import read_beats
    from mhc.capture.lock import StreamLock, known_owner_id

    own = known_owner_id(state_dir)
    beats = {(b.room, b.kind, b.host): b for b in read_beats(state_dir)}
    spooled = {one.path.stem: one.pages for one in left.read(state_dir)}
    rows = []
    for one in known:
        alive = StreamLock(state_dir, one.lock_name).is_taken()
        row = _row(one, beats.get((one.room, one.kind, one.host)), own, alive=alive)
        pages = 0 if alive else spooled.get(one.lock_name, 0)  # else it says itself how many there are
        if pages and not row["spooled"]:
            row |= {
                "spooled": pages,
                "detail": f"{counted(pages, 'page waits', 'pages wait')} for the database: mhc listen",
            }
        rows.append(row)
    return rows


def _row(
    stream: "Stream | None", beat: "Beat | None", own: str | None = None, *, alive: bool = False
) -> dict[str, object]:
    """Put together what the database knows of a stream and, where it is this machine's, what its listener said."""
    row: dict[str, object] = dict.fromkeys(field.name for field in STATUS) | {"spooled": 0}
    ours = stream is None or stream.owner in {None, own}
    if beat is not None and ours:
        row |= {name: value for name, value in asdict(beat).items() if name in row}
    if stream is not None:
        row |= {"room": stream.room, "kind": stream.kind, "host": stream.host}
        row |= {"epoch": stream.epoch, "owner": stream.owner}
        if not row["spooled"]:  # else the database does not know of the last one yet
            row |= {"last_poll_at": stream.last_poll_ok_at}
        row |= {"state": _state(stream, beat, own, alive=alive)}
    return row


def _state(stream: "Stream", beat: "Beat | None", own: str | None, *, alive: bool) -> str:
    """Say how a listener does: the lease in the database decides who it is, then what that one said last."""
    if stream.owner in {None, own} and beat is not None and _failed(beat):
        return beat.state
    if stream.epoch == 0:
        return "never started"
    if stream.owner is None:
        return "stopped"
    if stream.owner != own:
        held = stream.lease_expires_at is not None and stream.lease_expires_at > utc_now()
        return "listening" if held else "dead"
    if not alive:
        return "dead"
    return beat.state if beat is not None else "listening"


def _failed(beat: "Beat") -> bool:
    """Whether it is to be tried again by a process that lives."""
    from mhc.capture.health import FAILED, is_alive

    return beat.state == FAILED and is_alive(beat)


def _said(beat: "Beat") -> str:
    """Give what a listener of this machine said last, unless its process is gone by now."""
    from mhc.capture.health import is_alive

    return beat.state if beat.state == "stopped" or is_alive(beat) else "dead"


@group.command("gaps", cls=Command, examples=["mhc capture gaps", "mhc capture gaps -o json"])
@_room
@output_options(fields=GAPS)
@common_options
@click.pass_context
def gaps(ctx: click.Context, out: Writer, room: str | None) -> None:
    """List the times for which events are, or may be, missing; the latest first."""
    from mhc.store import coverage

    with database(ctx) as db, db.read() as conn:
        found = coverage.gaps(conn, None if room is None else username(room))
    rows = [
        {"room": g.room, "from": g.from_at, "to": g.to_at, "cause": g.cause, "certainty": g.certainty}
        for g in found
    ]
    out.rows(GAPS, out.ordered(GAPS, rows), nothing="no gaps are known")


@group.command("coverage", cls=Command, examples=["mhc capture coverage"])
@_room
@output_options(fields=COVERAGE)
@common_options
@click.pass_context
def covered(ctx: click.Context, out: Writer, room: str | None) -> None:
    """List the times that were captured without a break; the latest first."""
    from mhc.store import coverage

    with database(ctx) as db, db.read() as conn:
        found = coverage.covered(conn, None if room is None else username(room))
    rows = [{"room": c.room, "from": c.from_at, "to": c.to_at, "length": c.to_at - c.from_at} for c in found]
    out.rows(COVERAGE, out.ordered(COVERAGE, rows), nothing="nothing was captured yet: mhc listen")


@group.command(
    "rejected",
    cls=Command,
    examples=["mhc capture rejected", "mhc capture rejected -o ndjson", "mhc capture rejected --retry"],
)
@click.option(
    "--retry", is_flag=True, help="Try them again, as after an upgrade; what is an event now moves."
)
@unmask_options(
    reveal="With --private: show what was received.", private="With --reveal: show what was received."
)
@_room
@write_options
@output_options(fields=REJECTED)
@common_options
@click.pass_context
def rejected(
    ctx: click.Context,
    /,
    out: Writer,
    retry: bool,
    private: bool,
    reveal: bool,
    room: str | None,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """List what came in the feed and could not become an event; the latest first.

    It may be a private message, or name who tipped anonymously: nobody can tell what is no event. With --retry, what
    is left is listed.
    """
    from mhc.store import coverage

    name = None if room is None else username(room)
    with database(ctx) as db:
        if retry:
            _retry(ctx, db, name, write=not dry_run)
        with db.read() as conn:
            found = coverage.rejected(conn, name)
    shown = private and reveal
    rows = [
        asdict(one) | {"body": one.body.decode(errors="backslashreplace") if shown else None} for one in found
    ]
    out.rows(REJECTED, out.ordered(REJECTED, rows), nothing="nothing was rejected")


def _retry(ctx: click.Context, db: "Database", room: str | None, *, write: bool) -> None:
    from mhc.capture.retry import retry

    done = retry(db, settings(ctx).merge_gap, room, write=write)
    verb = "became" if write else "would become"
    say(ctx, f"{counted(done.events, verb + ' an event', verb + ' events')}, {done.rest} stay")
