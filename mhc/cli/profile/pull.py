"""`mhc profile pull`: ask for public profiles, or read one from a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.ending import ending
from mhc.cli.lookups import past_instant
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.progress import Progress
from mhc.cli.snapshot.asking import Asking, filters_of, named, read_saved, whom_options
from mhc.cli.snapshot.pull import tell_failures
from mhc.cli.telling import say
from mhc.domain.counted import counted
from mhc.errors import UsageError

if TYPE_CHECKING:
    from mhc.jobs.keeping import Outcome
    from mhc.jobs.pulling import Pull, Surroundings
    from mhc.jobs.targets import Plan
    from mhc.store.database import Database

PULLED = (
    Field("username", "username", "Whom it is about."),
    Field("source", "text", "profile, or profile.room_page and profile.bio_page of a saved page.", foreign=False),
    Field("state", "text", "new, unchanged, unknown (to the site), failed or skipped; null with -n.", foreign=False),
    Field("captured_at", "time", "When the site said so.", header="captured"),
    Field("id", "id", "The reading: mhc snapshot show shows its figures."),
    Field("error", "text", "Why there is none."),
)  # fmt: skip
_NOBODY = "nobody is due: what is known is young enough; --force asks again"


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who is asked about, whose names could not be understood, and the file that is taken for an answer."""

    plan: "Plan"
    failed: "list[Outcome]"
    saved: bytes | None = None


@click.command(
    "pull",
    cls=Command,
    examples=[
        "mhc profile pull other_room -n",
        'mhc profile pull --list "Known Streamers" --budget 20 -n',
        "mhc profile pull other_room --load bio.json",
    ],
)
@whom_options
@click.option(
    "--stale",
    metavar="LENGTH",
    help="Only who was not asked about for so long (default: 7d, and 24h for a room of yours).",
)
@click.option("--force", is_flag=True, help="Ask again, however young the last answer is.")
@click.option("--budget", type=click.IntRange(min=1), metavar="N", help="So many people at most.")
@click.option(
    "--load",
    "file",
    metavar="FILE",
    help="Take a file for the answer: the site's JSON, a saved room page or bio page; - is stdin.",
)
@click.option("--at", "loaded_at", metavar="TIME", help="When the file was saved (default: now).")
@write_options
@output_options(fields=PULLED)
@common_options
@click.pass_context
def pull(
    ctx: click.Context,
    /,
    out: Writer,
    dry_run: bool,
    loaded_at: str | None,
    force: bool,
    yes: bool,  # noqa: ARG001 - nothing is destroyed
    no_input: bool,  # noqa: ARG001
    **asked: Any,
) -> int:
    """Ask for public profiles, one room in five seconds.

    Off until you set enabled = true in [profiles] of config.toml (78). What a field says is kept where it changed: mhc
    profile changes. Links are kept, too, but none beside one that you typed; a real name is not even read. After three
    refusals in a row, or at a block, the run ends: no block is worked around.
    """
    from mhc.jobs import keeping, pulling
    from mhc.jobs.putting import need_enabled

    asking = Asking(**asked)
    _refuse(asking, force=force)
    loaded = settings(ctx)
    at = None if loaded_at is None else past_instant(ctx, loaded_at)
    if asking.file is None and not dry_run:
        need_enabled(loaded)
    with database(ctx) as db, ending() as end:
        what = _asked(ctx, db, asking, force=force)
        if what.plan.unheard:
            out.warn("nobody listens to your room: who is in it is not known")
        if dry_run:
            _show(ctx, out, what)
            return 0
        around = pulling.Surroundings(
            db, loaded, (lambda: at) if at else utc_now, end.stop, lambda text: say(ctx, text)
        )
        one = pulling.Pull(around)
        found: list[Outcome] = [*what.failed, *what.plan.fresh]
        with Progress(ctx, f"of {what.plan.questions:,} answered", step=1) as progress:
            came = _answers(one, around, what)
            for number, outcome in enumerate(came, 1):
                found.append(outcome)
                progress(number)
        known_names.refresh(db, loaded)
    tell_failures(ctx, one, found)
    out.rows(PULLED, out.ordered(PULLED, found), total=len(found), nothing=_NOBODY)
    return keeping.status_of(found, one.ended) if end.status is None else end.status


def _refuse(asking: Asking, *, force: bool) -> None:
    """Raise UsageError where the options contradict each other, or name nobody."""
    if force and asking.stale is not None:
        raise UsageError("--force and --stale contradict each other")
    if asking.file is not None and (asking.filters or force):
        raise UsageError("a file is about who is named: give no lists or filters with --load")
    if asking.file is not None and len(asking.names) != 1:
        raise UsageError("whose profile is in the file?", hint="give one name")
    if not (asking.names or asking.chooses):
        raise UsageError("whose profile?", hint="give names, -, --list, --live or --segment")


def _asked(ctx: click.Context, db: "Database", asking: Asking, *, force: bool) -> _Asked:
    from dataclasses import replace
    from datetime import timedelta

    from mhc.jobs import profile_asking, profile_files, targets
    from mhc.jobs.questions import of_profile

    saved = None if asking.file is None else read_saved(asking.file)
    question = of_profile() if saved is None else of_profile(profile_files.source_of(saved))
    with db.read() as conn:
        found, failed = named(ctx, conn, asking, (question,))
        if saved is not None:
            return _Asked(targets.of_names([question], found), failed, saved)
        filters = filters_of(conn, asking)
        filters = replace(filters, stale=timedelta()) if force else filters
        rooms = targets.own_rooms(conn, settings(ctx))
        plan = profile_asking.plan(conn, found, filters, settings(ctx), room_ids=rooms, now=utc_now())
    return _Asked(plan, failed)


def _answers(one: "Pull", around: "Surroundings", what: _Asked) -> "Iterator[Outcome]":
    from mhc.jobs import profile_asking

    if what.saved is None:
        yield from profile_asking.pull(one, around, what.plan.tasks)
        return
    for task in what.plan.tasks:
        yield from one.load(task, what.saved)


def _show(ctx: click.Context, out: Writer, what: _Asked) -> None:
    """Show who would be asked about, and ask nobody."""
    from mhc.jobs.keeping import of

    tasks = what.plan.tasks
    rows: Sequence[Outcome] = [of(task.question, name, None) for task in tasks for name in task.names]
    out.rows(PULLED, out.ordered(PULLED, [*what.failed, *what.plan.fresh, *rows]), nothing=_NOBODY)
    if what.saved is not None:
        say(ctx, "would read a file, and ask nobody")
        return
    off = "" if settings(ctx).profiles_enabled else "; but [profiles] enabled is not true"
    say(ctx, f"would ask about {counted(len(rows), 'room')}{off}")
