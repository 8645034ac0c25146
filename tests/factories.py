"""Made-up events, as the feed gives them, and a small story of two shows that many tests tell."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert

from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.clock import to_ms
from mhc.domain.events import EventId, parse_event
from mhc.store import coverage, derived, events, people, ratings, schema, streams
from mhc.store.database import Database
from mhc.store.streams import Kind

ROOM = "example_room"
T0 = datetime(2026, 1, 1, 18, 0, tzinfo=UTC)
DAY = 24 * 60  # minutes
Item = tuple[datetime, str, dict[str, Any]]


def minute(number: float) -> datetime:
    """Give an instant of the story."""
    return T0 + timedelta(minutes=number)


def happening(
    at: float, method: str, who: str | None = None, *, room: str | None = ROOM, **more: Any
) -> Item:
    """Give an event so many minutes into the story."""
    payload: dict[str, Any] = {} if room is None else {"broadcaster": room}
    if who is not None:
        payload["user"] = {"username": who}
    return minute(at), method, payload | more


def tip(at: float, who: str, tokens: int, *, anonymous: bool = False, room: str | None = ROOM) -> Item:
    amount = {"tokens": tokens, "isAnon": anonymous, "message": ""}
    return happening(at, "tip", who, room=room, tip=amount)


def media(at: float, who: str, tokens: int) -> Item:
    return happening(at, "mediaPurchase", who, media={"id": 1, "name": "a set", "tokens": tokens})


def chat(at: float, who: str, text: str = "hello") -> Item:
    return happening(at, "chatMessage", who, message={"message": text})


def private(at: float, sender: str, receiver: str, text: str) -> Item:
    message = {"message": text, "fromUser": sender, "toUser": receiver}
    return happening(at, "privateMessage", sender, message=message)


def show(day: float, *who: str, minutes: float = 60) -> list[Item]:
    """Give a session of an hour to which some people come."""
    start = day * DAY
    came = [happening(start + 1, "userEnter", name) for name in who]
    left = [happening(start + 2, "userLeave", name) for name in who]
    ends = happening(start + minutes, "broadcastStop")
    return [happening(start, "broadcastStart"), *came, *left, ends]


def feed(items: Iterable[Item], page: int = 0) -> list[dict[str, Any]]:
    """Give events with ids, as one page of the API has them."""
    return [
        {"method": method, "object": payload, "id": f"{to_ms(at)}-{page * 1000 + place}"}
        for place, (at, method, payload) in enumerate(items)
    ]


def store(
    conn: Connection, items: Iterable[Item], *, room: str = ROOM, kind: Kind = Kind.LIVE, page: int = 0
) -> None:
    """Keep events as a listener would have."""
    items = list(items)
    source = streams.ensure(conn, room, kind, "testserver", T0)
    parsed = [parse_event(one, json.dumps(one).encode(), EventId("unused")) for one in feed(items, page)]
    received = max((at for at, _method, _payload in items), default=T0)
    added = events.add_new(conn, source.id, parsed, received, made_by="events")
    derived.add(conn, source, added.new, MERGE_GAP)


def cover(conn: Connection, begin: float, end: float, *, room: str = ROOM) -> None:
    """Note that a time was captured."""
    source = streams.ensure(conn, room, Kind.LIVE, "testserver", T0)
    coverage.extend(conn, source.id, minute(begin), minute(end), joined=False)


def empty(conn: Connection) -> None:
    """Take away all that a database holds but what came with it."""
    for table in reversed(schema.metadata.sorted_tables):
        if table.name not in {"watchlist", "event_method", "schema_compat"}:
            conn.execute(delete(table))


def remember(conn: Connection, who: str, other: str) -> None:
    """Keep, as rows, a bit of all that a person types about somebody."""
    ids = people.ensure(conn, [who, other], source="manual", at=T0)
    mine, at = {"person_id": ids[who]}, minute(600)
    changes = {"status": "Active", "roles": ["friend", "custom"], "label": "muse", "traits": ["Regular"]}
    conn.execute(
        insert(schema.relationship_change),
        [
            {**mine, "field": name, "before": None, "after": json.dumps(value), "by": "manual", "at": at}
            for name, value in [*changes.items(), ("since", "2025-06-01T00:00:00Z")]
        ],
    )
    said = {"confidence": "medium", "evidence": "manual", "set_at": at}
    conn.execute(insert(schema.attribute).values(**mine, key="language", value="German", **said))
    address = {"kind": "twitter", "url": "https://twitter.com/example", "source": "manual", "added_at": at}
    conn.execute(insert(schema.link).values(**mine, **address))
    for kind, name in (("private", "Real Name"), ("identity", "Max"), ("address", "Maxi")):
        conn.execute(insert(schema.person_name).values(**mine, kind=kind, name=name, added_at=at))
    ratings.rate(conn, [ids[who]], 4, at=at)
    low, high = sorted(ids.values())
    both = {"low_id": low, "high_id": high, "kind": "alternate", "note": "same jokes", "added_at": at}
    conn.execute(insert(schema.pair).values(both))


FIRST_SHOW = [
    happening(0, "broadcastStart"),
    happening(1, "userEnter", "viewer_one"),
    happening(2, "userEnter", "viewer_two"),
    chat(3, "viewer_one", "hello"),
    happening(4, "follow", "viewer_one"),
    tip(5, "viewer_one", 100),
    tip(6, "viewer_two", 25),
    tip(7, "viewer_one", 50, anonymous=True),
    tip(8, "viewer_two", 10),
    media(9, "viewer_two", 30),
    private(10, "viewer_one", ROOM, "psst"),
    private(11, ROOM, "viewer_one", "yes?"),
    chat(12, "viewer_two", "hi"),
    happening(20, "userLeave", "viewer_one"),
    happening(40, "broadcastStop"),
]
SECOND_SHOW = [
    happening(1440, "broadcastStart"),
    happening(1441, "userEnter", "viewer_one"),
    tip(1445, "viewer_one", 20),
    happening(1450, "unfollow", "viewer_one"),
    happening(1460, "userLeave", "viewer_one"),
    happening(1470, "broadcastStop"),
]


def tell_story(db: Database) -> None:
    """Keep two shows of example_room: the first captured whole, the second for half of its time."""
    with db.write() as conn:
        store(conn, FIRST_SHOW)
        store(conn, SECOND_SHOW, page=1)
        cover(conn, -10, 70)
        cover(conn, 1430, 1455)
