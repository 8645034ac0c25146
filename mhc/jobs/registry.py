"""The jobs there are (their table is mhc.config.jobs), and what each runs: its module is loaded when it does."""

from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module

from mhc.config import JOBS, Job
from mhc.errors import NotFoundError
from mhc.jobs.work import Work

NAMES = tuple(one.name for one in JOBS)


def find(name: str) -> Job:
    """Give a job by its name. Raises NotFoundError."""
    for one in JOBS:
        if one.name == name.strip().lower():
            return one
    near = get_close_matches(name.lower(), NAMES, n=2)
    raise NotFoundError.named("job", name, near, otherwise=f"jobs: {', '.join(NAMES)}")


def function_of(job: Job) -> Callable[[Work], None]:
    """Give what a job runs; its module is loaded by the run, whose failure that is, too."""

    def run(work: Work) -> None:
        module, _, name = job.function.partition(":")
        getattr(import_module(module), name)(work)

    return run
