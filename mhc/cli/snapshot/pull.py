"""`mhc snapshot pull`: ask other sources about people."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from mhc.cli import complete
from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.ending import ending
from mhc.cli.lookups import past_instant
from mhc.cli.options import Command, common_options, output_options, time_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.progress import Progress
from mhc.cli.snapshot.asking import Asking, asked_of, whom_options
from mhc.cli.telling import complain, say
from mhc.domain.counted import counted

if TYPE_CHECKING:
    from mhc.jobs.keeping import Outcome
    from mhc.jobs.pulling import Pull, Task
    from mhc.jobs.targets import Plan

PULLED = (
    Field("username", "username", "The name that was asked about; null of a ranking, which is about nobody."),
    Field("source", "text", "The source.", foreign=False),
    Field("range", "text", "Which time its figures are about; empty: a whole life.", foreign=False),
    Field("state", "text", "new, unchanged, unknown (to the source), failed or skipped; null with -n.", foreign=False),
    Field("captured_at", "time", "When the reading was taken.", header="captured"),
    Field("id", "id", "The snapshot: mhc snapshot show shows it."),
    Field("error", "text", "Why there is none."),
)  # fmt: skip
_ROLES = ("viewer", "model", "both", "unknown")
_GENDERS = ("male", "female", "trans", "couple", "unknown")


@click.command(
    "pull",
    cls=Command,
    examples=[
        "mhc snapshot pull viewer_one viewer_two -n",
        "mhc snapshot pull --list Friends --segment tippers --stale 6h --budget 200 -n",
        "mhc snapshot pull viewer_one --source statbate.member_tips --range 7d -n",
        "mhc snapshot pull viewer_one --source statbate.member_info --load member.json",
    ],
)
@whom_options
@click.option(
    "--source", metavar="SOURCE", help="statbate.OPERATION, stats or apistats (default: see above)."
)
@click.option(
    "--range",
    "length",
    metavar="LENGTH",
    help="Figures of so long until now (30d, which is the default), or FROM/TO in UTC.",
)
@click.option("--role", type=click.Choice(_ROLES), help="Of those chosen: of this role only.")
@click.option("--stale", metavar="LENGTH", help="Only who was not asked about for so long, such as 6h.")
@click.option("--budget", type=click.IntRange(min=1), metavar="N", help="So many people at most.")
@click.option(
    "--model", metavar="NAME", shell_complete=complete.people, help="For statbate.member_model: on whom."
)
@click.option("--query", metavar="TEXT", help="For statbate.tags_search: letters of a tag.")
@click.option(
    "--gender", "genders", type=click.Choice(_GENDERS), multiple=True, help="Of a ranking: only these."
)
@click.option("--high-tippers", is_flag=True, help="Of the ranking of members: only those who tip much.")
@click.option("--rows", type=click.IntRange(min=1), metavar="N", help="Of a list: its first rows only.")
@click.option(
    "--load", "file", metavar="FILE", help="Take a saved answer for that of the source; - is stdin."
)
@click.option("--at", "loaded_at", metavar="TIME", help="When the saved answer came (default: now).")
@time_options
@write_options
@output_options(fields=PULLED)
@common_options
@click.pass_context
def pull(
    ctx: click.Context, /, out: Writer, dry_run: bool, file: str | None, loaded_at: str | None, **asked: Any
) -> int:
    """Ask other sources about people, and keep each answer.

    Without --source Statbate is asked: about viewers as members, about models as models, about others as both. Whom to ask: names, or
    people chosen in this order: on lists, in your room, tippers, followers, models; who was never asked about comes first, then who waits
    longest. Excluded people, and those whom a source did not know and who are not due again, are asked about only where
    they are named.

    What was stored stays, however a pull ends: Ctrl-C ends it after the request in hand.
    """
    from mhc.jobs import keeping, pulling

    loaded = settings(ctx)
    at = None if loaded_at is None else past_instant(ctx, loaded_at)
    with database(ctx) as db, ending() as end:
        what = asked_of(ctx, db, Asking(file=file, **_wanted(asked)))
        plan = what.plan
        if plan.unheard:
            out.warn("nobody listens to your room: who is in it is not known")
        if dry_run:
            _show(ctx, out, plan)
            return 0
        around = pulling.Surroundings(
            db, loaded, (lambda: at) if at else utc_now, end.stop, lambda text: say(ctx, text)
        )
        one = pulling.Pull(around)
        found: list[Outcome] = [*what.failed, *plan.fresh]
        with Progress(ctx, f"of {plan.questions:,} answered", step=1) as progress:
            came = _each(one, plan.tasks, what.saved)
            for number, outcome in enumerate(came, 1):
                found.append(outcome)
                progress(number)
        known_names.refresh(db, loaded)
    tell_failures(ctx, one, found)
    out.rows(PULLED, out.ordered(PULLED, found), total=len(found), nothing="nobody is to be asked about now")
    return keeping.status_of(found, one.ended) if end.status is None else end.status


def _wanted(asked: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is the same for each writing command."""
    return {name: value for name, value in asked.items() if name not in {"yes", "no_input"}}


def _each(one: "Pull", tasks: "Iterable[Task]", saved: bytes | None) -> "Iterator[Outcome]":
    if saved is None:
        yield from one.run(tasks)
        return
    for task in tasks:
        yield from one.load(task, saved)


def _show(ctx: click.Context, out: Writer, plan: "Plan") -> None:
    """Show who would be asked about what, and ask nobody."""
    from mhc.jobs.keeping import of

    rows = [of(task.question, name, None) for task in plan.tasks for name in task.names or (None,)]
    out.rows(PULLED, out.ordered(PULLED, [*plan.fresh, *rows]), nothing="nobody is to be asked about now")
    people, requests = plan.people, plan.requests
    about = f"about {counted(people, 'person', 'people')} " if people else ""
    say(
        ctx,
        f"would ask {about}in {counted(requests, 'request')}, and more where pages follow",
    )


def tell_failures(ctx: click.Context, one: "Pull", found: "Sequence[Outcome]") -> None:
    """Say each failure once."""
    from mhc.jobs.keeping import failures_of

    for error in {error.message: error for error in (*failures_of(found), *one.ended)}.values():
        complain(ctx, error)
