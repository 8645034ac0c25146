"""`mhc person show`: the card."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import Which, rooms, which_options
from mhc.cli.lookups import names as names_in
from mhc.cli.lookups import person as find_person
from mhc.cli.options import Command, common_options, record_options
from mhc.cli.output import Field, Writer
from mhc.cli.person import screen
from mhc.cli.person.figures import REVEAL, room_option
from mhc.cli.telling import each
from mhc.cli.unmasking import unmask_options

if TYPE_CHECKING:
    from mhc.reports.card import Card

# What JSON holds, and between it the same as lines of TSV and CSV; a terminal shows mhc.cli.person.screen.
CARD = (
    Field("username", "username", "The name they go by now."),
    Field("platform", "text", "Where.", table=False),
    Field("role", "text", "viewer, model, both or unknown.", foreign=False),
    Field("aliases", "json", "Every name of theirs, the current ones first.", table=False, secrecy="open"),
    Field("formerly", "lines", "Other names, and until when.", json=False, secrecy="open"),
    Field("rid", "id", "The platform's number of their room.", table=False),
    Field("did", "id", "The platform's number of the person.", table=False),
    Field("first_seen_at", "time", "When they did something first."),
    Field("last_seen_at", "time", "When they did something last.", header="last seen"),
    Field("excluded", "bool", "Whether they are left out of figures.", table=False),
    Field("watchlists", "list", "The lists they are on."),
    Field("rating", "int", "1 to 5."),
    Field("notes", "json", "Every note, the newest first.", table=False, secrecy="note"),
    Field("latest_notes", "lines", "The last notes.", json=False, secrecy="note"),
    Field("tokens", "int", "Tokens here: tips and media.", json=False, secrecy="amount"),
    Field("tokens_30d", "int", "Tokens of the last 30 days.", json=False, secrecy="amount"),
    Field("tokens_90d", "int", "Tokens of the last 90 days.", json=False, secrecy="amount"),
    Field("tips", "int", "Tips here.", json=False, secrecy="amount"),
    Field("largest_tip", "int", "The largest one.", json=False, secrecy="amount"),
    Field("first_tip_at", "time", "The first one.", json=False),
    Field("last_tip_at", "time", "The last one.", json=False),
    Field("media", "int", "Photos and videos bought.", json=False, secrecy="amount"),
    Field("media_tokens", "int", "Tokens for them.", json=False, secrecy="amount"),
    Field("fanclub_joined_at", "time", "When they last joined the fan club.", json=False),
    Field("visits", "int", "How often they came.", json=False),
    Field("median_stay", "duration", "How long they stay, of visits seen whole.", json=False),
    Field(
        "usual_hours", "lines", "When they mostly come, and how that was counted.", json=False, secrecy="open"
    ),
    Field("messages", "int", "Public lines.", json=False, secrecy="open"),
    Field("private_messages", "int", "Private lines, of both sides.", json=False, secrecy="open"),
    Field("follows", "bool", "Whether they follow; null where nobody knows.", json=False),
    Field("follows_since", "time", "Since when they do, or do not.", json=False),
    Field(
        "here",
        "json",
        "What they did in the room.",
        table=False,
        inside=frozenset(
            {"tokens", "tips", "largest_tip", "tokens_30d", "tokens_90d", "media", "media_tokens"}
        ),
    ),
    Field(
        "elsewhere",
        "json",
        "What other sources said last; null where none did.",
        table=False,
        secrecy="amount",
    ),
    Field(
        "relationship",
        "json",
        "What they are to you; null where nothing is said.",
        table=False,
        secrecy="open",
    ),
    Field("attributes", "json", "What is said of them, by key.", table=False, secrecy="open"),
    Field("links", "json", "Where else they are to be found.", table=False, secrecy="open"),
    Field(
        "names",
        "json",
        "Names that are no usernames; the private one with --reveal.",
        table=False,
        secrecy="name",
    ),
    Field("pairs", "json", "Who belongs to them.", table=False, inside=frozenset({"note"})),
    Field("last_lines", "lines", "Their last public lines.", secrecy="message"),
    Field(
        "private_lines",
        "lines",
        "The last private lines; null without --private.",
        table=False,
        secrecy="message",
    ),
    Field(
        "changes",
        "json",
        "What changed between the last two readings that differ; null where there is none.",
        table=False,
        secrecy="amount",
    ),
    Field(
        "own_room",
        "json",
        "Their own room, as the feed of rooms had it last; null where it never did.",
        table=False,
        secrecy="open",
    ),
)
_COLUMNS = {"username", "role", "last_seen_at", "tokens", "tips", "visits", "watchlists", "rating"}
SEVERAL = tuple(replace(field, table=field.name in _COLUMNS) for field in CARD)
PRIVATE = tuple(replace(field, table=field.table or field.name == "private_lines") for field in CARD)


@click.command(
    "show",
    cls=Command,
    examples=["mhc person show viewer_one", "mhc person show viewer_one viewer_two --json"],
)
@click.argument(
    "names",
    metavar="NAME…",
    nargs=-1,
    required=True,
    help="A name, @name or room URL; - reads names from stdin.",
    shell_complete=complete.people,
)
@which_options
@unmask_options(reveal=f"{REVEAL[:-1]}, and show the private name.", private="Show the last private lines.")
@room_option
@record_options(fields=CARD)
@common_options
@click.pass_context
def show(
    ctx: click.Context,
    out: Writer,
    names: tuple[str, ...],
    which: Which,
    reveal: bool,
    private: bool,
    room: str | None,
) -> int:
    """Show all that is known of a person; of several, a list.

    A name that belongs to nobody now finds who had it. Looking somebody up creates nobody.
    """
    from mhc.reports import card

    wanted = names_in(names)
    cards: list[Card] = []
    with database(ctx) as db, db.read() as conn:
        where = rooms(ctx, conn, room)
        asked = card.Asked(utc_now(), where.ids, reveal=reveal, private=private, tz=out.tz, room=where.name)
        asked = asked._replace(live_for=settings(ctx).live_for)

        def one(name: str) -> None:
            cards.append(card.read(conn, find_person(conn, name, which=which), asked))

        status = each(ctx, wanted, one)
    if len(names) > 1 or names[0] == "-":  # what a script gets does not depend on how many its input had
        out.rows(SEVERAL, [_shown(one) for one in cards], limit=len(wanted))
    elif out.format == "table" and out.names is None:
        out.record(*screen.lines(cards[0], out.screen, out.tz, hidden=out.on_stream()))
    else:
        out.record(PRIVATE if private else CARD, _shown(cards[0]))
    return status


def _shown(card: "Card") -> Mapping[str, object]:
    """Give a card as its fields."""
    former = [a for a in card.aliases if a.username != card.username or a.valid_to is not None]
    usual, private = card.here.usual_hours, card.private_lines
    return {name: getattr(card, name) for name in card.__slots__} | {
        **card.here._asdict(),
        "formerly": [{"username": a.username, "until": a.valid_to} for a in former],
        "latest_notes": [
            {"at": n.happened_at or n.created_at, "category": n.category, "body": n.body}
            for n in card.notes[:3]
        ],
        "usual_hours": [usual] if usual else [],
        "private_lines": None if private is None else [asdict(line) for line in private],
    }
