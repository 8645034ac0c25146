"""`mhc snapshot show`: one reading, and where each of its figures comes from."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from mhc.cli import complete
from mhc.cli.context import database
from mhc.cli.lookups import past_instant
from mhc.cli.lookups import person as find_person
from mhc.cli.options import Command, common_options, record_options
from mhc.cli.output import Field, Writer
from mhc.cli.snapshot.questions import Narrowed, choose, fitting, question_options
from mhc.domain.clock import iso_z
from mhc.domain.text import encode
from mhc.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from mhc.store.series import Said, Taken

SHOWN = (
    Field("id", "id", "The number of the reading."),
    Field("username", "username", "Whom it is about; null: nobody, as a ranking."),
    Field("source", "text", "statbate.OPERATION, stats or apistats.", foreign=False),
    Field("range", "text", "The time that its figures are of; empty: a whole life.", foreign=False),
    Field("subject", "text", "Whom or what it is about beside the person; else empty."),
    Field("captured_at", "time", "When the source said so."),
    Field("changed", "bool", "Whether it said something new; so does the first reading."),
    Field("payload", "text", "SHA-256 of what the source said, which is stored once.", secrecy="open"),
    Field("metrics", "lines", "Its figures: name, value, unit, kind, and the field of the answer.", secrecy="amount"),
)  # fmt: skip


class Figure(NamedTuple):
    """One figure of a reading."""

    name: str
    value: Any
    unit: str | None
    kind: str
    field: str


class _Found(NamedTuple):
    reading: "Taken"
    ids: Sequence[int] | None


@click.command(
    "show",
    cls=Command,
    examples=[
        "mhc snapshot show viewer_one",
        "mhc snapshot show viewer_one --source statbate.member_info --at 2026-01-15",
        "mhc snapshot show 1 --raw",
    ],
)
@click.argument(
    "which",
    metavar="ID|NAME",
    help="The number of a reading, or a person: their last one. A name of digits alone: @123.",
    shell_complete=complete.people,
)
@question_options
@click.option("--at", metavar="TIME", help="The last reading at or before then.")
@click.option("--raw", is_flag=True, help="Print what the source said, as it came.")
@record_options(fields=SHOWN)
@common_options
@click.pass_context
def show(ctx: click.Context, out: Writer, which: str, narrowed: Narrowed, at: str | None, raw: bool) -> None:
    """Show one reading: each figure with its unit and where it comes from.

    `payload` is the hash of the answer that they were read from; --raw prints that answer.
    """
    from mhc.store import people, series

    until = None if at is None else past_instant(ctx, at)
    with database(ctx) as db, db.read() as conn:
        found = _by_number(conn, which) if which.isdecimal() else _by_name(conn, which, narrowed, until)
        reading = found.reading
        asked = series.question(conn, reading.source_id)
        said = series.said(conn, reading.payload_id)
        before = series.before(conn, found.ids, reading)
        root = None if reading.person_id is None else people.root_of(conn, reading.person_id)
        username = None if root is None else people.names_by_id(conn, [root])[root]
    if raw:
        _print_raw(out, said, reading.id)
        return
    figures = _figures(asked.source, said, table=out.format == "table")
    out.record(
        SHOWN,
        {
            "id": reading.id,
            "username": username,
            **{name: getattr(asked, name) for name in ("source", "range", "subject")},
            "captured_at": reading.captured_at,
            "changed": before is None or before.payload_id != reading.payload_id,
            "payload": said.hash.hex(),
            "metrics": figures,
        },
    )


def _by_number(conn: "Connection", text: str) -> _Found:
    from mhc.store import people, series

    found = series.by_id(conn, int(text)) if len(text) < 10 else None
    if found is None:
        raise NotFoundError(f"no reading has the number {text}", hint="mhc snapshot list")
    if found.person_id is None:
        return _Found(found, None)
    return _Found(found, people.members(conn, people.root_of(conn, found.person_id)))


def _by_name(conn: "Connection", name: str, narrowed: Narrowed, until: "datetime | None") -> _Found:
    """Give the last reading of what was asked of a person."""
    from mhc.store import people, series

    who = find_person(conn, name)
    ids = people.members(conn, who.id)
    asked = series.questions(conn, ids)
    left = fitting(asked, narrowed)
    last = [one for question in left if (one := series.latest(conn, ids, question.id, until)) is not None]
    if not left:
        choose(who.username, asked, narrowed)  # says what there is
    if not last:
        then = "" if until is None else f" at or before {iso_z(until)}"
        raise NotFoundError(f"no reading of {who.username}{then}", hint=f"mhc snapshot list {who.username}")
    return _Found(max(last), ids)


def _figures(source: str, said: "Said", *, table: bool) -> list[Figure]:
    from mhc.reports.snapshots import known

    absent = "-" if table else None
    return [
        Figure(
            one.name,
            absent if (value := said.metrics[one.name]) is None else value,
            one.unit,
            one.kind.value,
            one.origin,
        )
        for one in known(source)
        if one.name in said.metrics
    ]


def _print_raw(out: Writer, said: "Said", number: int) -> None:
    if out.on_stream():
        raise UsageError("MHC_SCREEN_SAFE is set, and what a source said hides nothing")
    if said.body is None:
        raise NotFoundError(
            f"what was said in reading {number} is gone", hint="[retention] payloads in config.toml"
        )
    text = said.body.decode(errors="replace")
    if out.screen.is_terminal:
        text = "\n".join(encode(line, limit=None) for line in text.splitlines())
    sys.stdout.write(text + "\n")
