"""`mhc person list|search`: people with their sums."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from mhc.cli.context import database
from mhc.cli.lookups import rooms
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.person import filters
from mhc.cli.person.figures import REVEAL, room_option
from mhc.cli.presence import say_if_unheard
from mhc.cli.unmasking import unmask_options
from mhc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from mhc.store.roll import Listed, Roll

PEOPLE = (
    Field("username", "username", "The name they go by now."),
    Field("role", "text", "viewer, model, both or unknown.", foreign=False),
    Field("last_seen_at", "time", "When they did something last.", header="last seen"),
    Field("tokens", "int", "Tokens here: tips and media.", secrecy="amount"),
    Field("tips", "int", "Tips here.", secrecy="amount"),
    Field("watchlists", "list", "The lists they are on.", header="lists"),
    Field("excluded", "bool", "Whether they are left out of figures.", header="excl"),
    Field("rating", "int", "1 to 5.", table=False),
    Field("first_seen_at", "time", "When they did something first.", table=False),
)
_KEYS = [field.name for field in PEOPLE if field.name not in {"watchlists", "excluded"}]
_NOBODY = "nobody: mhc listen meets people, mhc person add NAME adds one"
_NOBODY_SUCH = "nobody of whom all of this is so: mhc person list"
_NO_MATCH = "nobody goes or went by such a name"


@click.command(
    "list",
    cls=Command,
    examples=[
        "mhc person list",
        "mhc person list --role viewer --sort tokens:desc -L 10",
        "mhc person list --segment tippers --since 30d --no-excluded -o ndjson",
        "mhc person list --list Friends --rating 3+ -o name",
    ],
    epilog=filters.SEGMENT_HELP,
)
@filters.filter_options
@unmask_options(reveal=REVEAL)
@room_option
@output_options(fields=PEOPLE, sort_keys=_KEYS)
@common_options
@click.pass_context
def list_people(ctx: click.Context, /, out: Writer, reveal: bool, room: str | None, **asked: Any) -> None:
    """List the people you have met, the last seen first, equals by name.

    Several filters must all hold. Excluded people are listed too, and marked.
    """
    from mhc.store import roll as people

    with database(ctx) as db, db.read() as conn:
        roll = _sorted(out, filters.read(ctx, conn, room, reveal=reveal, asked=asked))
        if roll.live and roll.online is None:
            say_if_unheard(out, conn, roll.room_ids)
        found = people.list_people(conn, roll, out.limit)
        rows = _rows(conn, found)
        total = _total(out, found, lambda: people.count_people(conn, roll))
    out.rows(PEOPLE, rows, total=total, nothing=_NOBODY_SUCH if any(asked.values()) else _NOBODY)


@click.command("search", cls=Command, examples=["mhc person search one", "mhc person search _old -o name"])
@click.argument(
    "text", metavar="TEXT", help="Any part of a name that they have or had; - reads a text that names them."
)
@unmask_options(reveal=REVEAL)
@room_option
@output_options(fields=PEOPLE, sort_keys=_KEYS)
@common_options
@click.pass_context
def search(ctx: click.Context, out: Writer, text: str, reveal: bool, room: str | None) -> None:
    """List the people whose name, now or once, contains a text.

    First who is called just so, then whose name begins so, then the others, each by the name that fits. With - it lists
    whom you know of those whom a text on stdin names, in its order: at @, in a link, at the start of a line, or so.
    """
    from mhc.store import roll as people
    from mhc.store import search as names

    part = text.strip().lstrip("@")
    if not part:
        raise UsageError("search for what?", hint="mhc person list")
    with database(ctx) as db, db.read() as conn:
        roll = people.Roll(rooms(ctx, conn, room).ids, like=part, reveal=reveal)
        if part == "-":
            rows = _rows(conn, names.named_in(conn, roll, sys.stdin.read()))
            out.rows(PEOPLE, out.ordered(PEOPLE, rows), total=len(rows), nothing="it names nobody you know")
            return
        if out.sort is None:
            found = names.by_name(conn, roll, part, out.limit)
        else:
            found = people.list_people(conn, _sorted(out, roll), out.limit)
        rows, total = _rows(conn, found), _total(out, found, lambda: names.count(conn, roll, part))
    out.rows(PEOPLE, rows, total=total, nothing=_NO_MATCH)


def _sorted(out: Writer, roll: "Roll") -> "Roll":
    return roll if out.sort is None else replace(roll, sort=out.sort.key, descending=out.sort.descending)


def _total(out: Writer, found: "Sequence[Listed]", count: "Callable[[], int]") -> int | None:
    """Give how many there are without the limit, where a table says so."""
    if out.format != "table":
        return None
    return len(found) if out.limit is None or len(found) < out.limit else count()


def _rows(conn: "Connection", found: "Sequence[Listed]") -> list[dict[str, object]]:
    """Give people with the lists they are on."""
    from mhc.store import watchlists
    from mhc.store.people import CHUNK, roots_of_rows
    from mhc.store.schema import EXCLUDED

    rows = roots_of_rows(conn, [one.id for one in found]) if len(found) <= CHUNK else None
    lists = watchlists.names_by_root(conn, rows)
    return [
        one._asdict() | {"watchlists": lists.get(one.id, []), "excluded": EXCLUDED in lists.get(one.id, [])}
        for one in found
    ]
