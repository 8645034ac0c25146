"""Pasted lines: kept once however the paste is cut, counted where nobody listened, and taken away without a trace."""

import json
import shutil
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from factories import ROOM, chat, cover, minute, store, tell_story, tip
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.clock import to_ms
from mhc.domain.paste_lines import What
from mhc.reports import pasting
from mhc.store import import_batches, inventory, pages, people, streams, undoing
from mhc.store.database import Database
from mhc.store.import_batches import New
from mhc.store.pages import Page
from mhc.store.schema import event, follow_change, person, person_total, room_state, stream, visit
from mhc.store.streams import Kind, Moved

NOW = datetime(2026, 2, 1, tzinfo=UTC)
FACTS = (person_total, follow_change, visit, room_state)


def paste(db: Database, text: str, *, at: datetime = NOW) -> int | None:
    """Save a paste; give the import's id, None where nothing was new."""
    given = pasting.Paste(text, What.CHAT, ROOM, UTC)
    new = New("chat", "-", str(hash(text)), at)
    with db.write() as conn:
        plan = pasting.read(conn, given, new)
        return pasting.save(conn, given, plan, new) if plan.new else None


def undo(db: Database, number: int) -> None:
    with db.write() as conn:
        batch = import_batches.find(conn, number)
        assert batch is not None
        undoing.undo(conn, batch, write=True)
        import_batches.mark_undone(conn, number, NOW)


def lines(db: Database) -> list[tuple[Any, ...]]:
    """Give the pasted lines that are kept, whatever import brought them."""
    query = select(event.c.source_id, event.c.text, event.c.tokens, event.c.flags, event.c.at)
    with db.read() as conn:
        rows = conn.execute(
            query.join(stream, stream.c.id == event.c.stream_id).where(stream.c.kind == "paste")
        )
        return sorted(tuple(row) for row in rows)


def facts(db: Database) -> list[list[Any]]:
    """Give all that follows from events, by name where a person is named."""
    with db.read() as conn:
        names = {row.id: row.username for row in conn.execute(select(person.c.id, person.c.username))}
        found = [
            sorted(
                str(
                    {
                        k: names.get(v, v) if k.endswith("_id") else v
                        for k, v in row._asdict().items()
                        if k != "id"
                    }
                )
                for row in conn.execute(select(table))
            )
            for table in FACTS
        ]
        seen = select(person.c.username, person.c.role, person.c.first_seen_at, person.c.last_seen_at)
        known = [
            row for row in conn.execute(seen.order_by(person.c.username)) if row.last_seen_at is not None
        ]
        return [*found, known]


def line(number: int, who: str, text: str) -> str:
    stamp = (minute(60 + 20 * number)).strftime("%Y-%m-%d %H:%M:%S")  # the first one is captured
    return f"[{stamp}] {who}: {text}" if number % 3 else f"{who}: {text} {number}"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["viewer_one", "viewer_two", "viewer_nine"]), min_size=1, max_size=8),
    st.integers(0, 8),
    st.permutations([0, 1, 2]),
    st.randoms(use_true_random=False),
)
def test_any_cut_of_a_paste_in_any_order_and_twice_gives_the_same_and_an_undo_nothing(
    sqlite_template: Path, who: list[str], cut: int, order: list[int], chance: Random
) -> None:
    with TemporaryDirectory() as folder:
        shutil.copy(sqlite_template, Path(folder) / "mhc.db")
        with closing(Database(f"sqlite:///{folder}/mhc.db")) as db:
            tell_story(db)
            before = facts(db)
            text = [line(number, name, "hello") for number, name in enumerate(who)]
            whole = paste(db, "\n".join(text))
            assert whole is not None
            expected = lines(db), facts(db)
            assert len(expected[0]) == len(text)
            undo(db, whole)
            assert (lines(db), facts(db)) == ([], before)
            parts = [text[:cut], text[cut:], text]
            made = [paste(db, "\n".join(parts[place])) for place in order if parts[place]]
            assert (lines(db), facts(db)) == expected
            assert inventory.problems(db, MERGE_GAP) == []
            chance.shuffle(made)
            for number in made:
                if number is not None:
                    undo(db, number)
            assert (lines(db), facts(db)) == ([], before)


def test_equal_tips_of_one_second_are_all_kept(database: Database) -> None:
    text = "[2026-01-20 18:00:00] viewer_one tipped 1 token\n" * 3
    paste(database, text)
    assert len(lines(database)) == 3
    assert paste(database, text + "[2026-01-20 18:00:00] viewer_one tipped 1 token") is not None
    assert len(lines(database)) == 4


def poll(db: Database, begin: datetime, end: datetime) -> None:
    """Keep a page without events, as a listener that covers on does."""
    with db.write() as conn:
        held = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", begin)
        epoch = streams.take_lease(conn, held.id, "me", now=end, valid=timedelta(hours=1), lock_held=True)
        assert epoch is not None
        held = streams.get(conn, held.id)
    page = Page(end, [], [], Moved("i=1", 0), covers_from=begin)
    pages.store(db, held, page, lease=timedelta(hours=1), merge_gap=MERGE_GAP)


def total(db: Database, who: str) -> int:
    with db.read() as conn:
        query = select(person_total.c.tokens).join(person, person.c.id == person_total.c.person_id)
        return conn.execute(query.where(person.c.username == who)).scalar() or 0


def test_a_listener_that_catches_up_takes_what_it_covers_out_of_the_figures(database: Database) -> None:
    begin = datetime(2026, 1, 20, 18, 0, tzinfo=UTC)
    paste(
        database,
        "[2026-01-20 18:00:00] viewer_one tipped 5 tokens\n[2026-01-20 19:00:00] viewer_one tipped 7 tokens",
    )
    assert total(database, "viewer_one") == 12
    poll(database, begin, begin + timedelta(hours=1))  # half-open
    assert total(database, "viewer_one") == 7
    assert inventory.problems(database, MERGE_GAP) == []


def test_lines_of_unknown_time_count_until_something_before_the_paste_was_captured(
    database: Database,
) -> None:
    paste(database, "viewer_one tipped 5 tokens", at=NOW)
    poll(database, NOW, NOW + timedelta(hours=1))
    assert total(database, "viewer_one") == 5
    assert inventory.problems(database, MERGE_GAP) == []
    paste(database, "viewer_one tipped 6 tokens", at=NOW + timedelta(hours=2))
    assert total(database, "viewer_one") == 5
    assert inventory.problems(database, MERGE_GAP) == []


def test_an_older_capture_that_comes_first_takes_lines_of_unknown_time_out(database: Database) -> None:
    paste(database, "viewer_one tipped 5 tokens", at=NOW)
    poll(database, NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    assert total(database, "viewer_one") == 0
    assert inventory.problems(database, MERGE_GAP) == []


def test_what_is_kept_has_the_shape_that_the_api_has(database: Database) -> None:
    paste(database, "[2026-01-20 18:00:00] viewer_one: hello")
    from mhc.store import history

    with database.read() as conn:
        (number,) = conn.execute(select(event.c.source_id)).scalars()
        ((shown, raw),) = history.with_raw(conn, number)
    assert json.loads(raw) == {
        "method": "chatMessage",
        "object": {
            "broadcaster": ROOM, "user": {"username": "viewer_one"}, "message": {"message": "hello"}
        },
        "id": number,
        "source": "paste",
    }  # fmt: skip
    assert to_ms(shown.at) == int(number.split(":")[1])
    assert (shown.source, shown.actor) == ("paste", "viewer_one")


@pytest.mark.parametrize("names", [("viewer_one",), ()])
def test_who_said_something_is_a_viewer_and_the_room_a_model(
    database: Database, names: Sequence[str]
) -> None:
    with database.write() as conn:
        people.ensure(conn, names, source="manual", at=NOW)
    paste(database, "viewer_one: hi")
    with database.read() as conn:
        roles = {one.username: one.role for one in people.find(conn, "viewer_one") + people.find(conn, ROOM)}
    assert roles == {"viewer_one": "viewer", ROOM: "model"}


def test_a_capture_that_is_imported_judges_the_lines_again(database: Database) -> None:
    paste(database, "[2026-01-01 18:30:00] viewer_one tipped 5 tokens")
    with database.write() as conn:
        store(conn, [tip(5, "viewer_one", 100), chat(6, "viewer_one")])
        cover(conn, 0, 60)
    assert inventory.problems(database, MERGE_GAP)
    inventory.repair(database, MERGE_GAP)
    assert total(database, "viewer_one") == 100
    assert inventory.problems(database, MERGE_GAP) == []
