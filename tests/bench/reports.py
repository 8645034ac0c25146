"""Reports over a year and over all of ten million events: their queries, pages and memory, and scans beside DuckDB."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import columns
from bench.archive import USUAL
from bench.lookups import queries
from bench.table import Row, amount
from command import Mhc, MhcHere
from mhc.store.database import Database
from reporting import calls, taken

_YEAR = "--since 365d"
_YEAR_MS, _ALL_MS = 300, 1000
_SESSION_MS = 50  # of 20,000 events in six hours
_PAGE_KB, _MEMORY_MB = 500, 150
# A child that is forked from this process would count its memory as its own.
_APART = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
_RSS = 1024**2 if sys.platform == "darwin" else 1024  # a megabyte, in what the system counts by


def rows(folder: Path, dbs: dict[str, Database]) -> list[Row]:
    """Time the queries of every report, and look at what each leaves and takes, in databases that are filled."""
    urls = [db.url.render_as_string(hide_password=False) for db in dbs.values()]
    processes = [Mhc(folder, DATABASE_URL=url, CHATURBATE_USERNAME="example_room") for url in urls]
    here = MhcHere(folder, **processes[0].environ)
    ranged = [_of_a_year(call) for call in calls(USUAL, "ways", "ranged", "of_session")]
    asked = [(words, _YEAR_MS) for words in ranged]
    asked += [(" ".join(call), _ALL_MS) for call in calls(USUAL)]
    found = [_spent(folder, words, dbs, most) for words, most in sorted(asked)]
    found.append(_spent(folder, "session show", dbs, _SESSION_MS))
    found += [_page(here, words) for words in ranged]
    first = {words.split()[1]: words for words in reversed(ranged)}  # the plainest way to ask each report
    found += [_memory(processes, words) for words in reversed(first.values())]
    return found + columns.rows(folder, dbs)


def _of_a_year(call: tuple[str, ...]) -> str:
    """Ask of a year, where a report is about a time."""
    return " ".join([*call, *taken(call, [_YEAR])])


def _spent(folder: Path, words: str, dbs: dict[str, Database], most: int) -> Row:
    """Add up what the queries of a command take, on each database."""
    mhc = MhcHere(folder, CHATURBATE_USERNAME="example_room")
    took = [sum(queries(mhc, words, db)) for db in dbs.values()]
    what = f"`{words}`, all its queries, on {' and '.join(dbs)}"
    said = ", ".join(f"{one:,.0f} ms" for one in took)
    return Row(what, said, "", "", f"≤ {most} ms", max(took) <= most)


def _page(mhc: MhcHere, words: str) -> Row:
    page = mhc.home / "page.html"
    run = mhc(*words.split(), "--html", str(page))
    if run.status != 0:
        raise SystemExit(f"mhc {words}: {run.stderr}")
    return amount(f"`{words} --html`", page.stat().st_size / 1000, "kB", _PAGE_KB)


def _memory(each: Sequence[Mhc], words: str) -> Row:
    """Give the most that the command held, on either database."""
    return amount(f"`{words}`: memory at most", max(_held(mhc, words) for mhc in each), "MB", _MEMORY_MB)


def _held(mhc: Mhc, words: str) -> float:
    """Let the installed command run in a process of its own, and give the most megabytes that it ever held."""
    call = [sys.executable, "-c", _APART, str(mhc.program), *words.split(), "-q", "-o", "json"]
    run = subprocess.run(call, env=mhc.environ, cwd=mhc.home, check=True, stdout=subprocess.PIPE, text=True)
    status, most = map(int, run.stdout.split())
    if status != 0:
        raise SystemExit(f"mhc {words} ended with {status}")
    return most / _RSS
