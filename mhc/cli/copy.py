"""`mhc db copy`: everything into another database, of either kind."""

from contextlib import closing
from dataclasses import asdict

import click

from mhc.cli.context import database, settings, utc_now
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.progress import Progress
from mhc.config import database_argument

COPIED = (
    Field("table", "text", "The table.", foreign=False),
    Field("rows", "int", "Its rows, in both databases."),
    Field("checksum", "text", "Of all its rows, in both databases; null with --dry-run.", foreign=False),
)


@click.command(
    cls=Command,
    examples=["mhc db copy copied.db", "mhc db copy copied.db -n -o json"],
)
@click.argument(
    "to_url", metavar="URL", help="The other database: a URL without a password, or a SQLite file."
)
@click.option(
    "--force", is_flag=True, help="Although a listener is at work: what it stores from now on is not copied."
)
@write_options
@output_options(fields=COPIED)
@common_options
@click.pass_context
def command(
    ctx: click.Context, /, out: Writer, to_url: str, force: bool, dry_run: bool, **_asked: bool
) -> None:
    """Copy everything into another database, of either kind.

    The other one must be new, or hold nothing but an unfinished copy of this one: that goes on where it stopped. Ends
    with 4 where the two are not the same at the end. A password for it stands in PGPASSFILE, or a service file.
    """
    from mhc import audit
    from mhc.capture import at_work
    from mhc.store import copying
    from mhc.store.database import Database

    loaded = settings(ctx)
    url = database_argument("URL", to_url)
    with database(ctx) as source, closing(Database(url)) as target:
        if not force:
            at_work.refuse(source, loaded.state_dir, utc_now(), hint="stop it first, or --force")
        copying.refuse_unfit(source, target)
        if dry_run:
            done = copying.planned(source)
        else:
            audit.record(loaded.state_dir, "db copy begun", at=utc_now(), to=target.address)
            with Progress(ctx, "rows") as progress:
                done = copying.copy(source, target, progress.add)
            rows = {one.table: one.rows for one in done}
            audit.record(loaded.state_dir, "db copy", at=utc_now(), to=target.address, events=rows["event"])
    out.rows(COPIED, out.ordered(COPIED, [asdict(one) for one in done]))
