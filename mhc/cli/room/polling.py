"""`mhc room poll`: one reading of the feed of rooms."""

from typing import TYPE_CHECKING, Any

import click

from mhc.cli import complete
from mhc.cli import names as known_names
from mhc.cli.context import database, settings
from mhc.cli.imports.files import MOST_BYTES, opened
from mhc.cli.lookups import past_instant
from mhc.cli.lookups import watchlist as find_list
from mhc.cli.options import Command, common_options, record_options, write_options
from mhc.cli.output import Field, Writer
from mhc.domain.counted import counted
from mhc.errors import DataError, DeclinedError, Exit, UsageError

if TYPE_CHECKING:
    from mhc.jobs.affiliate_poll import Polled

_WISH = ("tracked", "live", "min_followers", "min_viewers", "genders", "tags", "most")
GENDERS = ("female", "male", "trans", "couple")
POLLED = (
    Field("at", "time", "When it was read."),
    Field("rooms", "int", "Rooms that came, each once."),
    Field("listed", "int", "Rooms that there are, as the feed says; null where it does not."),
    Field("complete", "bool", "Whether it came whole: only then does it say who is offline."),
    Field("pages", "int", "Pages that it came in."),
    Field("scope", "text", "Which rooms were to be kept: all, tracked or some.", foreign=False),
    Field("kept", "int", "Rooms that were kept."),
    Field("new_people", "int", "Those of them whom nobody had met; null with --dry-run."),
    Field("new_texts", "int", "Subjects and tags that were not known; null with --dry-run.", secrecy="open"),
    Field(
        "again",
        "bool",
        "Whether a poll of that time is kept already: then this one adds nothing.",
        table=False,
    ),
    Field("problems", "list", "What did not fit, and was left out.", table=False),
    Field("source", "text", "Who was asked: affiliate (the feed) or cbhours.", table=False, foreign=False),
    Field("unknown", "list", "Rooms that CBHours does not know.", table=False),
    Field("readings", "int", "With --backfill: readings of the past that are new.", table=False),
    Field("months", "list", "With --backfill: the months in which CBHours saw them.", table=False),
)


@click.command(
    cls=Command,
    examples=[
        "mhc room poll --load rooms.json -n",
        "mhc room poll --load rooms.json --live --min-followers 1000",
        "mhc room poll example_room --source cbhours --load live.json",
        "mhc room poll example_room --source cbhours --backfill --load activity.json",
    ],
)
@click.argument(
    "names",
    metavar="[ROOM]…",
    nargs=-1,
    help="With --source cbhours: whom to ask about; - reads names from stdin.",
    shell_complete=complete.people,
)
@click.option(
    "--source",
    type=click.Choice(["affiliate", "cbhours"]),
    default="affiliate",
    show_default=True,
    help="The feed of rooms, or CBHours, which is asked about rooms by name.",
)
@click.option(
    "--backfill", is_flag=True, help="With --source cbhours: ask what it saw of them before, all of it."
)
@click.option("--since", metavar="TIME", help="With --backfill: no further back than then.")
@click.option(
    "--tzo",
    "offset",
    type=click.IntRange(-840, 840),
    default=0,
    metavar="MINUTES",
    help="With --backfill --load: the tzo that the answer was asked for with, east positive (default: 0).",
)
@click.option(
    "--load",
    "files",
    metavar="FILE",
    multiple=True,
    help="Saved pages instead of the feed: a page, or one a line; a saved answer of CBHours; - is stdin.",
)
@click.option("--at", "read_at", metavar="TIME", help="With --load: when they were read (default: now).")
@click.option(
    "--list",
    "lists",
    metavar="LIST",
    multiple=True,
    shell_complete=complete.watchlists,
    help="Keep the rooms of who is on this watchlist; of several: on any.",
)
@click.option("--tracked", is_flag=True, help="Keep who is tracked in any case, whatever else is asked.")
@click.option("--live", is_flag=True, help="Keep every room that is online.")
@click.option(
    "--min-followers", type=click.IntRange(0), metavar="N", help="Keep those with N followers or more."
)
@click.option("--min-viewers", type=click.IntRange(0), metavar="N", help="Keep those with N viewers or more.")
@click.option(
    "--gender",
    "genders",
    type=click.Choice(GENDERS),
    multiple=True,
    help="Keep those of this gender; of several: of any.",
)
@click.option(
    "--tag", "tags", metavar="TAG", multiple=True, help="Keep those with this tag; of several: with all."
)
@click.option(
    "--budget",
    "most",
    type=click.IntRange(1),
    metavar="N",
    help="Keep N rooms at most: who is tracked first, then those with the most viewers.",
)
@click.option(
    "--force", is_flag=True, help="Although the feed is empty, or half or twice as large as it was."
)
@write_options
@record_options(fields=POLLED)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    out: Writer,
    files: tuple[str, ...],
    read_at: str | None,
    force: bool,
    dry_run: bool,
    **asked: Any,
) -> int:
    """Read the public feed of rooms once, and keep what a filter names.

    Without a filter it keeps those who are tracked: on a watchlist, your own rooms, and models whom you know otherwise.
    Figures and tags alone are asked of every room. It is read once a minute at most, and wants MHC_AFFILIATE_WM.

    Ends with 4, keeping nothing, where the feed is empty, or half or twice as large as it was; with 1 where a part of it
    is missing: what came is kept, and nobody is taken for offline.

    With --source cbhours it asks CBHours, 50 rooms a second, about those that are named, on a --list, or tracked; with
    --backfill what it saw of them, by 3 minutes, in the months that it has. What is kept already is kept once.
    """
    from mhc.jobs import affiliate_poll as polling

    if asked["source"] == "cbhours":
        from mhc.cli.room import cbhours

        return cbhours.poll(ctx, out, cbhours.Wish(files, read_at, force, dry_run, asked))
    if asked["names"] or asked["backfill"] or asked["since"] or asked["offset"]:
        raise UsageError("the feed of rooms is read whole", hint="--source cbhours asks about rooms by name")
    if read_at is not None and not files:
        raise UsageError("--at is of --load", hint="the feed is read now")
    loaded = settings(ctx)
    at = past_instant(ctx, read_at)
    feed = polling.read_saved(bodies(files)) if files else polling.fetch(loaded)
    with database(ctx) as db:
        with db.read() if dry_run else db.write() as conn:
            if not force:
                polling.refuse_improbable(conn, feed, at)
            ids = tuple(find_list(conn, name).id for name in asked["lists"])
            wish = polling.Wish(list_ids=ids, **{name: asked[name] for name in _WISH})
            keep = polling.keep_of(conn, loaded, wish)
            done = polling.add(conn, feed, at, keep, write=not dry_run)
        if not dry_run:
            known_names.refresh(db, loaded)
    out.record(POLLED, done)
    _tell(out, done, dry_run=dry_run)
    return Exit.OK


def bodies(files: tuple[str, ...]) -> list[bytes]:
    """Give what files hold. Raises DataError for one that is too large."""
    found = []
    for name in files:
        with opened(name) as file:
            body = file.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise DataError(f"{name} is larger than {MOST_BYTES // 1024**2} MiB", hint="give a page a file")
        found.append(body)
    return found


def _tell(out: Writer, done: "Polled", *, dry_run: bool) -> None:
    """Say what was not as it should be. Raises DeclinedError where a part is missing."""
    if done.problems:
        said = counted(
            len(done.problems), "value did not fit, and was left out", "values did not fit, and were left out"
        )
        out.warn(f"{said}: {done.problems[0]}")
    if dry_run:
        out.message("nothing was kept: this says what would be")
    elif done.again:
        out.message("a poll of that time is kept already: nothing was added")
    elif not done.kept:
        out.message("no room was kept: mhc watchlist add LIST NAME tracks one, --live keeps every room")
    if not done.complete:
        raise DeclinedError(done.shortfall, hint="what came counts; nobody is taken for offline")
