"""Reports over a year and over all of ten million events: their queries, pages and memory, and scans beside DuckDB."""

import subprocess
import sys
from pathlib import Path

from bench import columns
from bench.archive import USUAL
from bench.lookups import queries
from bench.table import Row, amount
from command import Mhc, MhcHere
from mhc.store.database import Database
from reporting import calls

_YEAR = "--since 365d"
_AIMS = {_YEAR: 300, "": 1000}  # milliseconds
_SESSION, _MOST = "session show", 50  # of 20,000 events in six hours
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
    each = [" ".join(words) for words in calls(USUAL)]
    environ = {
        kind: {
            "DATABASE_URL": db.url.render_as_string(hide_password=False),
            "CHATURBATE_USERNAME": "example_room",
        }
        for kind, db in dbs.items()
    }
    found = []
    for words in each:
        for span, most in _AIMS.items():
            found += [_spent(folder, f"{words} {span}".strip(), kind, db, most) for kind, db in dbs.items()]
    found += [_spent(folder, _SESSION, kind, db, _MOST) for kind, db in dbs.items()]
    found += [_page(MhcHere(folder, **environ["SQLite"]), f"{words} {_YEAR}") for words in each]
    for words in each:
        found += [_memory(Mhc(folder, **environ[kind]), f"{words} {_YEAR}", kind) for kind in dbs]
    return found + columns.rows(folder, dbs)


def _spent(folder: Path, words: str, kind: str, db: Database, most: int) -> Row:
    took = queries(MhcHere(folder, CHATURBATE_USERNAME="example_room"), words, db)
    return amount(f"`{words}` on {kind}, its {len(took)} queries together", sum(took), "ms", most)


def _page(mhc: MhcHere, words: str) -> Row:
    page = mhc.home / "page.html"
    run = mhc(*words.split(), "--html", str(page))
    if run.status != 0:
        raise SystemExit(f"mhc {words}: {run.stderr}")
    return amount(f"`{words} --html`", page.stat().st_size / 1000, "kB", _PAGE_KB)


def _memory(mhc: Mhc, words: str, kind: str) -> Row:
    """Let the installed command run in a process of its own, and ask how much it ever held."""
    call = [sys.executable, "-c", _APART, str(mhc.program), *words.split(), "-q", "-o", "json"]
    said = subprocess.run(
        call, env=mhc.environ, cwd=mhc.home, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    status, most = map(int, said.split())
    if status != 0:
        raise SystemExit(f"mhc {words} ended with {status}")
    return amount(f"`{words}` on {kind}: memory at most", most / _RSS, "MB", _MEMORY_MB)
