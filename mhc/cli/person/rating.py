"""`mhc person rate`: how you rate people."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import rows_of
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say

if TYPE_CHECKING:
    from mhc.store.people import Person

# What the ratings mean.
MEANINGS = {1: "don't like", 2: "meh", 3: "potential", 4: "yum", 5: "hot"}
RATINGS = (
    Field("username", "username", "Who.", table=False),
    Field("at", "time", "Since when."),
    Field("rating", "int", "1 to 5; null is not rated."),
    Field("meaning", "text", "; ".join(f"{n}: {word}" for n, word in MEANINGS.items()) + ".", foreign=False),
)
_NONE = "none"


@click.command(
    "rate", cls=Command, examples=["mhc person rate viewer_one 4", "mhc person rate viewer_one --history"]
)
@click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)
@click.argument(
    "rating",
    metavar="1-5|none",
    required=False,
    type=click.Choice([*map(str, MEANINGS), _NONE], case_sensitive=False),
    help="The rating; none: not rated any more.",
)
@click.option("--history", is_flag=True, help="List every rating of theirs, the last first.")
@write_options
@output_options(fields=RATINGS)
@common_options
@click.pass_context
def rate(
    ctx: click.Context,
    /,
    out: Writer,
    name: str,
    rating: str | None,
    history: bool,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Rate a person from 1 (don't like) to 5 (hot), or none; without a rating, show it.

    What they were rated before is kept.
    """
    from mhc.store import ratings

    new = None if rating in {None, _NONE} else int(str(rating))
    with database(ctx) as db, db.read() if dry_run or rating is None else db.write() as conn:
        who = find_person(conn, name, addable=rating is not None)
        ids = rows_of(conn, who)
        if rating is not None:
            _tell(ctx, who, new, dry_run=dry_run)
            if not dry_run:
                ratings.rate(conn, ids, new, at=utc_now())
        found = ratings.history(conn, ids)
        now = who.rating if rating is None or dry_run else new
    if not history:
        found = [one for one in found if one.rating == now][:1]
    rows = [
        one._asdict() | {"username": who.username, "meaning": MEANINGS.get(one.rating or 0)} for one in found
    ]
    out.rows(RATINGS, out.ordered(RATINGS, rows), total=len(rows), nothing="they were never rated")


def _tell(ctx: click.Context, who: "Person", new: int | None, *, dry_run: bool) -> None:
    said = "not rated" if new is None else f"rated {new}, {MEANINGS[new]}"
    if who.rating == new:
        say(ctx, f"{who.username} is {said} already")
    else:
        say(ctx, f"{who.username} {'would be' if dry_run else 'is'} {said} now")
