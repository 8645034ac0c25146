"""Which modules a command imports: what most of its time goes into."""

import subprocess
import sys

import pytest

from command import Mhc
from mhc.cli.root import COMMANDS
from mhc.domain.clock import from_ms
from mhc.store import people
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
    run = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        env=mhc.environ, cwd=mhc.home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, "Traceback" in run.stderr) == (status, False), run.stderr
    loaded = run.stdout.rpartition("\nloaded ")[2].split()
    assert "mhc.cli.root" in loaded
    return {name.partition(".")[0] for name in loaded}


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


def test_a_look_up_needs_no_network_and_no_migrations(run_mhc: Mhc, sqlite_database: Database) -> None:
    with sqlite_database.write() as conn:
        people.ensure(conn, ["viewer_one"], source="test", at=from_ms(0))
    found = imported(run_mhc, "--db", str(sqlite_database.url), "person", "show", "viewer_one")
    assert "sqlalchemy" in found
    assert found & {"requests", "urllib3", "alembic", "psycopg"} == set()
