"""How long a call takes from its beginning to its end, beside a script that does no more than it must."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

from bench import feed, ours
from bench.table import Row, slower
from command import MHC, Mhc
from mhc.domain import clock
from mhc.store import schema
from mhc.store.database import Database

_SCRIPTS = Path(__file__).with_name("scripts")
_LIGHT = {
    "`--help`": (["--help"], {}),
    "`--version`": (["--version"], {}),
    "a typo": (["persn"], {}),
    "completion": ([], {"COMP_WORDS": "x ", "COMP_CWORD": "1"}),
}
_LOOK_UPS = {
    "person show viewer_one": ["show", "viewer_one"],
    "session status": ["status"],
    "event list -L 20": ["list"],
}
_EVENTS, _MOST = 5_000, 1.15

Call = tuple[Sequence[str], Mapping[str, str]]


def rows(folder: Path, runs: int) -> list[Row]:
    """Measure the calls that say only how to begin, and the common look-ups."""
    mhc = Mhc(folder, CHATURBATE_USERNAME=feed.ROOM)
    hello = [sys.executable, str(_SCRIPTS / "hello.py")]
    found = []
    for what, (words, environ) in _LIGHT.items():
        complete = {f"_{name}_COMPLETE": "bash_complete" for name in ("MHC", "HELLO")} if environ else {}
        surroundings = mhc.environ | environ | complete
        calls = (([str(MHC), *words], surroundings), ([*hello, *words], surroundings))
        found.append(slower(f"{what}, beside a lazy Click hello", *_timed(calls, runs), _MOST))
    script, url = _core(folder), _database(folder / "data" / "mhc")
    for line, words in _LOOK_UPS.items():
        theirs = [sys.executable, str(script), url, *words]
        calls = (([str(MHC), *line.split()], mhc.environ), (theirs, mhc.environ))
        found.append(slower(f"`{line}`, beside Click and Core by hand", *_timed(calls, runs), _MOST))
    return found


def _timed(calls: tuple[Call, Call], runs: int) -> tuple[float, float]:
    """Give the median seconds of two calls that take turns; the first turn, which fills caches, does not count."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs + 1):
        for place, (words, environ) in enumerate(calls):
            began = time.perf_counter()
            subprocess.run(words, env=dict(environ), capture_output=True, check=False)
            seconds[place].append(time.perf_counter() - began)
    return median(seconds[0][1:]), median(seconds[1][1:])


def _core(folder: Path) -> Path:
    """Put the script beside a copy of the tables, so that it imports nothing of mhc."""
    script = folder / "core.py"
    script.write_bytes((_SCRIPTS / "core.py").read_bytes())
    tables = Path(schema.__file__).read_text().replace("mhc.domain.clock", "clock")
    (folder / "tables.py").write_text(tables)
    (folder / "clock.py").write_text(Path(clock.__file__).read_text())
    return script


def _database(folder: Path) -> str:
    """Make the database that is asked, where mhc looks for it."""
    folder.mkdir(parents=True)
    url = f"sqlite:///{folder / 'mhc.db'}"
    with closing(Database(url)) as db:
        db.create()
        listener = ours.Listener(db, ours.hold(db))
        for page in feed.pages(feed.elements(_EVENTS), 500):
            listener.keep(page)
    return url
