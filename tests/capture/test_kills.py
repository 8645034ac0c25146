"""A listener that is killed at any moment loses nothing and doubles nothing."""

import json
import random
from itertools import pairwise

from command import Mhc
from mhc.sandbox.server import Sandbox

KILLS = 20
PAGE = 20
EVENTS = PAGE * 400


def test_twenty_kills_lose_and_double_nothing(run_mhc: Mhc, database_url: str) -> None:
    chance = random.Random(7)
    with Sandbox(speed=0, events=EVENTS, page_size=PAGE, journal=True) as sandbox:
        feed = {
            "DATABASE_URL": database_url,
            "MHC_EVENTS_URL": sandbox.url,
            "CHATURBATE_USERNAME": sandbox.room,
            "CB_AUTH_TOKEN": sandbox.token,
        }
        for _ in range(KILLS):
            kill_at_work(run_mhc, feed, after=chance.randrange(1, PAGE * 15))
        rest = run_mhc.until(lambda: sandbox.until_held(timeout=50), "listen", **feed)
        assert rest.status == 0, rest.stderr
        listed = run_mhc("event", "list", "-o", "ndjson", "--fields", "event_id", **feed)
        stored = [json.loads(line)["event_id"] for line in listed.stdout.splitlines()]
        assert sorted(stored) == sorted(sandbox.served_ids())
        assert len(stored) == EVENTS
        assert run_mhc("db", "check", **feed).status == 0
        assert_no_request_ran_ahead(sandbox)


def kill_at_work(run_mhc: Mhc, feed: dict[str, str], *, after: int) -> None:
    """Kill a listener when it has printed some lines: the next page is then on its way, or being stored."""
    with run_mhc.start("listen", "-o", "ndjson", **feed) as listener:
        assert listener.stdout is not None
        for _ in range(after):
            assert listener.stdout.readline(), listener.stderr and listener.stderr.read()
        listener.kill()


def assert_no_request_ran_ahead(sandbox: Sandbox) -> None:
    """Each request asks from where the answer before it was, or from where that led: never further."""
    for before, later in pairwise(sandbox.journal):
        allowed = {before.cursor, None}
        if before.ids:
            allowed.add(before.ids[-1])
        assert later.cursor in allowed, (before, later)
