"""Two listeners of one room on two machines: one is killed, stopped for longer than its lease, cut off, ended.

A trigger notes, in the transaction itself, who changed the stream's row and under which epoch: each listener has a
role of its own in PostgreSQL.
"""

import signal
import time
from collections.abc import Callable

from sqlalchemy import text

from command import Mhc
from faults.server import FaultServer
from faults.supervised import Supervised
from mhc.store.database import Database
from prove import place
from prove.result import Result, until

_EVENTS = 300
_PATIENCE = 600
_LATE = 30.0  # seconds after a lease's end: two on a machine at rest
_NAMES = ("mhc_one", "mhc_two")
_WATCH = """
CREATE SCHEMA proof;
CREATE TABLE proof.change (
    number BIGSERIAL, role TEXT, at BIGINT, old_epoch INT, epoch INT, moved BOOL, old_end BIGINT
);
GRANT ALL ON SCHEMA proof TO PUBLIC;
CREATE FUNCTION proof.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO proof.change (role, at, old_epoch, epoch, moved, old_end) VALUES (
        session_user, extract(epoch FROM clock_timestamp()) * 1000, OLD.epoch, NEW.epoch,
        OLD.cursor IS DISTINCT FROM NEW.cursor OR OLD.last_poll_ok_at IS DISTINCT FROM NEW.last_poll_ok_at
        OR OLD.lease_expires_at IS DISTINCT FROM NEW.lease_expires_at, OLD.lease_expires_at);
    RETURN NULL;
END $$;
CREATE TRIGGER proof AFTER UPDATE ON stream FOR EACH ROW EXECUTE FUNCTION proof.note();
"""
_EPOCHS = "SELECT epoch, role FROM proof.change WHERE epoch <> old_epoch ORDER BY number"
_MOVES = "SELECT epoch, role FROM proof.change WHERE epoch = old_epoch AND moved AND role LIKE 'mhc\\_%' ORDER BY number"
_LATEST = "SELECT max(at - old_end) FROM proof.change WHERE epoch <> old_epoch AND old_end > 1000000000000 AND at >= old_end"


class Pair:
    """Two listeners, of which one polls and one stands by."""

    def __init__(self, db: Database, server: FaultServer, mhc: Mhc, result: Result, *, patient: bool) -> None:
        self.db, self.server, self.mhc, self.result = db, server, mhc, result
        self._patient = patient  # waits for leases to run out, rather than to end them by hand
        self._running: dict[str, Supervised] = {}
        for name in _NAMES:
            self._sql(f"CREATE ROLE {name} LOGIN SUPERUSER")

    def start_both(self) -> None:
        """Start whoever does not run."""
        for name in _NAMES:
            if name not in self._running:
                url = self.db.url.set(username=name).render_as_string(hide_password=False)
                env = self.server.environ(url, MHC_STATE_DIR=str(self.mhc.home / name))
                one = self._running[name] = Supervised(self.mhc, env, "--standby")
                one.until_told("READY=1")

    def close(self) -> None:
        """End both, however they are."""
        for one in self._running.values():
            one.signal(signal.SIGCONT)
            one.__exit__(None, None, None)
        self._running.clear()

    def holder(self) -> str:
        """Name who took the lease last."""
        return str(self._rows(_EPOCHS)[-1][1])

    def kill(self) -> None:
        """Kill who polls, without a word to anybody."""
        name = self.holder()
        dead = self._running.pop(name)
        dead.signal(signal.SIGKILL)
        dead.__exit__(None, None, None)
        self._end_lease()
        self._other_takes_over(name)

    def pause(self) -> None:
        """Stop who polls for longer than its lease, and let it go on when the other has taken over."""
        name = self.holder()
        paused = self._running[name]
        paused.signal(signal.SIGSTOP)
        self._end_lease()
        self._other_takes_over(name)
        self.read_up()
        before = _stood_by(paused)
        paused.signal(signal.SIGCONT)
        self.server.publish(_EVENTS)
        if not until(lambda: _stood_by(paused) > before or self.trespassers(), _PATIENCE):
            self.result.blame("old epoch", f"{name} did not step down: {paused.said[-3:]}")
        self.read_up()

    def terminate(self) -> None:
        """Cut who polls off from the database."""
        name, epochs = self.holder(), len(self._rows(_EPOCHS))
        self._sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{name}'")
        self.read_up()
        if len(self._rows(_EPOCHS)) != epochs:
            self.result.blame("lease", f"{name} lost it by a connection that broke")

    def stop(self) -> None:
        """End who polls in order."""
        name = self.holder()
        ended = self._running.pop(name)
        if ended.stopped() != 0:
            self.result.blame("ended", *ended.said[-5:])
        ended.__exit__(None, None, None)
        self._other_takes_over(name)

    def read_up(self) -> None:
        """Let more happen, and wait until all of it is asked for."""
        self.server.publish(_EVENTS)
        if not self.server.until_read_up(_PATIENCE):
            self.result.blame("stood still", *(one.said[-1:] for one in self._running.values()))

    def trespassers(self) -> list[str]:
        """Say who moved the cursor, or the lease, under an epoch of the other."""
        holders = dict(self._rows(_EPOCHS))
        return [
            f"{role} under {epoch}, which is {holders.get(epoch)}'s"
            for epoch, role in self._rows(_MOVES)
            if role != holders.get(epoch)
        ]

    def latest(self) -> float:
        """Give the most seconds between the end of a lease and who took it."""
        return float(self._rows(_LATEST)[0][0] or 0) / 1000

    def unwatch(self) -> None:
        """Leave the database as it would be without us."""
        self._sql("DROP SCHEMA proof CASCADE")

    def _other_takes_over(self, name: str) -> None:
        self.server.publish(_EVENTS)
        if not until(lambda: self.holder() != name, _PATIENCE):
            self.result.blame("not taken over", f"from {name}")

    def _end_lease(self) -> None:
        if not self._patient:
            self._sql("UPDATE stream SET lease_expires_at = 1")

    def _rows(self, query: str) -> list[tuple[int, str]]:
        with self.db.read() as conn:
            return [tuple(row) for row in conn.execute(text(query))]

    def _sql(self, statements: str) -> None:
        with self.db.raw_write() as conn:
            conn.exec_driver_sql(statements)


def _stood_by(one: Supervised) -> int:
    return sum("standing by" in line for line in list(one.said))


def run(rounds: int) -> Result:
    """Let each thing happen so often, and judge; a single round does not wait for leases to run out."""
    result = Result("two listeners: killed, paused, cut off, ended", "PostgreSQL", what="turns")
    began = time.monotonic()
    with (
        place.folder() as home,
        place.database("PostgreSQL", home) as db,
        FaultServer(published=_EVENTS, page_size=20, longest=5) as server,
    ):
        with db.raw_write() as conn:
            conn.exec_driver_sql(_WATCH)
        pair = Pair(db, server, place.command(home), result, patient=rounds > 1)
        try:
            turns: list[Callable[[], None]] = [
                pair.terminate,
                pair.pause,
                pair.kill,
                pair.terminate,
                pair.stop,
            ]
            for turn in turns * rounds:
                pair.start_both()
                pair.read_up()
                turn()
                result.count += 1
                if pair.trespassers():
                    break
            pair.read_up()
            if rounds > 1:
                result.note = f"taken over {pair.latest():.1f} s after a lease's end at most"
        finally:
            pair.close()
        for found in pair.trespassers():
            result.blame("old epoch", found)
        if pair.latest() > _LATE:
            result.blame("taken over late", f"{pair.latest():.1f} s after the lease's end")
        pair.unwatch()
        result.take(db, server, home)
    result.seconds = time.monotonic() - began
    return result
