"""`mhc report digest`: what happened since the last session, for a mail or a message."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli import completeness
from mhc.cli.context import database, settings, utc_now
from mhc.cli.digest import FORMS, Form, Said, written
from mhc.cli.lookups import rooms, time_range
from mhc.cli.options import Command, common_options, record_options
from mhc.cli.output import Field, Writer
from mhc.cli.report.asking import Asked, ask, coverage, report_options, warn_of_missing, write_page
from mhc.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.reports.digest import Digest

_READ = frozenset({"table", "tsv"})  # what auto gives on a terminal and in a pipe
_TOKENS = frozenset({"tokens"})
DIGEST = (
    Field("range", "json", "Of which time: since and until; null is open.", secrecy="open"),
    Field("timezone", "text", "The zone in which times were read.", foreign=False),
    Field("room", "text", "The room; null is every room."),
    Field("sources", "list", "What was read: events, memory (what you typed, and names), jobs.", foreign=False),
    Field("coverage", "json", "How much of the time was captured; null where nothing is known.", secrecy="open"),
    Field("excluded", "int", "How many people were left out."),
    Field("big", "int", "How many tokens make a big tipper."),
    Field("session", "json", "The last session of that time; null where there is none.",
          inside=frozenset({"tokens", "tips", "best_tokens"})),
    Field("sessions", "int", "How many sessions touch that time; null where nothing was captured, and there is none."),
    Field("returned", "json", "Regulars who came back after five sessions or more, who missed most first.", secrecy="open"),
    Field("missing", "json", "Regulars who missed their fifth session in a row, by name.", secrecy="open"),
    Field("big_tippers", "json", "Who paid --big tokens in that time, and never so much before.", inside=_TOKENS),
    Field("first_tips", "json", "Who tipped by name for the first time.", inside=_TOKENS),
    Field("renames", "json", "Who goes by another name.", secrecy="open"),
    Field("added", "json", "Who was put on which list.", secrecy="open"),
    Field("removed", "json", "Who was taken off which list.", secrecy="open"),
    Field("came", "json", "Who is on a list, and was there or paid.", inside=_TOKENS),
    Field("followers", "json", "How often somebody began and ceased to follow.", secrecy="open"),
    Field("failed_jobs", "json", "Jobs of which a run failed or died.", secrecy="open"),
    Field("gaps", "json", "When events are, or may be, missing.", secrecy="open"),
)  # fmt: skip


@click.command(
    "digest",
    cls=Command,
    examples=[
        "mhc report digest",
        "mhc report digest --since 30d --json",
        "mhc report digest -q --since 1d --format markdown",
    ],
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    help="Write it to be read: for a mail or a message, or as one web page.",
)
@click.option(
    "--big", type=click.IntRange(1), metavar="N", help="So many tokens make a big tipper (default: 500)."
)
@report_options
@record_options(fields=DIGEST)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    form: Form | None,
    big: int | None,
    include_excluded: bool,
    require_complete: bool,
    html: Path | None,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """Show what happened since the last session began: the session, people, lists, followers, and what went wrong.

    Without --since it is of the last session, and all that came after it. A terminal shows it as text. No text of
    anybody is in it, and nobody who tipped anonymously. Where nothing happened --format, and a terminal, leave stdout
    empty, and a line on stderr says so, but with -q: cron mails nothing then. Where nothing was captured, and so nobody
    knows, that is said even with -q. JSON and the other formats of -o, those in
    a pipe too, are whole even so.
    """
    from mhc.reports import digest

    if form is not None and out.format not in _READ:
        raise UsageError(f"--format {form} and -o {out.format} contradict each other")
    if html is not None and form not in {None, "html"}:
        raise UsageError(f"--format {form} and --html contradict each other")
    loaded = settings(ctx)
    with database(ctx) as db, db.read() as conn:
        begin = since if since is not None else _last_session(ctx, conn, room, until)
        asked = ask(ctx, conn, room=room, since=begin, until=until, require_complete=require_complete)
        found = digest.read(
            conn,
            digest.Asked(
                asked.range,
                asked.rooms.ids,
                utc_now(),
                loaded.merge_gap,
                list(loaded.jobs),
                big or digest.BIG,
                include_excluded,
            ),
        )
    said = Said(found, asked.range, asked.rooms.name, out.tz, out.on_stream())
    read = form or ("text" if out.format == "table" and out.names is None else None)
    if html is not None:
        write_page(out, html, written(said, "html"))
    elif read is None:
        _tell(out, found)
        out.record(DIGEST, _record(asked, found, str(loaded.timezone), big or digest.BIG))
    elif found.is_empty:
        out.message(said.nothing, unless_quiet=found.seen.is_any or found.seen.is_to_come)
    else:
        sys.stdout.write(written(said, read, out.screen))
    completeness.refuse(asked.hole)


def _last_session(ctx: click.Context, conn: "Connection", room: str | None, until: str | None) -> str | None:
    """Give the anchor of the last session; None where there is none yet."""
    from mhc.reports import digest

    end = time_range(ctx, conn, None, until).end
    last = digest.last_session(conn, rooms(ctx, conn, room).ids, end)
    return None if last is None else f"session:{last.id}"


def _record(asked: Asked, found: "Digest", zone: str, big: int) -> dict[str, object]:
    return {
        **{one.name: getattr(found, one.name) for one in DIGEST if hasattr(found, one.name)},
        "range": {"since": asked.range.start, "until": asked.range.end},
        "timezone": zone,
        "room": asked.rooms.name,
        "coverage": coverage(found.seen),
        "big": big,
    }


def _tell(out: Writer, found: "Digest") -> None:
    if found.excluded:
        out.message(f"{found.excluded} excluded")
    warn_of_missing(out, found.seen)
