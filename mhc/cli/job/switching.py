"""`mhc job enable`, `disable`: whether jobs may run, over what the configuration says."""

from collections.abc import Sequence

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.options import Command, common_options, write_options
from mhc.cli.telling import each, say
from mhc.domain.text import clean

_jobs = click.argument(
    "jobs", metavar="JOB…", nargs=-1, required=True, shell_complete=complete.jobs, help="The jobs."
)
_note = click.option("--note", metavar="TEXT", help="Why, for who reads it later.")


@click.command(cls=Command, examples=["mhc job enable db-prune"])
@_jobs
@_note
@write_options
@common_options
@click.pass_context
def enable(
    ctx: click.Context, /, jobs: tuple[str, ...], note: str | None, dry_run: bool, **_asked: bool
) -> int:
    """Let jobs run at their time, whatever the configuration says; the file stays as it is."""
    return _switch(ctx, jobs, note, enabled=True, dry_run=dry_run)


@click.command(cls=Command, examples=['mhc job disable db-prune --note "until the tax is done"'])
@_jobs
@_note
@write_options
@common_options
@click.pass_context
def disable(
    ctx: click.Context, /, jobs: tuple[str, ...], note: str | None, dry_run: bool, **_asked: bool
) -> int:
    """Let jobs run no more, whatever the configuration says; the file stays as it is. One that runs goes on."""
    return _switch(ctx, jobs, note, enabled=False, dry_run=dry_run)


def _switch(
    ctx: click.Context, jobs: Sequence[str], note: str | None, *, enabled: bool, dry_run: bool
) -> int:
    from mhc.jobs import registry
    from mhc.store import runs

    word = "on" if enabled else "off"
    text = clean(note).strip() if note else None

    def one(name: str) -> None:
        job = registry.find(name)
        if not dry_run:
            with db.write() as conn:
                runs.switch(conn, job.name, utc_now(), text or None, enabled=enabled)
        say(ctx, f"{job.name} {'would be' if dry_run else 'is'} {word}")

    with database(ctx) as db:
        return each(ctx, jobs, one)
