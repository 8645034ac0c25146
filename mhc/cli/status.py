"""`mhc status`: one screen of what is going on now."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from socket import gethostname
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database, settings, utc_now
from mhc.cli.options import Command, Shared, common_options, record_options
from mhc.cli.output import Field, Writer, screen
from mhc.cli.table import duration
from mhc.cli.terminal import clear_screen, pause
from mhc.domain.counted import counted
from mhc.domain.text import encode
from mhc.errors import TryLaterError, UnavailableError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.config import Settings
    from mhc.reports.sessions import Row
    from mhc.reports.status import Status
    from mhc.store.database import Database
    from mhc.store.runs import Run

GAPS_SHOWN = 5
_LISTENER = ("room", "state", "since", "last_poll_at", "detail", "kind", "host")
_LIVE = ("id", "room", "started_at", "title", "tokens", "tips", "tippers", "unique_visitors")
# What JSON holds, and after it the same as lines for a reader.
FIELDS = (
    Field("listeners", "json", "Each listener, as capture status has it.", table=False, secrecy="open"),
    Field(
        "live",
        "json",
        "Each session that goes on now, with its figures.",
        table=False,
        inside=frozenset({"tokens", "tips"}),
    ),
    Field("jobs", "json", "The last run of each job.", table=False, secrecy="open"),
    Field(
        "gaps",
        "json",
        "Times of the last 7 days for which events may be missing.",
        table=False,
        secrecy="open",
    ),
    Field("events", "int", "Events stored.", table=False),
    Field("events_exact", "bool", "Whether they were counted; above 100,000 it is an estimate.", table=False),
    Field("people", "int", "People known.", table=False),
    Field("bytes", "int", "Size of the database.", table=False),
    Field("database", "text", "Which database, without its password.", table=False, foreign=False),
    Field("listener", "lines", "Room, state, since when, what is the matter.", json=False, secrecy="open"),
    Field(
        "session",
        "lines",
        "Room, start, length, tokens, tippers, visitors.",
        json=False,
        inside=frozenset({"tokens"}),
    ),
    Field("runs", "lines", "Job, start, state; what is wrong with jobs.", json=False, secrecy="open"),
    Field("missing", "lines", "The latest gaps of the last 7 days.", json=False, secrecy="open"),
    Field("holds", "text", "Events, people, size.", json=False),
)


@dataclass(frozen=True, slots=True)
class Now:
    """What is known at one moment; without the database (`said` None) only the listeners of this machine."""

    at: datetime
    listeners: Sequence[Mapping[str, object]]
    said: "Status | None"
    database: str
    troubles: Sequence[tuple[str, str]] = ()  # with jobs


@click.command(
    cls=Command,
    examples=["mhc status", "mhc status --short", "mhc status --watch --interval 2", "mhc status -o json"],
)
@click.option("--short", is_flag=True, help="One line a room, for a prompt or a status bar.")
@click.option("--watch", is_flag=True, help="Show it again and again, until stopped.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: how often.",
)
@click.option("--include-excluded", is_flag=True, help="Count excluded people in the live session, too.")
@record_options(fields=FIELDS)
@common_options
@click.pass_context
def command(
    ctx: click.Context, /, out: Writer, short: bool, watch: bool, interval: float, include_excluded: bool
) -> None:
    """One screen: listener, live session, last runs, gaps, sizes.

    Asks the database only. Beyond 100,000 the number of events is an estimate. With --watch, JSON is one line a time.
    """
    with database(ctx) as db:
        if not watch:
            _print(out, _read(settings(ctx), db, out, include_excluded=include_excluded), short=short)
            return
        out.format = "ndjson" if out.format == "json" else out.format
        first = True
        while True:
            out.screen = screen(ctx.ensure_object(Shared).color)
            now = _read(settings(ctx), db, out, include_excluded=include_excluded)
            clear_screen()
            if not first and out.format == "tsv" and not short:
                click.echo()
            _print(out, now, short=short)
            first = False
            pause(interval)


def _read(loaded: "Settings", db: "Database", out: Writer, *, include_excluded: bool) -> Now:
    from mhc.cli.capture import beat_rows
    from mhc.jobs import planning
    from mhc.reports import status

    at = utc_now()
    try:
        with db.read() as conn:
            listeners = known_listeners(loaded, conn)
            said = status.read(db, conn, at, loaded.merge_gap, include_excluded=include_excluded)
            troubles = planning.troubles(planning.plans(conn, loaded, gethostname(), at))
    except (UnavailableError, TryLaterError) as error:
        out.warn(f"{error.message}; these are the listeners of this machine")
        return Now(at, [_listener(row) for row in beat_rows(loaded.state_dir)], None, db.name)
    return Now(at, listeners, said, db.name, troubles)


def known_listeners(loaded: "Settings", conn: "Connection") -> list[dict[str, object]]:
    """Give how each listener does; own rooms that nobody listened to yet are among them."""
    from mhc.cli.capture import listener_rows
    from mhc.store import streams

    rows = [_listener(row) for row in listener_rows(loaded.state_dir, streams.list_all(conn))]
    seen = {row["room"] for row in rows}
    never = dict.fromkeys(_LISTENER) | {"state": "never started"}
    return rows + [never | {"room": one.name} for one in loaded.rooms if one.name not in seen]


def _listener(row: Mapping[str, object]) -> dict[str, object]:
    """Take what belongs to the state of things; a heartbeat's times are text."""
    times = {name: _time(row[name]) for name in ("since", "last_poll_at")}
    return {name: row[name] for name in _LISTENER} | times | {"detail": row["detail"] or None}


def _time(value: object) -> object:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _print(out: Writer, now: Now, *, short: bool) -> None:
    if short and out.format in {"table", "tsv", "csv", "name"}:
        live, hidden = () if now.said is None else now.said.live, out.on_stream()
        for line in short_lines(now.listeners, live, now.at, out.screen.dot, hidden=hidden):
            click.echo(out.screen.printable(encode(line)))
        return
    body = dict.fromkeys(field.name for field in FIELDS) | {"database": now.database}
    out.record(FIELDS, body | _body(now.listeners) | ({} if now.said is None else _stored(now.said, now)))
    if now.said is not None and now.said.excluded:
        out.message(f"{now.said.excluded} excluded")
    if not now.listeners:
        out.message("nothing was captured yet: mhc init, then mhc listen")


def _body(listeners: Sequence[Mapping[str, object]]) -> dict[str, object]:
    shown = [
        {"room": one["room"], "state": one["state"], "since": one["since"], "detail": one["detail"]}
        | ({} if one["kind"] in {None, "live"} else {"kind": one["kind"]})
        for one in listeners
    ]
    return {"listeners": listeners, "listener": shown}


def _stored(said: "Status", now: Now) -> dict[str, object]:
    """Give what comes from the database: as JSON has it, and as lines."""
    gaps = [
        {"room": g.room, "from": g.from_at, "to": g.to_at, "cause": g.cause, "certainty": g.certainty}
        for g in said.gaps
    ]
    more = len(gaps) - GAPS_SHOWN
    rest = [f"{more} more: mhc capture gaps"] if more > 0 else []
    sizes = said.sizes
    about = "" if sizes.exact else "about "
    return {
        "live": [{name: getattr(one, name) for name in _LIVE} for one in said.live],
        "jobs": [asdict(run) for run in said.jobs],
        "gaps": gaps,
        "events": sizes.events,
        "events_exact": sizes.exact,
        "people": sizes.people,
        "bytes": sizes.bytes,
        "session": [_session(one, now.at) for one in said.live],
        "runs": [*map(_run, said.jobs), *(f"{job}: {problem}" for job, problem in now.troubles)],
        "missing": [*gaps[:GAPS_SHOWN], *rest],
        "holds": f"{about}{counted(sizes.events, 'event')}, {counted(sizes.people, 'person', 'people')},"
        f" {_size(sizes.bytes)}",
    }


def _run(run: "Run") -> dict[str, object]:
    error = None if run.state == "skipped" else run.error
    return {"job": run.job, "started_at": run.started_at, "state": run.state, "error": error}


def _session(row: "Row", at: datetime) -> dict[str, object]:
    return {
        "room": row.room,
        "since": row.started_at,
        "length": duration(at - row.started_at),
        "title": row.title,
        "tokens": f"{row.tokens:,} tk",
        "tippers": counted(row.tippers, "tipper"),
        "people": None if row.unique_visitors is None else counted(row.unique_visitors, "visitor"),
    }


def short_lines(
    listeners: Iterable[Mapping[str, object]], live: "Iterable[Row]", at: datetime, dot: str, *, hidden: bool
) -> Iterator[str]:
    """Give a line for each room: whether it is live, for how long, with what, and how its listener does.

    `dot` stands before how the listener does, `hidden` leaves out amounts.
    """
    states: dict[str, object] = {}
    for one in listeners:
        if one["kind"] in {None, "live"} and states.get(str(one["room"])) != "listening":
            states[str(one["room"])] = one["state"]
    sessions = {row.room: row for row in live}
    for room in [*states, *(room for room in sessions if room not in states)]:
        row = sessions.get(room)
        words = [room, "offline"]
        if row is not None:
            words = [
                room,
                "live",
                duration(at - row.started_at),
                *([] if hidden else [f"{row.tokens:,} tk"]),
                counted(row.tippers, "tipper"),
            ]
        yield f"{' '.join(words)}{dot}{states.get(room, 'never started')}"


def _size(number: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"
