"""How the databases answer: what a card or a report asks of events is answered by an index."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, text

from factories import happening, minute, store, tell_story
from mhc.domain.clock import to_ms
from mhc.domain.earlier import Span
from mhc.domain.periods import Clock
from mhc.domain.times import Range
from mhc.domain.words import terms
from mhc.reports import card, compare, digest, inbox, sessions, spending, timeline, tippers
from mhc.store import full_text, people, roll, search, stretches, watched, watchlists
from mhc.store.counting import Scope
from mhc.store.database import Database
from mhc.store.roll import Roll
from mhc.store.schema import message_word
from mhc.store.segments import Segment
from mhc.store.sessions import list_all
from plans import Asked, plans


def show_card(conn: Connection) -> object:
    (who,) = people.find(conn, "viewer_one")
    return card.read(conn, who, card.Asked(minute(3000), None, reveal=True, private=True))


def show_card_of_room(conn: Connection) -> object:
    (who,), (room,) = people.find(conn, "viewer_one"), people.find(conn, "example_room")
    return card.read(conn, who, card.Asked(minute(3000), [room.id]))


def show_sessions(conn: Connection) -> object:
    return sessions.read(conn, list_all(conn), sessions.Asked(minute(3000), timedelta(minutes=30)))


def show_tippers(conn: Connection) -> object:
    (room,) = people.find(conn, "example_room")
    scope, before = Scope([room.id], minute(6), minute(3000)), Span(minute(0), minute(6))
    found = tippers.read(conn, scope, tippers.Asked(before=before))
    segments = [
        tippers.read(conn, scope, tippers.Asked(segment=one, before=before)) for one in tippers.Segment
    ]
    return tippers.fill(conn, found, found.rows), segments


def show_spending(conn: Connection) -> object:
    (who,), (room,) = people.find(conn, "viewer_one"), people.find(conn, "example_room")
    asked = spending.Asked(who.id, Clock(UTC), minute(3000))
    return spending.read(conn, Scope([room.id], minute(0), minute(3000)), asked)


def show_digest(conn: Connection) -> object:
    (room,) = people.find(conn, "example_room")
    asked = Range(minute(0), minute(3000))
    return digest.read(
        conn, digest.Asked(asked, [room.id], minute(3000), timedelta(minutes=30), ["db-prune"])
    )


def show_timeline(conn: Connection) -> object:
    (who,) = people.find(conn, "viewer_one")
    asked = timeline.Asked(people.members(conn, who.id), private=True)
    return [
        one(asked).page(conn, None, 50, newest_first=True) for one in (timeline._Events, timeline._Changes)
    ]


def show_comparison(conn: Connection) -> object:
    roots = [people.find(conn, name)[0] for name in ("viewer_one", "viewer_two")]
    return compare.read(conn, roots, card.Asked(minute(3000)))


def show_inbox(conn: Connection) -> object:
    return list(inbox.last(conn, inbox.partners(conn, None, None), private=True))


def show_tippers_of_a_time(conn: Connection) -> object:
    (room,) = people.find(conn, "example_room")
    wanted = Roll([room.id], segments=[Segment.TIPPERS], since=minute(5), until=minute(3000))
    return roll.list_people(conn, wanted, 50)


def show_watchlist(conn: Connection) -> object:
    (who,) = people.find(conn, "viewer_one")
    return watched.members(conn, 1), watched.news(conn, [who.id], None, heard=True)


def show_paid_in_stretches(conn: Connection) -> object:
    (room,) = people.find(conn, "example_room")
    spans = [(minute(begin), minute(begin + 5)) for begin in (0, 5, 1440)]
    return stretches.tokens(conn, room.id, spans, [room.id])


def show_people(conn: Connection) -> object:
    found = roll.list_people(conn, Roll(), 50)
    return watchlists.names_by_root(conn, people.roots_of_rows(conn, [one.id for one in found]))


def show_matches(conn: Connection) -> object:
    return search.by_name(conn, Roll(), "viewer", 50)


def show_live(conn: Connection) -> object:
    (room,) = people.find(conn, "example_room")
    return roll.list_people(conn, Roll([room.id], live=True), 50)


EVERY = [
    show_card,
    show_card_of_room,
    show_sessions,
    show_tippers,
    show_timeline,
    show_comparison,
    show_inbox,
    show_tippers_of_a_time,
    show_watchlist,
    show_paid_in_stretches,
    show_spending,
    show_digest,
]


@pytest.mark.parametrize("asked", EVERY)
def test_no_question_scans_the_events(database: Database, asked: Asked) -> None:
    tell_story(database)
    found = plans(database, asked)
    assert any("ix_event" in plan or "payment_quarter" in plan for plan in found)
    for plan in found:
        assert "Seq Scan on event" not in plan.replace("event_method", "")
        for line in plan.splitlines():
            assert line.split()[:2] != ["SCAN", "event"], plan


def fill(db: Database, count: int) -> None:
    """Add events of other people, a second apart, and tell PostgreSQL how many there are."""
    query = """
        INSERT INTO event (id_ms, at, received_at, stream_id, id_seq, room_id, actor_id, method_id, flags,
                           tokens, source_id, raw)
        SELECT :begin + n * 1000, :begin + n * 1000, :begin, s.id, 0, s.room_id, -n % 500,
               CASE WHEN n % 20 = 0 THEN 10 ELSE 3 END, 0, CASE WHEN n % 20 = 0 THEN 5 END, n::text, '\\x00'
        FROM stream s, generate_series(1, :count) n
    """
    with db.write() as conn:
        conn.execute(text(query), {"begin": to_ms(minute(10_000)), "count": count})
        conn.execute(text("ANALYZE"))


@pytest.mark.parametrize("asked", EVERY)
def test_among_many_events_postgresql_chooses_the_indexes(postgres_database: Database, asked: Asked) -> None:
    tell_story(postgres_database)
    fill(postgres_database, 20_000)
    found = plans(postgres_database, asked, as_it_likes=True)
    of_events = [plan for plan in found if " on event " in plan or "ix_event" in plan]
    assert of_events or any("payment_quarter" in plan for plan in found)
    of_a_person = (
        {"ix_event_person", "ix_event_partner"} if asked in {show_card, show_card_of_room} else set()
    )
    for plan in of_events:
        assert "Seq Scan on event " not in plan, plan
        assert not of_a_person or any(index in plan for index in of_a_person), plan


def test_tippers_are_told_by_the_quarter_and_by_no_event(sqlite_database: Database) -> None:
    """To read a row of each payment would take ten times as long."""
    tell_story(sqlite_database)
    found = plans(sqlite_database, show_tippers)
    assert not [plan for plan in found if "ix_event" in plan]
    assert any("SEARCH payment_quarter USING INDEX" in plan for plan in found)


def test_a_timeline_sorts_no_more_of_the_events_than_it_shows(sqlite_database: Database) -> None:
    """The index gives them in order of time; what is sorted is what happened at one time."""
    tell_story(sqlite_database)
    found = [plan for plan in plans(sqlite_database, show_timeline) if "ix_event" in plan]
    assert len(found) == 2
    for plan in found:
        assert "ix_event_person" in plan or "ix_event_partner" in plan
        assert "FOR ORDER BY" not in plan


def test_postgresql_reads_a_timeline_along_the_index(postgres_database: Database) -> None:
    """Among many events of one person it must not read all of them to sort them."""
    tell_story(postgres_database)
    fill(postgres_database, 20_000)
    with postgres_database.write() as conn:
        (who,) = people.find(conn, "viewer_one")
        conn.execute(
            text("UPDATE event SET actor_id = :who WHERE actor_id < 0 AND actor_id > -250"), {"who": who.id}
        )
        conn.execute(text("ANALYZE event"))
    found = plans(postgres_database, show_timeline, as_it_likes=True)
    (plan,) = [one for one in found if "Index Scan Backward using ix_event_person on event " in one]
    assert "Incremental Sort" in plan


@pytest.mark.parametrize("table", ["note", "alias", "attribute", "rating_change", "watchlist_member"])
def test_what_was_typed_is_found_by_its_person(sqlite_database: Database, table: str) -> None:
    tell_story(sqlite_database)
    shown = (show_timeline,) if table == "rating_change" else (show_timeline, show_card)
    for asked in shown:  # a card says how a person is rated, not how they came to be
        lines = [line for plan in plans(sqlite_database, asked) for line in plan.splitlines()]
        assert any(f"ix_{table}_person_id" in line or f"uq_{table}_open" in line for line in lines)
        assert not [line for line in lines if line.startswith(f"SCAN {table} ") or line == f"SCAN {table}"]


@pytest.mark.parametrize("asked", [show_card, show_card_of_room])
def test_a_card_takes_few_questions(database: Database, asked: Asked) -> None:
    tell_story(database)
    assert len(plans(database, asked)) <= 28


@pytest.mark.parametrize("asked", [show_people, show_matches, show_watchlist])
def test_figures_and_lists_are_read_for_who_is_shown(sqlite_database: Database, asked: Asked) -> None:
    tell_story(sqlite_database)
    lines = [line.split() for plan in plans(sqlite_database, asked) for line in plan.splitlines()]
    whole = {line[1] for line in lines if line[:1] == ["SCAN"]}
    assert not {"person_total", "watchlist_member", "visit", "rating_change", "follow_change"} & whole


PARTS = {
    "tippers": Roll(segments=[Segment.TIPPERS]),
    "tippers of a time": Roll(segments=[Segment.TIPPERS], since=minute(5)),
    "followers": Roll(segments=[Segment.FOLLOWERS]),
    "both": Roll(segments=[Segment.TIPPERS, Segment.FOLLOWERS]),
    "givers": Roll(min_tokens=5),
}


@pytest.mark.parametrize("part", PARTS)
def test_of_the_last_seen_each_is_looked_up_before_all_are_read(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(roll, "_FIRST", 2)
    tell_story(sqlite_database)
    with sqlite_database.write() as conn:
        store(conn, [happening(2000, "follow", "viewer_one")])

    def ask(conn: Connection) -> object:
        (room,) = people.find(conn, "example_room")
        found = roll.list_people(conn, replace(PARTS[part], room_ids=[room.id]), 1)
        assert len(found) == 1
        return found

    lines = [line for plan in plans(sqlite_database, ask) for line in plan.splitlines()]
    assert any("ix_person_last_seen_at" in line for line in lines)
    for table in ("event", "follow_change", "person_total"):
        assert not [line for line in lines if line.split()[:2] == ["SCAN", table]]


def show_threads(conn: Connection) -> object:
    return inbox.partners(conn, None, None)


def show_tippers_since(conn: Connection) -> object:
    (room,) = people.find(conn, "example_room")
    return roll.list_people(conn, Roll([room.id], segments=[Segment.TIPPERS], since=minute(5)), 50)


@pytest.mark.parametrize("asked", [show_threads, show_tippers_since])
def test_threads_and_who_tipped_since_a_time_are_read_from_totals_alone(
    database: Database, asked: Asked
) -> None:
    tell_story(database)
    lines = [line.split() for plan in plans(database, asked) for line in plan.splitlines()]
    assert any("person_total" in line for line in lines)
    assert not [line for line in lines if "event" in line]


def count_of(segment: Segment) -> Asked:
    def ask(conn: Connection) -> object:
        (room,) = people.find(conn, "example_room")
        return roll.count_people(conn, Roll([room.id], segments=[segment]))

    return ask


@pytest.mark.parametrize("since", [None, minute(5)])
def test_all_of_many_tippers_are_gathered_by_one_look_at_the_totals_in_their_order(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, since: datetime | None
) -> None:
    """Along the index of a room each would be sought by itself, and for the merged once more."""
    tell_story(sqlite_database)
    monkeypatch.setattr("mhc.store.segments._MANY", 1)

    def ask(conn: Connection) -> object:
        (room,) = people.find(conn, "example_room")
        return roll.count_people(conn, Roll([room.id], segments=[Segment.TIPPERS], since=since))

    lines = [line for plan in plans(sqlite_database, ask) for line in plan.splitlines()]
    assert lines.count("SCAN person_total") == 1
    how_many = [line for line in lines if "ix_person_total_room" in line]
    assert how_many == ["SEARCH person_total USING COVERING INDEX ix_person_total_room (room_id=?)"]
    (merged,) = [line for line in lines if "person_total" in line and "AND room_id=?" in line]
    assert "person_id=? AND room_id=?" in merged


def test_visits_of_regulars_are_read_once_for_those_alone_and_the_merged(database: Database) -> None:
    tell_story(database)
    (plan,) = [plan for plan in plans(database, count_of(Segment.REGULARS)) if "visit" in plan]
    assert plan.count("MATERIALIZE came" if database.is_sqlite else "CTE came") == 1


def test_followers_are_told_by_an_index_that_holds_all_that_is_asked(sqlite_database: Database) -> None:
    tell_story(sqlite_database)
    lines = [
        line
        for plan in plans(sqlite_database, count_of(Segment.FOLLOWERS))
        for line in plan.splitlines()
        if "follow_change" in line
    ]
    now = "COVERING INDEX ix_follow_change_last (room_id=? AND direction=? AND state=?)"
    assert f"SEARCH follow_change USING {now}" in lines
    assert all("USING COVERING INDEX" in line and "person_id=?" in line for line in lines if now not in line)


def show_list(conn: Connection) -> object:
    return watched.members(conn, 1), watchlists.size(conn, 1)


def show_people_on_list(conn: Connection) -> object:
    return roll.count_people(conn, Roll(list_ids=[1]))


@pytest.mark.parametrize(("asked", "looks"), [(show_list, 0), (show_people_on_list, 1)])
def test_of_a_list_postgresql_does_not_read_everybody(
    postgres_database: Database, asked: Asked, looks: int
) -> None:
    """To find who of all people has one row it does read them, but once."""
    with postgres_database.write() as conn:
        conn.execute(
            text(
                "INSERT INTO person (platform, username, role, created_at, last_seen_at)"
                " SELECT 'p', 'viewer_' || n, 'viewer', 0, n FROM generate_series(1, 20000) n"
            )
        )
        conn.execute(
            text(
                "INSERT INTO watchlist_member (list_id, person_id, added_at)"
                " SELECT 1, id, 0 FROM person WHERE id % 50 = 0"
            )
        )
        conn.execute(text("ANALYZE"))
    found = "\n".join(plans(postgres_database, asked, as_it_likes=True))
    assert found.count("Seq Scan on person ") == looks


def test_names_are_found_along_their_index(sqlite_database: Database) -> None:
    tell_story(sqlite_database)
    found = [plan for plan in plans(sqlite_database, show_matches) if "ix_alias_username" in plan]
    assert len([plan for plan in found if "SEARCH alias" in plan]) >= 2  # the very name, and beginnings


def test_open_visits_are_found_by_the_index_of_open_ones(database: Database) -> None:
    tell_story(database)
    assert any("uq_visit_open" in plan for plan in plans(database, show_live))


@pytest.mark.parametrize("asked", [show_people, show_watchlist, show_matches])
def test_a_list_takes_few_questions(database: Database, asked: Asked) -> None:
    tell_story(database)
    assert len(plans(database, asked)) <= 14


@pytest.mark.parametrize("query", ["hello", "hello there", "hello there you", "there hello z*"])
def test_a_search_goes_along_the_index_of_words_and_stops_when_it_has_enough(
    database: Database, query: str
) -> None:
    rows = [
        {"word": word, "at": minute(n), "stream_id": 1, "id_ms": n, "id_seq": 0, "source_id": ""}
        for n in range(6000)
        for word in ("hello", "there", "you", f"z{n}", f"y{n}")
    ]
    with database.write() as conn:
        conn.execute(insert(message_word), rows)
        conn.execute(text("ANALYZE"))
    said = plans(
        database, lambda _conn: list(full_text.messages(database, terms(query), first=50)), as_it_likes=True
    )
    (found,) = (plan for plan in said if "message_word" in plan and " event" in plan)
    assert "Seq Scan on message_word" not in found
    assert "SCAN message_word" not in found
    if database.is_sqlite:
        place = "SEARCH message_word USING COVERING INDEX sqlite_autoindex_message_word_1 (word=?)\n"
        assert place in found
        assert found.count("USE TEMP B-TREE") == 1  # of the few that are shown
    else:
        assert "Scan Backward using pk_message_word on message_word" in found
        assert "Hash" not in found
