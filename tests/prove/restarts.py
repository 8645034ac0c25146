"""PostgreSQL restarts every two seconds under load, in both manners, and then stays away while the feed goes on."""

import threading
import time
from contextlib import closing
from pathlib import Path

from faults import own_postgres
from faults.server import FaultServer
from faults.supervised import Supervised
from prove import place
from prove.result import Result, until

_EVERY, _AWAY = 2.0, 5.0  # seconds
_EVENTS = 600  # between two restarts
_PATIENCE = 600


def run(restarts: int) -> Result:
    """Restart so often, stop it for a while, start it, and judge."""
    result = Result("restarts under load, then a while away", "PostgreSQL", what="restarts")
    began = time.monotonic()
    with (
        place.folder() as home,
        own_postgres.running() as postgres,
        FaultServer(published=0, page_size=20) as server,
        closing(postgres.open()) as db,
    ):
        place.be_honest(db)
        env = server.environ(postgres.database_url, MHC_WAIT_SCALE="0.05")
        with Supervised(place.command(home), env) as listener:
            for number in range(restarts):
                server.publish(_EVENTS)
                threading.Event().wait(_EVERY)
                postgres.restart("immediate" if number % 2 else "fast")
                result.count += 1
            result.note = _stay_away(result, postgres, server, home)
            if not until(lambda: not _spools(home) and server.until_read_up(1), _PATIENCE):
                result.blame("did not come back", *listener.said[-5:])
            if listener.stopped() != 0:
                result.blame("ended", *listener.said[-5:])
        result.take(db, server, home)
    result.seconds = time.monotonic() - began
    return result


def _stay_away(result: Result, postgres: own_postgres.OwnPostgres, server: FaultServer, home: Path) -> str:
    """Let the feed go on without the database; give what was spooled meanwhile."""
    postgres.stop("immediate")
    server.publish(3 * _EVENTS)
    threading.Event().wait(_AWAY)
    if not server.until_read_up(_PATIENCE):
        result.blame("stood still", "the feed was not read while the database was away")
    pages = sum(path.read_bytes().count(b"\n") - 1 for path in _spools(home))
    if pages <= 0:
        result.blame("spooled nothing", "while the database was away")
    postgres.start()
    return f"{pages} pages spooled"


def _spools(home: Path) -> list[Path]:
    return list((home / "state" / "spool").glob("*.jsonl"))
