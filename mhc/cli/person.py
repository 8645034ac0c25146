"""`mhc person`: the people you have met."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.help import Group
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import rooms, username
from mhc.cli.options import Command, common_options, output_options, record_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import each, say
from mhc.cli.unmasking import unmask_options
from mhc.errors import Exit, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.reports.card import Card
    from mhc.store.totals import Roll

ROLES = ("viewer", "model", "both", "unknown")
# What JSON holds, and after it what the card on a terminal shows in its place.
CARD = (
    Field("username", "username", "The name they go by now."),
    Field("platform", "text", "Where.", table=False),
    Field("role", "text", "viewer, model, both or unknown.", foreign=False),
    Field("aliases", "json", "Every name of theirs, the current ones first.", table=False),
    Field("formerly", "lines", "Other names, and until when.", json=False),
    Field("rid", "id", "The platform's number of their room.", table=False),
    Field("did", "id", "The platform's number of the person.", table=False),
    Field("first_seen_at", "time", "When they did something first."),
    Field("last_seen_at", "time", "When they did something last.", header="last seen"),
    Field("excluded", "bool", "Whether they are left out of figures.", table=False),
    Field("watchlists", "list", "The lists they are on."),
    Field("rating", "int", "1 to 5."),
    Field("notes", "json", "Every note, the newest first.", table=False),
    Field("latest_notes", "lines", "The last notes.", json=False),
    Field("tokens", "int", "Tokens here: tips and media.", json=False),
    Field("tokens_30d", "int", "Tokens of the last 30 days.", json=False),
    Field("tokens_90d", "int", "Tokens of the last 90 days.", json=False),
    Field("tips", "int", "Tips here.", json=False),
    Field("largest_tip", "int", "The largest one.", json=False),
    Field("first_tip_at", "time", "The first one.", json=False),
    Field("last_tip_at", "time", "The last one.", json=False),
    Field("visits", "int", "How often they came.", json=False),
    Field("median_stay", "duration", "How long they stay, of visits seen whole.", json=False),
    Field("messages", "int", "Public lines.", json=False),
    Field("private_messages", "int", "Private lines, of both sides.", json=False),
    Field("follows", "lines", "Whether they follow, and since when.", json=False),
    Field("last_lines", "lines", "Their last public lines.", json=False),
    Field("private_lines", "lines", "The last private lines, with --private.", table=False, json=False),
    Field("here", "json", "What they did in the room.", table=False),
    Field("elsewhere", "json", "What other sources know; null where none does.", table=False),
)
_COLUMNS = {"username", "role", "last_seen_at", "tokens", "tips", "visits", "watchlists", "rating"}
SEVERAL = tuple(replace(field, table=field.name in _COLUMNS) for field in CARD)
PRIVATE = tuple(replace(field, table=field.table or field.name == "private_lines") for field in CARD)
PEOPLE = (
    Field("username", "username", "The name they go by now."),
    Field("role", "text", "viewer, model, both or unknown.", foreign=False),
    Field("last_seen_at", "time", "When they did something last.", header="last seen"),
    Field("tokens", "int", "Tokens here: tips and media."),
    Field("tips", "int", "Tips here."),
    Field("watchlists", "list", "The lists they are on.", header="lists"),
    Field("excluded", "bool", "Whether they are left out of figures.", header="excl"),
    Field("rating", "int", "1 to 5.", table=False),
    Field("first_seen_at", "time", "When they did something first.", table=False),
)
_NOBODY = "nobody: mhc listen meets people, mhc person add NAME adds one"
_NO_MATCH = "nobody goes or went by such a name"

_room = click.option(
    "--room",
    metavar="ROOM",
    shell_complete=complete.rooms,
    help="Figures of this room (default: the own one, else all).",
)
_REVEAL = "Count what they tipped anonymously, too."


@click.group(cls=Group)
def group() -> None:
    """The people you have met."""


@group.command(
    "show",
    cls=Command,
    examples=["mhc person show viewer_one", "mhc person show viewer_one viewer_two --json"],
)
@click.argument(
    "names",
    metavar="NAME…",
    nargs=-1,
    required=True,
    help="A name, @name or room URL.",
    shell_complete=complete.people,
)
@unmask_options(reveal=_REVEAL, private="Show the last private lines.")
@_room
@record_options(fields=CARD)
@common_options
@click.pass_context
def show(
    ctx: click.Context, out: Writer, names: tuple[str, ...], reveal: bool, private: bool, room: str | None
) -> int:
    """Show all that is known of a person; of several, a list.

    A name that belongs to nobody now finds who had it. Looking somebody up creates nobody.
    """
    from mhc.reports import card

    rows: list[Mapping[str, object]] = []
    with database(ctx) as db, db.read() as conn:
        asked = card.Asked(utc_now(), rooms(ctx, conn, room).ids, reveal=reveal, private=private)

        def one(name: str) -> None:
            rows.append(_shown(card.read(conn, find_person(conn, name), asked)))

        status = each(ctx, names, one)
    if len(names) == 1:
        out.record(PRIVATE if private else CARD, rows[0])
    else:
        out.rows(SEVERAL, rows, limit=len(names))
    return status


def _shown(card: "Card") -> dict[str, object]:
    """Give a card as its fields."""
    former = [a for a in card.aliases if a.username != card.username or a.valid_to is not None]
    return {name: getattr(card, name) for name in card.__slots__} | {
        **card.here._asdict(),
        "formerly": [{"username": a.username, "until": a.valid_to} for a in former],
        "latest_notes": [
            {"at": n.happened_at or n.created_at, "category": n.category, "body": n.body}
            for n in card.notes[:3]
        ],
        "follows": [{"follows": card.followed[1], "since": card.followed[0]}] if card.followed else [],
        "last_lines": [{"at": line.at, "text": line.text} for line in card.last_lines],
        "private_lines": [asdict(line) for line in card.private_lines],
    }


@group.command(
    "list",
    cls=Command,
    examples=["mhc person list", "mhc person list --role viewer --sort tokens:desc -L 10"],
)
@click.option("--role", type=click.Choice(ROLES), help="These only.")
@unmask_options(reveal=_REVEAL)
@_room
@output_options(fields=PEOPLE, sort_keys=[f.name for f in PEOPLE if f.name not in {"watchlists", "excluded"}])
@common_options
@click.pass_context
def list_people(ctx: click.Context, out: Writer, role: str | None, reveal: bool, room: str | None) -> None:
    """List the people you have met, the last seen first, equals by name.

    Excluded people are listed too, and marked.
    """
    from mhc.store.totals import Roll

    with database(ctx) as db, db.read() as conn:
        _print(out, conn, Roll(rooms(ctx, conn, room).ids, role=role, reveal=reveal), _NOBODY)


@group.command("search", cls=Command, examples=["mhc person search one", "mhc person search _old -o name"])
@click.argument("text", metavar="TEXT", help="Any part of a name that they have or had.")
@unmask_options(reveal=_REVEAL)
@_room
@output_options(fields=PEOPLE, sort_keys=[f.name for f in PEOPLE if f.name not in {"watchlists", "excluded"}])
@common_options
@click.pass_context
def search(ctx: click.Context, out: Writer, text: str, reveal: bool, room: str | None) -> None:
    """List the people whose name, now or once, contains a text; the last seen first, equals by name."""
    from mhc.store.totals import Roll

    part = text.strip().lstrip("@")
    if not part:
        raise UsageError("search for what?", hint="mhc person list")
    with database(ctx) as db, db.read() as conn:
        _print(out, conn, Roll(rooms(ctx, conn, room).ids, like=part, reveal=reveal), _NO_MATCH)


def _print(out: Writer, conn: "Connection", roll: "Roll", nothing: str) -> None:
    from mhc.store import totals, watchlists
    from mhc.store.schema import EXCLUDED

    if out.sort is not None:
        roll = replace(roll, sort=out.sort.key, descending=out.sort.descending)
    total = totals.count_people(conn, roll) if out.format == "table" else None
    lists = watchlists.names_by_root(conn)
    rows = [
        asdict(one) | {"watchlists": lists.get(one.id, []), "excluded": EXCLUDED in lists.get(one.id, [])}
        for one in totals.list_people(conn, roll, out.limit)
    ]
    out.rows(PEOPLE, rows, total=total, nothing=nothing)


@group.command(
    "add", cls=Command, examples=["mhc person add viewer_one", "mhc person add example_model --role model"]
)
@click.argument("names", metavar="NAME…", nargs=-1, required=True, help="A name, @name or room URL.")
@click.option("--role", type=click.Choice(ROLES[:3]), help="What they are; by default what they do says it.")
@write_options
@common_options
@click.pass_context
def add(
    ctx: click.Context,
    /,
    names: tuple[str, ...],
    role: str | None,
    dry_run: bool,
    **_asked: bool,
) -> int:
    """Add people whom nobody has met yet; who is known already stays as they are, but for --role."""
    from mhc.store import people

    with database(ctx) as db:

        def one(text: str) -> None:
            name = username(text)
            with db.read() if dry_run else db.write() as conn:
                known = people.ids_of(conn, [name])
                if not dry_run:
                    made = people.ensure(conn, [name], source="manual", at=utc_now())
                    if role is not None:
                        people.set_role(conn, made[name], role, by_hand=True)
            if known:
                say(ctx, f"{name} is known already")
            else:
                say(ctx, f"{'would add' if dry_run else 'added'} {name}")

        status = each(ctx, names, one)
        known_names.refresh(db, settings(ctx))
    return status


@group.command("rename", cls=Command, examples=["mhc person rename viewer_one viewer_uno"])
@click.argument("old", metavar="OLD", help="The name they go by now.", shell_complete=complete.people)
@click.argument("new", metavar="NEW", help="The name they go by from now on.")
@write_options
@common_options
@click.pass_context
def rename(ctx: click.Context, /, old: str, new: str, dry_run: bool, **_asked: bool) -> int:
    """Give a person a new name; the old one stays in their history.

    Renaming back undoes it. A new name that is another person's is refused: that would be a merge.
    """
    from mhc.store import people

    name = username(new)
    with database(ctx) as db:
        with db.read() if dry_run else db.write() as conn:
            owner = find_person(conn, old)
            if owner.username != username(old):
                hint = f"mhc person rename {owner.username} {name}"
                raise UsageError(f"{username(old)} is another name of {owner.username}", hint=hint)
            if owner.username == name:
                say(ctx, f"{name} is their name already")
                return Exit.OK
            people.refuse_taken(conn, owner, name)
            if not dry_run:
                people.rename(conn, owner, name, source="manual", at=utc_now())
        known_names.refresh(db, settings(ctx))
    say(ctx, f"{'would rename' if dry_run else 'renamed'} {owner.username} to {name}")
    return Exit.OK
