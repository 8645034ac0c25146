"""Kills the listener at random moments, again and again, while a feed that misbehaves serves numbered events."""

import threading
import time
from random import Random
from urllib.parse import parse_qs

from sqlalchemy import select

from command import Mhc
from faults.numbered import number_of
from faults.server import FaultServer
from mhc.store import schema
from mhc.store.database import Database
from prove import place
from prove.result import Result

PAGE = 10
_AHEAD = 500  # events that wait beyond those that were asked for
_MISBEHAVE = 0.15  # the chance of an answer that costs no event and is no plain page
_EARLY = 0.1  # the chance that a listener dies while it starts
_PATIENCE = 600  # seconds for what takes a moment on a machine at rest


def run(kind: str, kills: int, seed: int, *, until_wrong: bool = False) -> Result:
    """Kill so often, let one listener read up, and judge; `until_wrong` ends the kills of a build that is."""
    result = Result("`kill -9` at random moments", kind, what="kills", note=f"seed {seed}")
    began = time.monotonic()
    with (
        place.folder() as home,
        place.database(kind, home) as db,
        FaultServer(published=_AHEAD, page_size=PAGE, misbehave=_MISBEHAVE, seed=seed) as server,
    ):
        mhc = place.command(home)
        env = server.environ(place.url_of(db))
        chance = Random(seed)
        while result.count < kills and (result.sound or not until_wrong):
            _keep_ahead(server)
            _kill_one(result, mhc, server, env, chance)
            _look(result, db, server)
            result.count += 1
        ended = mhc.until(lambda: server.until_read_up(_PATIENCE), "listen", "-o", "none", **env)
        if ended.status != 0:
            result.blame("the last listener", ended.stderr[-500:])
        result.take(db, server, home)
    result.seconds = time.monotonic() - began
    return result


def _keep_ahead(server: FaultServer) -> None:
    asked = max((one.ask.after or 0 for one in server.journal), default=0)
    server.publish(max(0, asked + _AHEAD - server.feed.published))


def _kill_one(result: Result, mhc: Mhc, server: FaultServer, env: dict[str, str], chance: Random) -> None:
    """Start a listener, and kill it: mostly at work on a page, sometimes before it has asked for one."""
    asked = len(server.journal)
    with mhc.start("listen", "-o", "none", **env) as listener:
        try:
            if chance.random() < _EARLY:
                threading.Event().wait(chance.random() * 0.4)
            elif not server.until_asked(asked + chance.randrange(20), _PATIENCE):
                result.blame("silent", f"listener {result.count} asked for nothing")
            threading.Event().wait(chance.expovariate(100))
        finally:
            status = listener.poll()
            listener.kill()
        assert listener.stderr is not None
        if status is not None:
            result.blame("ended by itself", f"with {status}: {listener.stderr.read()[-500:]}")


def _look(result: Result, db: Database, server: FaultServer) -> None:
    """Hold what a dead listener left against the journal: it had asked from nowhere that was not durable yet."""
    with db.read() as conn:
        cursor = conn.execute(select(schema.stream.c.cursor)).scalar()
        ids = conn.execute(select(schema.event.c.id_ms, schema.event.c.id_seq)).all()
    stored = len(set(ids))
    if stored != len(ids):
        result.blame("doubled", f"{len(ids)} rows of {stored} events")
    if server.journal:
        last = server.journal[-1]
        if cursor not in {last.ask.query if last.ask.cursor else None, last.leads_to}:
            result.blame("asked ahead", f"from {last.ask.query}, and durable was {cursor}")
    passed = _number(cursor)
    if stored < passed:
        result.blame("cursor ahead", f"{passed} passed, {stored} stored")


def _number(cursor: str | None) -> int:
    """Give the number of the event that the cursor stands behind."""
    return (number_of(parse_qs(cursor)["i"][0]) or 0) if cursor else 0
