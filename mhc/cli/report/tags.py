"""`mhc report tags`: which tags go with tokens, and on which a viewer spends."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.lookups import person
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.report.asking import About, Asked, Drawn, ask, clock, report_options, show

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.cli.page import Picture
    from mhc.domain.periods import Clock

NO_TAG = "(no tag)"
TAGS = (
    Field("tag", "text", "The tag; null: of all subjects, or models, without any.", absent=NO_TAG),
    Field("tokens", "int", "What was paid while the subject had it; of a viewer what the source says.", secrecy="amount"),
    Field("hours", "int", "Hours live and captured with it; null of a viewer."),
    Field("per_hour", "int", "The tokens by that hour; null of a viewer.", header="per hour", secrecy="amount", bar=True),
    Field("sessions", "int", "In how many sessions it was seen; null of a viewer."),
    Field("first_on", "text", "The first day with it in that time, in the display time zone; null of a viewer.",
          header="first", table=False, foreign=False),
    Field("last_on", "text", "The last one.", header="last", foreign=False),
    Field("models", "int", "Of a viewer: how many models with it, as the source counts them.", table=False, secrecy="open"),
    Field("source", "text", "Of a viewer: who says so; what statbate.member_top_models says is by the tags that the feed of "
          "rooms last had.", table=False, foreign=False),
    Field("range", "text", "Of a viewer: the time that the figures are of.", table=False, foreign=False),
    Field("captured_at", "time", "Of a viewer: when the source said so.", header="read", table=False),
)  # fmt: skip
_OF_VIEWER = frozenset({"tag", "tokens", "models", "source", "range", "captured_at"})
_UNKNOWN: Mapping[str, object] = {field.name: None for field in TAGS}
_DRAWN = 30  # tags on a page

Shown = dict[str, object]


@click.command(
    "tags",
    cls=Command,
    examples=["mhc report tags --since 90d", "mhc report tags viewer_one --json"],
)
@click.argument(
    "name",
    metavar="[NAME]",
    required=False,
    shell_complete=complete.people,
    help="A viewer (default: the room).",
)
@report_options
@output_options(fields=TAGS)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    name: str | None,
    include_excluded: bool,
    require_complete: bool,
    html: Path | None,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """Show which tags of the room's subject go with tokens, by the hour live and captured; of NAME where they spend.

    A subject has several tags: rows overlap, and never add up to the whole. With NAME it is what Statbate said last, in
    each range, of their spending by tag, and of the models that they spent most on, by the tags that these rooms have.
    JSON is one object: range, timezone, room, sources, coverage, excluded, username, tokens, hours and per_hour of the
    whole room, unknown (tokens and hours whose subject is not known), models (of NAME) and rows.
    """
    with database(ctx) as db, db.read() as conn:
        whom = None if name is None else person(conn, name)
        asked = ask(ctx, conn, room=room, since=since, until=until, require_complete=require_complete)
        if whom is None:
            about, rows = _of_room(conn, out, asked, clock(ctx, out), include_excluded=include_excluded)
        else:
            about, rows = _of_viewer(conn, asked, whom.id, whom.username)
    fields = TAGS if whom is None else [replace(field, table=field.name in _OF_VIEWER) for field in TAGS]
    title = "Which tags go with tokens" if whom is None else f"On which tags {whom.username} spends"
    nothing = (
        "no subject is known of that time, live and captured: mhc session list, mhc capture coverage"
        if whom is None
        else f"no reading of that time: mhc snapshot pull {whom.username} --source statbate.member_tag_spending"
    )
    drawn = Drawn(title, pictures=partial(_pictures, rows, "per_hour" if whom is None else "tokens"))
    show(out, asked, about, fields, out.ordered(TAGS, rows), nothing=nothing, drawn=drawn, html=html)


def _of_room(
    conn: "Connection", out: Writer, asked: Asked, days: "Clock", *, include_excluded: bool
) -> tuple[About, list[Shown]]:
    from mhc.reports import tags
    from mhc.store.counting import Scope

    scope = Scope(asked.rooms.ids, asked.range.start, asked.range.end)
    found = tags.read(conn, scope, tags.Asked(days, utc_now(), include_excluded))
    whole, unknown = found.whole, found.unknown
    if whole is not None and whole.per_hour is not None and not out.on_stream():
        out.message(f"the whole room: {whole.per_hour:,.2f} tokens an hour, in {whole.hours:,.2f} hours live")
    if unknown is not None and unknown.hours:
        out.message(f"of {unknown.hours:,.2f} hours the subject is not known")
    more = {
        "username": None,
        **dict.fromkeys(("tokens", "hours", "per_hour"), None),
        **(whole._asdict() if whole is not None else {}),
        "unknown": {name: getattr(unknown, name, None) for name in ("tokens", "hours")},
        "models": None,
    }
    about = About(found.sources, asked.seen, found.excluded, more)
    return about, [{**_UNKNOWN, **asdict(row)} for row in found.rows]


def _of_viewer(conn: "Connection", asked: Asked, who: int, username: str) -> tuple[About, list[Shown]]:
    from mhc.reports import tags_elsewhere
    from mhc.store import people

    found = tags_elsewhere.read(conn, people.members(conn, who), asked.range.start, asked.range.end)
    more = {
        "username": username,
        "tokens": None,
        "hours": None,
        "per_hour": None,
        "unknown": None,
        "models": [one._asdict() for one in found.models],
    }
    return About(found.sources, None, 0, more), [{**_UNKNOWN, **asdict(row)} for row in found.rows]


def _by_source(rows: Sequence[Shown]) -> list[list[Shown]]:
    """Give rows that may be compared: of one source and one range."""
    return [list(some) for _key, some in groupby(rows, key=lambda row: (row["source"], row["range"]))]


def _figure(row: Shown, name: str) -> float:
    value = row[name]
    return value if isinstance(value, int | float) else 0


def _pictures(rows: Sequence[Shown], figure: str) -> "Sequence[Picture]":
    from mhc.cli.pictures import bars

    found = []
    for some in _by_source(rows):
        values = [(str(row["tag"] or NO_TAG), _figure(row, figure)) for row in some[:_DRAWN]]
        what = " ".join(str(some[0][name]) for name in ("source", "range") if some[0][name])
        said = f"tokens by tag: {what}" if what else "tokens by the hour live, by tag"
        found.append(bars(values, said))
    return found
