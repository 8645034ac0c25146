"""`mhc import people`: what an older system remembered."""

import click

from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.imports.files import file_argument, opened, save_option
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.domain.counted import counted
from mhc.errors import Exit

REMEMBERED = (
    Field("what", "text", "people, aliases, roles, ratings, notes, …", foreign=False),
    Field("found", "int", "How many the file has."),
    Field("new", "int", "How many were not here; null without --save, but for people."),
)


@click.command(
    "people",
    cls=Command,
    examples=["mhc import people people.jsonl", "mhc import people people.jsonl --save"],
)
@file_argument
@save_option
@click.option(
    "--skip-bad", is_flag=True, help="Leave lines out that do not fit; ends with 1 where there are some."
)
@write_options
@output_options(fields=REMEMBERED)
@common_options
@click.pass_context
def people(
    ctx: click.Context, /, out: Writer, file: str, save: bool, skip_bad: bool, dry_run: bool, **_asked: bool
) -> int:
    """Take in what an older system remembered of people: JSON, one person a line.

    Names, notes, lists, links, ratings, relationships and attributes; docs/import.md has every field. What you typed
    here is never replaced, and what is here already is not taken again. Where a line does not fit nothing is
    imported.
    """
    from mhc.reports import people_import
    from mhc.store.import_batches import New

    save = save and not dry_run
    with database(ctx) as db, opened(file) as source:
        with db.write() if save else db.read() as conn:
            new = New("people", file, "", utc_now())
            done = people_import.run(conn, source, new, out.tz, write=save, skip_bad=skip_bad)
        if done.batch_id is not None:
            known_names.refresh(db, settings(ctx))
    rows = [
        {"what": what, "found": done.found[what], "new": done.new[what] if save else None}
        for what in people_import.WHAT
    ]
    if not save:
        rows[0]["new"] = done.strangers
    out.rows(REMEMBERED, out.ordered(REMEMBERED, rows))
    for number, why in done.bad:
        out.warn(f"line {number}: {why}")
    left = f", {done.forgotten:,} left out (forgotten {done.forgotten:,})" if done.forgotten else ""
    if done.batch_id is not None:
        say(ctx, f"imported as import {done.batch_id}{left}")
    elif save:
        say(ctx, f"nothing is new{left}")
    else:
        say(
            ctx,
            f"would import {counted(done.found['people'], 'person', 'people')}, {done.strangers:,} of them new{left}"
            + ("" if dry_run else "; --save keeps it"),
        )
    return Exit.PARTIAL if done.bad_lines else Exit.OK
