"""What alerts ask of the past, and cool-downs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Connection, select

from factories import ROOM, chat, happening, minute, store, tip
from mhc.domain.clock import from_ms
from mhc.domain.events import EventId, parse_event
from mhc.store import alerts, people, streams
from mhc.store.alerts import Behind
from mhc.store.database import Database
from mhc.store.events import NewEvent
from mhc.store.schema import alert_sent, event, person
from mhc.store.streams import Kind

COOLDOWN = timedelta(minutes=10)


def newest(conn: Connection) -> NewEvent:
    """Give the last stored event as a listener would have it in its hands."""
    row = conn.execute(select(event).order_by(event.c.at.desc(), event.c.id_seq.desc()).limit(1)).one()
    body = parse_event({"method": "tip", "id": f"{row.id_ms}-{row.id_seq}"}, b"", EventId("unused"))
    return NewEvent(body, from_ms(row.id_ms), row.received_at, row.room_id, row.actor_id, row.partner_id)


def behind(conn: Connection, name: str) -> Behind:
    return alerts.behind(conn, people.ids_of(conn, [name])[name])


def merge(conn: Connection, keep: str, other: str) -> None:
    ids = people.ids_of(conn, [keep, other])
    conn.execute(person.update().where(person.c.id == ids[other]).values(canonical_id=ids[keep]))


@pytest.mark.parametrize("earlier", ["viewer_one", "old_name"])
def test_a_first_tip_is_the_first_of_all_names_in_that_room(database: Database, earlier: str) -> None:
    with database.write() as conn:
        store(conn, [chat(0, "old_name"), tip(1, earlier, 5, room="second_room"), tip(2, "viewer_two", 5)])
        store(conn, [tip(3, "viewer_one", 100)], page=1)
        merge(conn, "viewer_one", "old_name")
        who = behind(conn, "viewer_one")
        assert (who.username, len(who.member_ids)) == ("viewer_one", 2)
        assert behind(conn, "old_name") == who
        assert not alerts.did_before(conn, who, "tip", newest(conn))


@pytest.mark.parametrize("earlier", ["viewer_one", "old_name"])
def test_a_tip_under_any_name_is_no_first_one_after_it(database: Database, earlier: str) -> None:
    with database.write() as conn:
        store(conn, [chat(0, "old_name"), tip(4, earlier, 5), tip(5, "viewer_one", 100)])
        merge(conn, "viewer_one", "old_name")
        who = behind(conn, "viewer_one")
        assert alerts.did_before(conn, who, "tip", newest(conn))


def test_of_two_tips_in_one_millisecond_one_is_the_first(database: Database) -> None:
    with database.write() as conn:
        store(conn, [tip(1, "viewer_one", 5)])
        assert not alerts.did_before(conn, behind(conn, "viewer_one"), "tip", newest(conn))
        store(conn, [tip(1, "viewer_one", 5)], page=1)
        assert alerts.did_before(conn, behind(conn, "viewer_one"), "tip", newest(conn))


def test_an_anonymous_tip_and_the_testbed_are_not_the_past(database: Database) -> None:
    with database.write() as conn:
        store(conn, [tip(1, "viewer_one", 5, anonymous=True)])
        store(conn, [tip(2, "viewer_one", 5)], kind=Kind.TESTBED)
        store(conn, [tip(3, "viewer_one", 5)], page=1)
        assert not alerts.did_before(conn, behind(conn, "viewer_one"), "tip", newest(conn))
        assert alerts.last_seen_before(conn, behind(conn, "viewer_one"), newest(conn)) is None


def test_last_seen_is_before_the_event_under_any_name(database: Database) -> None:
    with database.write() as conn:
        store(conn, [happening(0, "userLeave", "old_name"), happening(5, "userEnter", "viewer_one")])
        merge(conn, "viewer_one", "old_name")
        assert alerts.last_seen_before(conn, behind(conn, "viewer_one"), newest(conn)) == minute(0)


def test_a_rule_tells_of_a_person_once_in_its_cool_down(database: Database) -> None:
    with database.write() as conn:
        store(conn, [chat(0, "viewer_one"), chat(0, "viewer_two")])
        room = streams.list_all(conn, ROOM)[0].room_id
        one, two = behind(conn, "viewer_one"), behind(conn, "viewer_two")

    def claim(at: float, who: Behind | None, rule: str = "big_tip") -> bool:
        with database.read() as conn:
            cooling = alerts.is_cooling(conn, rule, who, now=minute(at), cooldown=COOLDOWN)
        with database.write() as conn:
            claimed = alerts.claim(conn, rule, who, room, now=minute(at), cooldown=COOLDOWN)
        assert claimed is not cooling
        return claimed

    assert [claim(at, one) for at in (0, 5, 9.9, 10, 12)] == [True, False, False, True, False]
    assert [claim(at, two) for at in (1, 2)] == [True, False]
    assert [claim(at, None) for at in (1, 2, 11)] == [True, False, True]
    assert claim(12, one, "other_rule")
    with database.read() as conn:
        rows = conn.execute(select(alert_sent.c.rule, alert_sent.c.person_id, alert_sent.c.at)).all()
    assert sorted(rows, key=repr) == sorted(
        [
            ("big_tip", one.root_id, minute(10)),
            ("big_tip", two.root_id, minute(1)),
            ("big_tip", None, minute(11)),
            ("other_rule", one.root_id, minute(12)),
        ],
        key=repr,
    )


def test_without_a_cool_down_every_claim_holds(database: Database) -> None:
    with database.write() as conn:
        store(conn, [chat(0, "viewer_one")])
        room, who = streams.list_all(conn, ROOM)[0].room_id, behind(conn, "viewer_one")
        told = [alerts.claim(conn, "chat", who, room, now=minute(0), cooldown=timedelta()) for _ in range(2)]
    assert told == [True, True]


def test_of_hosts_that_claim_at_once_one_tells(database: Database) -> None:
    with database.write() as conn:
        store(conn, [chat(0, "viewer_one")])
        room, who = streams.list_all(conn, ROOM)[0].room_id, behind(conn, "viewer_one")
    together = Barrier(4)

    def claim(at: float) -> bool:
        together.wait()
        with database.write() as conn:
            return alerts.claim(conn, "tip", who, room, now=minute(at), cooldown=COOLDOWN)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(claim, [0, 1, 2, 3])) == [False, False, False, True]
        assert sorted(pool.map(claim, [20, 20, 20, 20])) == [False, False, False, True]
