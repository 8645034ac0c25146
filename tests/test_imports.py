"""Which modules a command imports: what most of its time goes into."""

import subprocess
import sys

import pytest

from command import Mhc
from factories import ROOM, tell_story
from mhc.cli.root import COMMANDS
from mhc.store.database import Database

HEAVY = {"sqlalchemy", "requests", "urllib3", "alembic", "psycopg", "tabulate", "msgspec"}
RUN = """
import sys
from mhc.__main__ import run
from mhc.cli.root import cli
status = run(cli, sys.argv[1:])
print("\\nloaded", *sys.modules)
sys.exit(status)
"""


def imported(mhc: Mhc, *words: str, status: int = 0) -> set[str]:
    """Run a command as main() does, and give the top-level packages that were imported for it."""
    return {name.partition(".")[0] for name in loaded(mhc, *words, status=status)}


def loaded(mhc: Mhc, *words: str, status: int = 0) -> set[str]:
    """Run a command as main() does, and give the modules that were imported for it."""
    run = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        env=mhc.environ, cwd=mhc.home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, "Traceback" in run.stderr) == (status, False), run.stderr
    found = run.stdout.rpartition("\nloaded ")[2].split()
    assert "mhc.cli.root" in found
    return set(found)


@pytest.mark.parametrize("words", [[], ["--help"], ["--version"]], ids=" ".join)
def test_what_says_only_how_to_begin_is_light(run_mhc: Mhc, words: list[str]) -> None:
    assert imported(run_mhc, *words) & HEAVY == set()


@pytest.mark.parametrize("words", [["persn"], ["person", "shwo"], ["--verbos"]], ids=" ".join)
def test_a_typo_is_light(run_mhc: Mhc, words: list[str]) -> None:
    assert imported(run_mhc, *words, status=2) & HEAVY == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_is_light(run_mhc: Mhc, command: str) -> None:
    assert imported(run_mhc, command, "--help") & HEAVY == set()


def test_completion_is_light(run_mhc: Mhc) -> None:
    words = {"_MHC_COMPLETE": "bash_complete", "COMP_WORDS": "mhc capture ", "COMP_CWORD": "2"}
    mhc = Mhc(run_mhc.home, **words)
    assert imported(mhc) & HEAVY == set()


LOOK_UPS = (["person", "show", "viewer_one"], ["session", "status"], ["event", "list", "-L", "20"])


@pytest.mark.parametrize("words", LOOK_UPS, ids=" ".join)
def test_a_look_up_needs_no_network_and_no_migrations(
    run_mhc: Mhc, sqlite_database: Database, words: list[str]
) -> None:
    tell_story(sqlite_database)
    mhc = Mhc(run_mhc.home, CHATURBATE_USERNAME=ROOM, DATABASE_URL=str(sqlite_database.url))
    found = loaded(mhc, *words)
    packages = {name.partition(".")[0] for name in found}
    assert "sqlalchemy" in packages
    assert packages & {"requests", "urllib3", "alembic", "psycopg", "numpy"} == set()
    assert "sqlalchemy.orm" not in found
