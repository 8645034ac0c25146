"""A database with all that an export has to carry: names that changed hands, merges, gaps, hostile text, typed things."""

import json
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, insert, select, update

from command import MhcHere
from factories import FIRST_SHOW, ROOM, SECOND_SHOW, Item, chat, feed, happening, minute, private, tip
from mhc.capture.envelope import read_events
from mhc.domain.broadcasts import MERGE_GAP
from mhc.store import coverage, derived, events, known, people, session_notes, sessions, streams
from mhc.store.bulk import Batch
from mhc.store.database import Database
from mhc.store.schema import person, person_merge, stream_session
from mhc.store.streams import Kind, Moved, Stream

SECOND_ROOM = "second_room"
HOSTILE = "\x1b]52;c;eA==\x07\u202e\u2028\x7f=cmd|' /C calc'!A0\u0300\u0301\ud800\x00 ünï 💙"


def fill(db: Database, cli: MhcHere, seed: int = 1) -> None:
    """Capture two rooms and a testbed, late pages and all, and type things about who was there."""
    dice = Random(seed)
    with db.write() as conn:
        people.ensure(conn, ["never_seen", "another_unseen"], source="manual", at=minute(-99))
        live = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", minute(-60))
        other = streams.ensure(conn, SECOND_ROOM, Kind.LIVE, "testserver", minute(-60))
        testbed = streams.ensure(conn, ROOM, Kind.TESTBED, "testserver", minute(-60))
    _capture(db, live, FIRST_SHOW)
    _type(cli)
    with db.write() as conn:  # while viewer_one is there, nobody looks
        coverage.add_gap(conn, live.id, None, minute(-10), cause="first start", certain=True)
        coverage.extend(conn, live.id, minute(-10), minute(70), joined=False)
        coverage.add_gap(conn, live.id, minute(1446), minute(1448), cause="cursor lost", certain=True)
        derived.add(conn, live, [], MERGE_GAP, [minute(1446)])
    _capture(
        db, other, [happening(5, "userEnter", "viewer_two", room=SECOND_ROOM), *_talk(dice, SECOND_ROOM)]
    )
    _capture(db, live, SECOND_SHOW)
    _capture(db, testbed, [tip(3, "viewer_two", 999)])
    page = [*_talk(dice, ROOM), chat(2881, "viewer_two", HOSTILE), chat(2882, HOSTILE, "boo")]
    dice.shuffle(page)
    _capture(db, live, page)
    _capture(db, live, [tip(30, "late_comer", 5), happening(31, "userEnter", "late_comer")])
    with db.write() as conn:
        _without_ids(conn, live)
        _merge(conn, "viewer_three", "viewer_two")
        coverage.extend(conn, live.id, minute(1430), minute(1455), joined=False)
        coverage.add_gap(conn, live.id, minute(1455), minute(1500), cause="away", certain=False)
        for body in (b'"no object"', b'{"method":"\xff"}', b'"no object"'):
            coverage.reject(conn, live.id, body, "not an object", minute(1))
        streams.take_lease(conn, live.id, "host/1", now=minute(0), valid=timedelta(1), lock_held=True)
        held = streams.get(conn, live.id)
        moved = Moved("i=1&timeout=10", 5000)
        assert known.take(Batch(conn), held, (), now=minute(2890), valid=timedelta(1), moved=moved)
        streams.release_lease(conn, held)
        titled = {"title": HOSTILE.replace("\ud800", "").replace("\0", ""), "tags": "blue", "theme": "night"}
        first = sessions.of_room(conn, live.room_id)[0]
        conn.execute(update(stream_session).where(stream_session.c.id == first.id).values(**titled))
        when = first.started_at + timedelta(minutes=5)
        session_notes.add(conn, live.room_id, "the new lamp works", at=when, now=when + timedelta(days=1))


def _type(cli: MhcHere) -> None:
    """Type what a person would, between two shows; then somebody else takes a name."""
    for words in (
        ("person", "rename", "viewer_one", "viewer_uno"),
        ("alias", "add", "viewer_two", "viewer_zwei"),
        ("alias", "add", "viewer_uno", "viewer_old", "--former", "--until", "2025-01-01"),
        ("person", "add", "known_model", "--role", "model"),
        ("note", "add", "viewer_uno", "likes the blue lights", "--category", "tips"),
        ("note", "add", "viewer_two", "asked for \x1b[2J a song", "--at", "2026-01-01 18:30"),
        ("watchlist", "add", "Excluded", "viewer_two"),
        ("watchlist", "add", "Quiet Ones", "viewer_uno", "never_seen", "--create", "--note", "shy"),
        ("watchlist", "remove", "Quiet Ones", "never_seen"),
        ("session", "start", "--at", "2026-01-04 10:00", "--title", "By hand"),
        ("session", "stop", "--at", "2026-01-04 12:00"),
    ):
        run = cli(*words, CHATURBATE_USERNAME=ROOM)
        assert run.status == 0, run.stderr


def _talk(dice: Random, room: str) -> list[Item]:
    """Give what some people do in a room in an hour of the third day."""
    found = [happening(2850, "broadcastStart", room=room)]
    for _ in range(60):
        at = 2850 + dice.random() * 60
        who = dice.choice(["viewer_one", "viewer_two", "viewer_three", "viewer_four", "Anonymous"])
        amount = dice.randrange(1, 500)
        found.append(
            dice.choice(
                [
                    tip(at, who, amount, anonymous=dice.random() < 0.3, room=room),
                    happening(at, "chatMessage", who, room=room, message={"message": "hi"}),
                    happening(at, "userEnter", who, room=room),
                    happening(at, "userLeave", who, room=room),
                    happening(at, "follow", who, room=room),
                    private(at, who, room, "psst"),
                    happening(at, "brandNewMethod", who, room=room),
                ]
            )
        )
    return found


def _capture(db: Database, source: Stream, items: list[Item]) -> None:
    """Store a page as a listener would."""
    page = len(items) + items[0][0].minute
    raws = [json.dumps(one).encode() for one in feed(items, page)]
    found, refused = read_events(raws)
    assert not refused
    received = max(at for at, _method, _payload in items) + timedelta(milliseconds=1500)
    with db.write() as conn:
        added = events.add_new(conn, source.id, found, received, made_by="events")
        derived.add(conn, source, added.new, MERGE_GAP)


def _without_ids(conn: Connection, source: Stream) -> None:
    body: dict[str, Any] = {
        "method": "tip",
        "object": {"user": {"username": "viewer_two"}, "tip": {"tokens": 7}},
    }
    found, _refused = read_events([json.dumps(body).encode()] * 2)
    added = events.add_new(conn, source.id, found, minute(2889), made_by="events")
    derived.add(conn, source, added.new, MERGE_GAP)


def _merge(conn: Connection, other: str, keep: str) -> None:
    ids = people.ids_of(conn, [other, keep])
    pair = {"keep_id": ids[keep], "other_id": ids[other]}
    conn.execute(insert(person_merge).values(**pair, reason="by hand", at=minute(2900), undone_at=None))
    conn.execute(update(person).where(person.c.id == ids[other]).values(canonical_id=ids[keep]))
    root = conn.execute(select(person.c.id).where(person.c.username == "viewer_four")).scalar_one()
    undone = {"keep_id": ids[keep], "other_id": root}
    conn.execute(
        insert(person_merge).values(**undone, reason="wrong", at=minute(2901), undone_at=minute(2902))
    )
