"""Every report of forty made-up shows, 100,000 events, is the same to the byte on SQLite and PostgreSQL."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bench import archive
from command import MhcHere
from factories import DAY, ROOM, Item, cover, happening, store, tip
from mhc.domain import rooms
from mhc.domain.clock import from_ms
from mhc.store import observations, people, snapshots
from mhc.store.database import Database
from mhc.store.observations import Poll
from mhc.store.snapshots import Asked, Reading
from reporting import calls, taken

EVENTS, PEOPLE, A_SHOW = 100_000, 2_000, 2_500
TODAY = datetime(2026, 4, 10, tzinfo=UTC)  # the clocks of Berlin went forward on 29 March
USUAL = "viewer_00040"  # one of a pair of alternates
OTHER = "other_room"
# Each way to ask each report is asked with each of these, in a zone; what it does not take is left out.
ASKED = (
    ("Europe/Berlin", ()),
    ("Asia/Kolkata", ("--since 2026-03-15", "--until 2026-04-02", "--include-excluded", "--reveal")),
    ("Europe/Berlin", ("--since 2026-03-29", "--until 2026-04-05", f"--room {OTHER}")),
)
LEDGER = "Timestamp,Token change,Token balance,Transaction type,User,Note\n"
PAID = (
    "SELECT event.at, event.tokens, person.username FROM event JOIN person ON person.id = event.actor_id"
    " WHERE event.tokens IS NOT NULL AND event.at >= :since ORDER BY event.at, event.id_seq"
)


@pytest.mark.timeout(600)
def test_every_report_is_the_same_to_the_byte(
    sqlite_database: Database, postgres_database: Database, tmp_path: Path
) -> None:
    databases = (sqlite_database, postgres_database)
    archive.fill(databases, EVENTS, PEOPLE, TODAY, A_SHOW)
    ledger = written(sqlite_database)
    answers = []
    for db in databases:
        add_more(db)
        mhc = MhcHere(tmp_path, DATABASE_URL=db.url.render_as_string(hide_password=False))
        mhc.environ["CHATURBATE_USERNAME"] = ROOM
        archive.remember(mhc)
        brought = mhc("import", "tokens", "-", "--zone", "utc", "--save", stdin=ledger)
        assert brought.status == 0, brought.stderr
        answers.append({(zone, *words): mhc(*words, MHC_TIMEZONE=zone) for zone, words in questions()})
    for words, one in answers[0].items():
        assert (one.status, one.stderr) == (0, answers[1][words].stderr), words
        assert one.stdout == answers[1][words].stdout, words
        assert one.json.get("rows") != [] or OTHER in words or "lapsed" in words, words


def questions() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the zone and the words of every question."""
    for call in calls(USUAL, "ways", "of_session", "elsewhere"):
        for zone, options in ASKED:
            yield zone, (*call, *taken(call, options), "-o", "json")
    for call in calls(USUAL, "ranged"):
        for zone, options in ASKED[1:]:
            yield zone, (*call, *taken(call, options), "-o", "json")


def written(db: Database) -> str:
    """Give the ledger of the last two shows: each tip a second late, every tenth lost."""
    lines, balance = [LEDGER], 0
    with db.read() as conn:
        since = TODAY - timedelta(days=2)
        paid = conn.execute(text(PAID), {"since": int(since.timestamp() * 1000)}).all()
    for number, (at, tokens, who) in enumerate(paid):
        balance += tokens
        stamp = f"{from_ms(at) + timedelta(seconds=1):%Y-%m-%d %H:%M:%S.%f}"
        if number % 10:
            lines.append(f"{stamp},{tokens},{balance},Tip received,{who},\n")
    return "".join(lines)


def evening(day: int) -> list[Item]:
    """Give what happened in the other room on one day after the first of the year."""
    people = [(day * DAY + n, f"viewer_{n:05}") for n in range(2, 50)]
    return [
        happening(day * DAY, "broadcastStart", room=OTHER),
        *(happening(at, "userEnter", who, room=OTHER) for at, who in people),
        *(tip(at + 0.5, who, int(who[-2:]), anonymous=who.endswith("5"), room=OTHER) for at, who in people),
        happening(day * DAY + 90, "broadcastStop", room=OTHER),
    ]


def add_more(db: Database) -> None:
    """Keep what other sources said day by day, and two evenings of another room."""
    with db.write() as conn:
        store(conn, evening(70), room=OTHER)
        store(conn, evening(88), room=OTHER, page=1)
        cover(conn, 0, 100 * DAY, room=OTHER)
        ids = people.ids_of(conn, [ROOM, USUAL])
        for day in range(1, 30):
            at = TODAY - timedelta(days=day)
            snapshots.add(
                conn, [Reading(ids[who], asked, at, body, figures) for who, asked, body, figures in said(day)]
            )
            one = rooms.Reading(
                ROOM, show=rooms.Show.PUBLIC, viewers=40 + day, followers=2000, seconds_online=60,
                subject=f"Goal of day {day} #music", tags=("music", "fun") if day % 2 else ("music",),
            )  # fmt: skip
            seen = at - timedelta(hours=8)
            poll = Poll(seen, rooms.Source.AFFILIATE, 1, 1, rooms.Scope.TRACKED, complete=True)
            observations.add_poll(conn, poll, [one])


def said(day: int) -> Iterator[tuple[str, Asked, bytes, dict[str, Any]]]:
    """Give who, which question, the answer and its figures of so many days ago."""
    tags = [{"tag": name, "total_tokens": 900 - day, "models_count": 2} for name in ("music", "fun")]
    models = [{"name": name, "total_tokens": 800 - day} for name in (ROOM, OTHER)]
    for who, source, over, answer, figures in (
        (ROOM, "stats", "", {}, {"num_followers": 2000 - day * day, "token_balance": 100_000 - 50 * day}),
        (USUAL, "member_info", "", {}, {"all_time_tokens": 9000 - day, "models_tipped_2weeks": 3}),
        (USUAL, "member_tips", "30d", [], {"tokens": 2000 - day, "tips": 90 - day}),
        (USUAL, "member_tag_spending", "30d", tags, {"tags_list": ["fun", "music"]}),
        (USUAL, "member_top_models", "30d", models, {"tokens": 1600, "models_list": [ROOM, OTHER]}),
    ):
        asked = Asked(source if who == ROOM else f"statbate.{source}", over)
        yield who, asked, json.dumps(answer).encode(), figures
