"""A database with a bit of everything, in which the examples of every help text have something to find."""

import json
import os
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

import factories
from command import Mhc
from factories import Item
from mhc.domain import rooms
from mhc.domain.clock import from_ms
from mhc.sandbox.show import iter_events
from mhc.store import coverage, observations, people, profiles, runs, snapshots, streams
from mhc.store.database import Database
from mhc.store.observations import Poll
from mhc.store.snapshots import Asked, Reading
from mhc.store.streams import Kind

EVENTS = 600
# What a person would have typed; the names are those of the sandbox.
TYPED = (
    ("alias", "add", "viewer_one", "viewer_old", "--former"),
    ("note", "add", "viewer_one", "likes the blue lights", "--category", "tips"),
    ("note", "add", "viewer_two", "asked for a song"),
    ("watchlist", "add", "Friends", "viewer_one"),
    ("watchlist", "add", "Excluded", "viewer_two"),
    ("watchlist", "create", "Night Owls"),
    ("attr", "set", "viewer_one", "language=french", "had_interaction=yes"),
    ("relation", "set", "viewer_one", "--role", "friend", "--trait", "Regular", "--status", "active"),
    ("pair", "add", "viewer_one", "viewer_two", "--note", "come together"),
    ("link", "add", "viewer_one", "website", "https://viewer.example/"),
    ("person", "rate", "viewer_one", "3"),
    ("person", "name", "viewer_one", "--private", "Nick", "--identity", "Max", "--address", "Sir"),
    ("session", "start", "--at", "2026-02-01 20:00", "--title", "Blue night"),
    ("session", "stop", "--at", "2026-02-01 22:00"),
    ("session", "note", "1", "sold out early"),
)


def fill(db: Database, mhc: Mhc, now: datetime) -> None:
    """Keep two old shows, what a person typed after them, a show of yesterday, and what could not become an event."""
    factories.tell_story(db)
    for words in TYPED:  # now: a session that was forgotten cannot be started while there are later ones
        run = mhc(*words, CHATURBATE_USERNAME=factories.ROOM)
        if run.status != os.EX_OK:
            raise RuntimeError(f"mhc {' '.join(words)}: {run.stderr}")
    with db.write() as conn:
        snapshots.add(conn, _readings(conn, now))
        _profile(conn, now)
        factories.store(conn, [_event_of_the_help()])
        factories.store(conn, _show(now - timedelta(hours=26)), page=2)
        factories.store(conn, [factories.happening(_minutes(now) - 30, "userEnter", "viewer_one")], page=3)
        factories.cover(conn, *(_minutes(now - timedelta(hours=hours)) for hours in (26, 24)))
        source = streams.ensure(conn, factories.ROOM, Kind.LIVE, "testserver", now)
        coverage.add_gap(conn, source.id, now - timedelta(hours=24), now, cause="away", certain=False)
        backup = runs.begin(conn, "db-backup", "testhost", now - timedelta(hours=3))
        runs.count(conn, backup, {"bytes": 417_792, "events": 631, "removed": 1})
        runs.end(conn, backup, now - timedelta(hours=3) + timedelta(seconds=7))
        failed = runs.begin(conn, "db-prune", "testhost", now - timedelta(hours=2))
        runs.end(conn, failed, now - timedelta(hours=2), runs.State.FAILED, "more than 20 % would go")
        for ago, followers in ((10, 2390), (5, 2400)):
            reading = rooms.Reading(
                factories.ROOM,
                show=rooms.Show.PUBLIC,
                viewers=40,
                followers=followers,
                seconds_online=(20 - ago) * 60,
                tags=("music",),
            )
            at, scope = now - timedelta(minutes=ago), rooms.Scope.TRACKED
            observations.add_poll(
                conn, Poll(at, rooms.Source.AFFILIATE, 2, 2, scope, complete=True), [reading]
            )
        coverage.reject(conn, source.id, b'"no object"', "not an object", now)


def _readings(conn: Connection, now: datetime) -> list[Reading]:
    """Give what Statbate said of viewer_one: something, then more, then the same, then more again."""
    who = people.ids_of(conn, ["viewer_one"])["viewer_one"]
    times = (
        datetime(2023, 6, 1, tzinfo=UTC),
        datetime(2026, 1, 20, tzinfo=UTC),
        *(now - timedelta(days=n) for n in (2, 1)),
    )
    life = (
        (900, ["example_room"]),
        (45210, ["example_room"]),
        (45210, ["example_room"]),
        (46000, ["other_room"]),
    )
    said = [
        {"name": "viewer_one", "did": 900001, "all_time_tokens": tokens, "first_tip_date": "2023-05-07T20:00:00Z",
         "models_tipped_2weeks": len(models), "models_tipped_2weeks_list": models}
        for tokens, models in life
    ]  # fmt: skip
    asked = Asked("statbate.member_info")
    return [
        Reading(who, asked, at, json.dumps(one).encode(), one) for at, one in zip(times, said, strict=True)
    ]


def _profile(conn: Connection, now: datetime) -> None:
    """Give what other_room said of itself: something, then another price."""
    who = people.ensure(conn, ["other_room"], source="manual", at=now - timedelta(days=9), role="model")
    for days, price in ((9, "150"), (2, "200")):
        said = {"location": "By the sea", "fan_club_cost": price, "about_me": "Come by\nand say hello"}
        profiles.note(conn, who["other_room"], said, source="biocontext", at=now - timedelta(days=days))


def _event_of_the_help() -> Item:
    """Give the event whose id stands in the help of `event show`: 1767225675500-0."""
    tip = {"tokens": 25, "isAnon": False, "message": "for the song"}
    payload = {"broadcaster": factories.ROOM, "user": {"username": "viewer_one"}, "tip": tip}
    return from_ms(1767225675500), "tip", payload


def _show(start: datetime) -> list[Item]:
    found = iter_events(room=factories.ROOM, start=start, events=EVENTS)
    items = [(from_ms(int(one["id"].split("-")[0])), one["method"], one["object"]) for one in found]
    stop = items[-1][0] + timedelta(minutes=1), "broadcastStop", {"broadcaster": factories.ROOM}
    return [*items, stop]


def _minutes(at: datetime) -> float:
    return (at.astimezone(UTC) - factories.T0) / timedelta(minutes=1)
