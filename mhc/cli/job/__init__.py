"""`mhc job`: what runs by itself, and how it went."""

from typing import Final

import click

from mhc.cli.root import LazyGroup, Table

COMMANDS: Final[Table] = {
    "list": ("mhc.cli.job.looking:list_jobs", "List the jobs: when each is due, and how its last run went."),
    "show": ("mhc.cli.job.looking:show", "Show a job: its settings, its last run, what is wrong."),
    "run": ("mhc.cli.job.doing:run", "Run a job now."),
    "tick": ("mhc.cli.job.doing:tick", "Run the jobs that are due, one after another: cron's line a minute."),
    "status": ("mhc.cli.job.looking:status", "Say what is wrong with the jobs that are on."),
    "history": ("mhc.cli.job.looking:history", "List what ran, the latest first."),
    "enable": ("mhc.cli.job.switching:enable", "Let jobs run at their time, whatever the configuration says."),
    "disable": ("mhc.cli.job.switching:disable", "Let jobs run no more, whatever the configuration says."),
}  # fmt: skip


@click.group(
    cls=LazyGroup, table=COMMANDS, examples=["mhc job list", "mhc job run sessions-close", "mhc job status"]
)
def group() -> None:
    """What runs by itself, when, and how it went."""
