"""Data in which all that a screen on stream must hide can be told from the rest: a word, or a sum."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

import conventions_ready
import factories
from factories import ROOM
from mhc.store import coverage, notes, people, schema, streams, watchlists
from mhc.store.database import Database
from mhc.store.streams import Kind

# The sums that it is part of begin alike; the ids of events are longer.
AMOUNT = 1_777_000_000
SEEN = re.compile(r"canary[a-z]+|(?<![\d,])1,?777,?\d{3},?\d{3}(?!\d)|(?<![\d,])17,?773(?!\d)")
# What the files of `mhc import` hold that is to be hidden.
PASTED = {
    "chat.txt": f"[2026-01-03T18:00:07Z] viewer_nine tipped {AMOUNT} tokens | canarytip\n"
    "[2026-01-03T18:00:08Z] viewer_nine: canarychat\n",
    "pm.txt": "viewer_one: canaryprivate\n",
    "tips.txt": f"viewer_two tipped {AMOUNT} tokens -- canarytip\n",
    "menu.txt": "17773 - song\n",
    "people.jsonl": '{"username": "viewer_two", "notes": [{"body": "canarynote"}]}\n',
}


def fill(path: Path) -> None:
    """Put them into a database that holds what the examples need."""
    now = datetime.now(UTC)
    start = (now - factories.T0) / timedelta(minutes=1)
    items = [
        factories.happening(start - 45, "tip", "viewer_one", tip={"tokens": AMOUNT, "isAnon": False, "message": "canarytip"}),
        factories.tip(start - 44, "viewer_two", 25, anonymous=True),
        factories.chat(start - 43, "viewer_one", "canarychat"),
        factories.private(start - 42, "viewer_one", ROOM, "canaryprivate"),
        factories.happening(start - 41, "roomSubjectChange", subject="canarysubject"),
    ]  # fmt: skip
    with closing(Database(f"sqlite:///{path}")) as db, db.write() as conn:
        factories.store(conn, items, page=9)
        source = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", now)
        coverage.reject(conn, source.id, b'"canaryrejected"', "not an object", now)
        ids = people.ids_of(conn, ["viewer_one", "viewer_two"])
        one, two = ids["viewer_one"], ids["viewer_two"]
        notes.add(conn, one, "canarynote", category="notes", happened_at=None, at=now)
        friends = watchlists.find(conn, "Friends")
        assert friends is not None
        watchlists.add(conn, friends.id, [one], at=now, note="canarylist")
        name = {"person_id": one, "kind": "private", "name": "canaryname", "added_at": now}
        conn.execute(insert(schema.person_name).values(**name))
        low, high = sorted([one, two])
        pair = {"low_id": low, "high_id": high, "kind": "alternate", "note": "canarypair", "added_at": now}
        conn.execute(insert(schema.pair).values(**pair))


def surroundings(home: Path, seeded: Path) -> dict[str, str]:
    """Put the database and the files that commands read into a folder, with more in them that is to be hidden."""
    environ = conventions_ready.surroundings(home, seeded)
    for name, text in PASTED.items():
        with (home / name).open("a") as file:
            file.write(text)
    return environ
