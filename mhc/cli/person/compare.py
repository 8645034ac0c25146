"""`mhc person compare`: people side by side."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.lookups import names as names_in
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import rooms
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.person import screen
from mhc.cli.person.figures import REVEAL, room_option
from mhc.cli.unmasking import unmask_options
from mhc.errors import UsageError

if TYPE_CHECKING:
    from mhc.store.people import Person

FIELDS = (
    Field("username", "username", "Who."),
    Field("tokens", "int", "Tokens here: tips and media.", secrecy="amount"),
    Field("tokens_30d", "int", "Tokens of the last 30 days.", secrecy="amount"),
    Field("tokens_90d", "int", "Tokens of the last 90 days.", secrecy="amount"),
    Field("tips", "int", "Tips here.", secrecy="amount"),
    Field("largest_tip", "int", "The largest one.", secrecy="amount"),
    Field("last_tip_at", "time", "The last one."),
    Field("media", "int", "Photos and videos bought.", secrecy="amount"),
    Field("visits", "int", "How often they came."),
    Field("median_stay", "duration", "How long they stay, of visits seen whole."),
    Field("mostly", "text", "When they mostly come, and of how many times.", json=False, foreign=False),
    Field("messages", "int", "Public lines.", secrecy="open"),
    Field("first_seen_at", "time", "When they did something first."),
    Field("last_seen_at", "time", "When they did something last."),
    Field("follows", "bool", "Whether they follow; null where nobody knows."),
    Field("follows_since", "time", "Since when they do, or do not."),
    Field("watchlists", "list", "The lists they are on."),
    Field("sessions", "int", "Sessions in which they were seen."),
    Field("watchlists_common", "list", "The lists that all of them are on."),
    Field("sessions_common", "int", "Sessions in which all of them were seen."),
    Field(
        "usual_hours", "json", "When they mostly come, as person show has it.", table=False, secrecy="open"
    ),
)
_SORTED_BY = [one.name for one in FIELDS if one.kind not in {"list", "json", "text"}]


@click.command(
    "compare",
    cls=Command,
    examples=["mhc person compare viewer_one viewer_two", "mhc person compare viewer_one viewer_two --json"],
)
@click.argument(
    "names",
    metavar="NAME…",
    nargs=-1,
    required=True,
    help="Two people or more; - reads names from stdin.",
    shell_complete=complete.people,
)
@unmask_options(reveal=REVEAL)
@room_option
@output_options(fields=FIELDS, sort_keys=_SORTED_BY)
@common_options
@click.pass_context
def compare(ctx: click.Context, out: Writer, names: tuple[str, ...], reveal: bool, room: str | None) -> None:
    """Show people side by side: the figures of their cards, and what they have in common.

    A table has a column a person, and where they do not fit, or --fields chooses, a row a person.
    """
    from mhc.reports import card
    from mhc.reports import compare as report

    with database(ctx) as db, db.read() as conn:
        asked = card.Asked(utc_now(), rooms(ctx, conn, room).ids, reveal=reveal, tz=out.tz)
        people: dict[int, Person] = {}
        for name in names_in(names):
            one = find_person(conn, name)
            people.setdefault(one.id, one)
        if len(people) < 2:
            raise UsageError("compare whom with whom?", hint="give the names of two people or more")
        found = report.read(conn, list(people.values()), asked)
    rows = [
        one._asdict() | {"mostly": one.usual_hours and screen.hours(one.usual_hours, short=True)}
        for one in out.ordered(FIELDS, found)
        if isinstance(one, report.Compared)
    ]
    if out.names is None:
        out.columns(FIELDS, rows)
    else:
        out.rows(FIELDS, rows)
