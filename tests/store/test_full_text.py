"""Messages by their words: the index follows the events, however they come and go, and a search misses nothing."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update

import factories
from factories import ROOM, chat, happening, minute, private, store, tip
from mhc.capture import forgetting
from mhc.capture.forgetting import Forgetting, Wish
from mhc.capture.retry import retry
from mhc.config import Secret
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.events import EventId, parse_event
from mhc.domain.paste_lines import What
from mhc.domain.words import Term, terms, words
from mhc.reports import pasting
from mhc.store import (
    coverage,
    full_text,
    history,
    identity,
    import_batches,
    inventory,
    pages,
    people,
    streams,
    undoing,
)
from mhc.store.database import Database
from mhc.store.events import StoredEvent
from mhc.store.import_batches import New
from mhc.store.pages import Page
from mhc.store.schema import event, message_word
from mhc.store.streams import Kind

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def opened(db: Database, *, index: bool = True) -> Database:
    """Give the same database as a command has it: with the setting, and the key of those who were forgotten."""
    url = db.url.render_as_string(hide_password=False)
    return Database(url, index_messages=index, erasure_key=Secret("FAKE0KEY0OF0ERASURES"))


@pytest.fixture
def indexed(database: Database) -> Iterator[Database]:
    with closing(opened(database)) as db:
        yield db


def said(db: Database, query: str, *who: str, first: int | None = None) -> list[str | None]:
    with db.read() as conn:
        ids = [i for name in who for one in people.find(conn, name) for i in people.members(conn, one.id)]
    return [one.text for one in full_text.messages(db, terms(query), ids or None, first=first)]


def index_of(db: Database) -> int:
    with db.read() as conn:
        return int(conn.execute(select(func.count()).select_from(message_word)).scalar_one())


def problems(db: Database) -> list[str]:
    return inventory.problems(db, MERGE_GAP)


def captured(*items: factories.Item, page: int = 0) -> Page:
    found = [parse_event(one, json.dumps(one).encode(), EventId("x")) for one in factories.feed(items, page)]
    return Page(max(at for at, _method, _payload in items), found, [], None)


def poll(db: Database, page: Page) -> None:
    with db.write() as conn:
        held = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", minute(0))
        lease = timedelta(hours=1)
        assert streams.take_lease(conn, held.id, "me", now=page.received_at, valid=lease, lock_held=True)
        held = streams.get(conn, held.id)
    pages.store(db, held, page, lease=lease, merge_gap=MERGE_GAP)


def paste(db: Database, text: str) -> int:
    pasted, new = pasting.Paste(text, What.CHAT, ROOM, UTC), New("chat", "-", "0" * 64, NOW)
    with db.write() as conn:
        return pasting.save(conn, pasted, pasting.read(conn, pasted, new), new)


def test_whatever_brings_a_message_brings_its_words(indexed: Database) -> None:
    poll(indexed, captured(chat(1, "viewer_one", "Crème brûlée"), tip(2, "viewer_one", 5)))
    poll(indexed, captured(private(0.5, "viewer_one", ROOM, "late crème"), page=1))
    with indexed.write() as conn:
        held = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", minute(0))
        replayed = captured(chat(3, "viewer_two", "crème again"), page=2)
        (refused,) = factories.feed([chat(4, "viewer_two", "crème refused")], 3)
        coverage.reject(conn, held.id, json.dumps(refused).encode(), "too new", minute(4))
        store(conn, [chat(5, "viewer_two", "crème of a test")], kind=Kind.TESTBED)
    pages.insert(indexed, held, replayed, merge_gap=MERGE_GAP)
    pages.insert(indexed, held, replayed, merge_gap=MERGE_GAP)  # a page that was kept already
    retry(indexed, MERGE_GAP, None, write=True)
    number = paste(indexed, "viewer_nine: nobody knows when: creme\nviewer_nine tipped 5 tokens | creme\n")
    assert said(indexed, "creme") == [
        "crème refused", "crème again", "Crème brûlée", "late crème", "nobody knows when: creme"
    ]  # fmt: skip
    assert problems(indexed) == []
    with indexed.write() as conn:
        batch = import_batches.find(conn, number)
        assert batch is not None
        undoing.undo(conn, batch, write=True)
    assert said(indexed, "nobody") == []
    assert problems(indexed) == []


def test_nothing_is_kept_where_nobody_asked_for_it(database: Database) -> None:
    poll(database, captured(chat(1, "viewer_one", "hello")))
    paste(database, "viewer_nine: hello\n")
    inventory.repair(database, MERGE_GAP)
    assert index_of(database) == 0
    assert problems(database) == []


def test_a_check_finds_what_is_amiss_and_a_repair_mends_it(database: Database, indexed: Database) -> None:
    poll(database, captured(*(chat(n, "viewer_one", f"hello number {n}") for n in range(5))))
    assert problems(indexed) == ["15 words of messages are not what the events say"]
    inventory.repair(indexed, MERGE_GAP)
    assert (problems(indexed), index_of(indexed)) == ([], 15)
    with indexed.write() as conn:
        conn.execute(delete(message_word).where(message_word.c.word == "number"))
        row = dict(conn.execute(select(message_word).limit(1)).mappings().one())
        strangers = ({"word": "never"}, {"word": "hello", "id_ms": 1}, {"word": "hello", "stream_id": 99})
        for other in strangers:
            conn.execute(insert(message_word).values(**row | other))
    assert problems(indexed) == ["8 words of messages are not what the events say"]
    inventory.repair(indexed, MERGE_GAP)
    assert (problems(indexed), index_of(indexed)) == ([], 15)
    inventory.repair(database, MERGE_GAP)
    assert index_of(database) == 0


def test_more_than_a_block_of_messages_and_words_is_mended(database: Database, indexed: Database) -> None:
    poll(database, captured(*(chat(n / 100, "viewer_one", f"hello number{n:04}") for n in range(2100))))
    inventory.repair(indexed, MERGE_GAP)
    assert (problems(indexed), index_of(indexed)) == ([], 4200)
    with indexed.write() as conn:
        conn.execute(update(message_word).where(message_word.c.word == "hello").values(word="goodbye"))
    inventory.repair(indexed, MERGE_GAP)
    assert (problems(indexed), index_of(indexed)) == ([], 4200)
    newest_first = [f"hello number{n:04}" for n in range(2099, -1, -1)]
    assert said(indexed, "hello") == said(indexed, "n*") == said(indexed, "hello n*") == newest_first
    assert said(indexed, "hello number20*", first=3) == newest_first[:100]
    assert said(indexed, "number0007 h*") == said(indexed, "h* number0007") == ["hello number0007"]


def test_who_is_forgotten_leaves_the_index(indexed: Database, tmp_path: Path) -> None:
    items = (
        chat(1, "viewer_one", "my words"), private(2, ROOM, "viewer_one", "words to them"),
        chat(3, "viewer_two", "words with Viewer_One"), private(4, "viewer_two", ROOM, "words of viewer_one"),
    )  # fmt: skip
    poll(indexed, captured(*items))
    forgetting.run(Forgetting(indexed, tmp_path, MERGE_GAP, Wish("viewer_one", NOW)))
    assert said(indexed, "words") == ["words of (forgotten)", "words with (forgotten)"]
    assert said(indexed, "forgotten words") == said(indexed, "words")
    assert said(indexed, "one") == said(indexed, "my") == said(indexed, "viewer") == []
    assert problems(indexed) == []
    with indexed.write() as conn:  # what comes again comes without words
        store(
            conn, [chat(5, "viewer_one", "my words again"), chat(6, "viewer_two", "after viewer_one")], page=9
        )
    assert said(indexed, "again") == said(indexed, "one") == []
    assert said(indexed, "after forgotten") == ["after (forgotten)"]
    assert problems(indexed) == []


def test_messages_are_found_by_any_name_of_who_wrote_or_got_them(indexed: Database) -> None:
    items = (
        chat(1, "viewer_one", "a song"), private(2, ROOM, "viewer_two", "the song"),
        chat(3, "viewer_three", "another song"),
    )  # fmt: skip
    poll(indexed, captured(*items))
    with indexed.write() as conn:
        ids = people.ids_of(conn, ["viewer_one", "viewer_two"])
        identity.merge(conn, ids["viewer_one"], [ids["viewer_two"]], at=minute(9))
    assert (
        said(indexed, "song", "viewer_one") == said(indexed, "song", "viewer_two") == ["the song", "a song"]
    )
    assert said(indexed, "so*", "viewer_three") == ["another song"]


VOCABULARY = (
    "blue",
    "blues",
    "bluest",
    "light",
    "lights",
    "Lïghts!",
    "l",
    "x" * 70,
    "x" * 64 + "y",
    "❤",
    "a-b",
)
texts = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=4).map(" ".join)
queries = st.lists(
    st.sampled_from([*VOCABULARY, "blu*", "li*", "l*", "nothing", "x*"]), min_size=1, max_size=3
)
told = st.tuples(st.integers(0, 5), st.sampled_from(["viewer_one", "viewer_two", ROOM]), texts, st.booleans())


def fits(text: str | None, wanted: Sequence[Term]) -> bool:
    has = words(text or "")
    return all(any(w.startswith(t.word) if t.prefix else w == t.word for w in has) for t in wanted)


def key(one: StoredEvent) -> Any:
    return one.at, *map(int, one.event_id.split("-"))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.lists(told, min_size=1, max_size=8), queries), min_size=2, max_size=6))
def test_a_search_gives_what_reading_every_message_would(
    sqlite_database: Database, postgres_database: Database, rounds: list[Any]
) -> None:
    answers = []
    for plain in (sqlite_database, postgres_database):
        with closing(opened(plain)) as db:
            with db.write() as conn:
                for table in (message_word, event):
                    conn.execute(delete(table))
            answers.append(list(asked(db, rounds)))
    assert answers[0] == answers[1]


def asked(db: Database, rounds: Sequence[Any]) -> Iterator[list[Any]]:
    everything: list[StoredEvent] = []
    for page, (items, query) in enumerate(rounds):
        made = [
            private(at, who, "viewer_three", text) if is_private else chat(at, who, text)
            for at, who, text, is_private in items
        ]
        with db.write() as conn:
            store(conn, [*made, happening(6, "userEnter", "viewer_one")], page=page)
        wanted = terms(" ".join(query))
        if not wanted:
            continue
        found = list(full_text.messages(db, wanted, first=1))
        with db.read() as conn:
            rows = conn.execute(select(*history.COLUMNS)).all()
            everything = [one for one in history.shown(conn, rows) if fits(one.text, wanted)]
        assert [key(one) for one in found] == sorted(map(key, everything), reverse=True)
        yield [key(one) for one in found]
