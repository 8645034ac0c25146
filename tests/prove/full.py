"""Disks that become full: a small one under the SQLite file, a small one under the spool; both are enlarged later."""

import time
from contextlib import closing

from faults import disks, own_postgres
from faults.server import FaultServer
from faults.supervised import Supervised
from mhc.store.database import Database
from prove import place
from prove.result import Result, until

_KIB, _SPOOL_KIB, _LARGE_KIB = 4096, 1024, 64 * 1024
_PAD = 700  # characters that make an event longer
_PATIENCE = 600


def run(rounds: int) -> list[Result]:
    """Fill each disk so often."""
    return [under_sqlite(rounds), under_the_spool(rounds)]


def under_sqlite(rounds: int) -> Result:
    """Fill the disk under the database, and free it again."""
    result = Result("disk full under the database", "SQLite", what="fillings")
    began = time.monotonic()
    with (
        place.folder() as home,
        disks.mounted(home / "disk", _KIB) as disk,
        FaultServer(published=100, pad=_PAD) as server,
        closing(Database(f"sqlite:///{disk.path / 'mhc.db'}")) as db,
    ):
        env = server.environ(str(disk.path / "mhc.db"), MHC_WAIT_SCALE="0.05")
        with Supervised(place.command(home), env) as listener:
            server.until_read_up(_PATIENCE)
            for number in range(rounds):
                disk.fill(leave_kib=40)
                server.publish(1500)
                if not until(lambda: _said(listener, "disk full on ") > number, _PATIENCE):  # noqa: B023 - called in the same round
                    result.blame("went on", "on a full disk")
                disk.free()
                disk.resize(_LARGE_KIB * (number + 1))
                if not server.until_read_up(_PATIENCE):
                    result.blame("did not go on", *listener.said[-5:])
                result.count += 1
            if listener.stopped() != 0:
                result.blame("ended", *listener.said[-5:])
        result.take(db, server, home)
    result.seconds = time.monotonic() - began
    return result


def under_the_spool(rounds: int) -> Result:
    """Take the database away until the disk under the spool is full; enlarge that, and give the database back."""
    result = Result("disk full under the spool", "PostgreSQL", what="fillings")
    began = time.monotonic()
    with (
        place.folder() as home,
        disks.mounted(home / "state", _SPOOL_KIB) as disk,
        own_postgres.running() as postgres,
        FaultServer(published=100, pad=_PAD) as server,
        closing(postgres.open()) as db,
    ):
        place.be_honest(db)
        env = server.environ(postgres.database_url, MHC_WAIT_SCALE="0.05")
        with Supervised(place.command(home), env) as listener:
            server.until_read_up(_PATIENCE)
            for number in range(rounds):
                disk.resize(_SPOOL_KIB)
                postgres.stop("immediate")
                server.publish(8000)
                if not until(lambda: _said(listener, "not polling meanwhile") > number, _PATIENCE):  # noqa: B023 - called in the same round
                    result.blame("went on", "without room for a page")
                disk.resize(_LARGE_KIB)
                if not server.until_read_up(_PATIENCE):
                    result.blame("did not go on", *listener.said[-5:])
                postgres.start()
                if not until(lambda: not list((disk.path / "spool").glob("*.jsonl")), _PATIENCE):
                    result.blame("did not come back", *listener.said[-5:])
                result.count += 1
            if listener.stopped() != 0:
                result.blame("ended", *listener.said[-5:])
        result.take(db, server, home)
    result.seconds = time.monotonic() - began
    return result


def _said(listener: Supervised, text: str) -> int:
    return sum(text in line for line in list(listener.said))
