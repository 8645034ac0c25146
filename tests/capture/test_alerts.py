"""Alerts, from an answer of the feed to what a receiver or a command gets."""

import fcntl
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from listening import ROOM, Station, event, listening, page, tip
from mhc.capture.alerts import Alerts
from mhc.capture.rules import read_rules
from mhc.capture.worker import Complaints
from mhc.cli.reactions import alert_json
from mhc.store import people, watchlists
from mhc.store.database import Database
from mhc.store.schema import person
from receiver import Receiver

DAY = 86_400.0


class Desk:
    """Alerts of one listener: what is told, and what failed."""

    def __init__(self, station: Station, rules: dict[str, Any], db: Database | None = None) -> None:
        self.station = station
        self.failed: list[tuple[str, str]] = []
        self.alerts = Alerts(
            db or station.db,
            read_rules({"alerts": rules}),
            encode=alert_json,
            now=station.clock.now,
            complaints=Complaints(station.clock.monotonic),
            on_failure=lambda room, rule: self.failed.append((room, rule)),
            wait_scale=0.001,
        )
        station.options.on_events = self.alerts.offer

    def comes(self, *events: object) -> None:
        self.station.step(page(*events, to=f"i={self.station.clock.seconds}"))

    def close(self) -> None:
        self.alerts.close(time.monotonic() + 30)


@contextmanager
def told(station: Station, **rules: Any) -> Iterator[tuple[Desk, list[Any]]]:
    """Give a desk whose rules post to a receiver, and what it got by the end of the block."""
    got: list[Any] = []
    with Receiver() as receiver:
        desk = Desk(station, {name: {"url": receiver.url, **rule} for name, rule in rules.items()})
        try:
            yield desk, got
        finally:
            desk.close()
        got += [one.json for one in receiver.posted]


@pytest.fixture
def local(sqlite_database: Database, tmp_path: Path) -> Iterator[Station]:
    """Give a listener on one database, for what no database answers."""
    with listening(sqlite_database, tmp_path / "state") as made:
        yield made


def who(got: list[Any]) -> list[tuple[str, str | None]]:
    return [(one["rule"], one["person"]) for one in got]


def anonymous(seconds: float, who: str, tokens: int) -> dict[str, Any]:
    return event(seconds, "tip", who, tip={"tokens": tokens, "isAnon": True, "message": "psst"})


def put_on(station: Station, name: str, watchlist: str) -> None:
    with station.db.write() as conn:
        made = people.ensure(conn, [name], source="test", at=station.clock.now())
        found = watchlists.find(conn, watchlist)
        assert found is not None
        watchlists.add(conn, found.id, [made[name]], at=station.clock.now(), note=None)


def test_an_alert_says_rule_person_and_event(station: Station) -> None:
    with told(station, big={"events": ["tip"], "min_tokens": 100}) as (desk, got):
        desk.comes(tip(0.1, 99), tip(0.2, 100), event(0.3, "chatMessage"))
    assert got == [
        {
            "rule": "big",
            "person": "viewer_one",
            "event": {
                "event_id": "1767225600200-0",
                "room": ROOM,
                "happened_at": "2026-01-01T00:00:00.200Z",
                "method": "tip",
                "actor": "viewer_one",
                "partner": None,
                "tokens": 100,
                "text": None,
                "anonymous": False,
                "received_at": "2026-01-01T00:00:01Z",
                "source": "live",
            },
        }
    ]
    assert desk.failed == []


def test_a_rule_sees_the_person_behind_an_alias_and_a_merge(station: Station) -> None:
    put_on(station, "viewer_one", "Friends")
    with station.db.write() as conn:
        ids = people.ensure(conn, ["old_name"], source="test", at=station.clock.now())
        (one,) = people.find(conn, "viewer_one")
        conn.execute(person.update().where(person.c.id == ids["old_name"]).values(canonical_id=one.id))
        people.add_alias(conn, one, "second_name", source="test", at=station.clock.now(), current=True)
    rule = {"events": ["enter"], "watchlist": "friends", "cooldown": "0s"}
    with told(station, friend=rule) as (desk, got):
        names = ["viewer_one", "old_name", "second_name", "viewer_two"]
        desk.comes(*(event(0.1 * n, "userEnter", name) for n, name in enumerate(names, 1)))
    assert [one["event"]["actor"] for one in got] == names[:3]
    assert who(got) == [("friend", "viewer_one")] * 3


def test_first_tip_and_first_visit_are_told_once_in_a_life(station: Station) -> None:
    with told(station, first={"first_tip": True}, visit={"first_visit": True}) as (desk, got):
        desk.comes(event(0.1, "userEnter"), tip(0.2, seq=1), tip(0.3), event(0.4, "userEnter"))
        station.clock.seconds = 3600
        desk.comes(event(3600, "userEnter"), tip(3600.5), event(3600.6, "userEnter", "viewer_two"))
    assert who(got) == [("visit", "viewer_one"), ("first", "viewer_one"), ("visit", "viewer_two")]


def test_who_was_away_for_long_returns(station: Station) -> None:
    with told(station, back={"returns_after": "30d"}) as (desk, got):
        desk.comes(event(0.1, "userEnter"), event(0.2, "userLeave"), event(0.3, "userEnter", "viewer_two"))
        station.clock.seconds = 29 * DAY
        desk.comes(event(29 * DAY, "userEnter", "viewer_two"))
        station.clock.seconds = 31 * DAY
        desk.comes(
            event(31 * DAY, "userEnter", "viewer_two"),
            event(31 * DAY + 1, "userEnter"),
            event(31 * DAY + 2, "chatMessage"),
            event(31 * DAY + 3, "userEnter", "viewer_three"),
        )
    assert who(got) == [("back", "viewer_one")]
    assert got[0]["event"]["method"] == "userEnter"


def test_who_tips_anonymously_stays_unnamed(station: Station) -> None:
    put_on(station, "viewer_one", "Friends")
    rules: dict[str, Any] = {
        "any": {"min_tokens": 1},
        "friend": {"watchlist": "Friends"},
        "first": {"first_tip": True},
        "back": {"returns_after": "1d"},
    }
    with told(station, **rules) as (desk, got):
        desk.comes(anonymous(0.1, "viewer_one", 50))
    assert who(got) == [("any", None)]
    assert (got[0]["event"]["actor"], got[0]["event"]["anonymous"]) == (None, True)
    with told(station, **rules) as (desk, got):  # nor does it show that there was one
        desk.comes(tip(2, seq=7))
    assert sorted(who(got), key=repr) == [
        ("any", "viewer_one"),
        ("first", "viewer_one"),
        ("friend", "viewer_one"),
    ]


def test_a_private_message_is_told_without_its_words_and_ones_own_is_not(station: Station) -> None:
    def private(seconds: float, sender: str, receiver: str) -> dict[str, Any]:
        words = {"message": "psst", "fromUser": sender, "toUser": receiver}
        return event(seconds, "privateMessage", sender, message=words)

    with told(station, pm={"events": ["pm", "chat"]}) as (desk, got):
        desk.comes(
            private(0.1, ROOM, "viewer_one"),
            event(0.2, "chatMessage", ROOM),
            private(0.3, "viewer_one", ROOM),
        )
    assert [(one["event"]["actor"], one["event"]["text"]) for one in got] == [("viewer_one", None)]


def test_a_rule_is_of_its_rooms(local: Station) -> None:
    with told(
        local, here={"min_tokens": 1, "rooms": [ROOM]}, there={"min_tokens": 1, "rooms": ["other"]}
    ) as (
        desk,
        got,
    ):
        desk.comes(tip(0.1))
    assert who(got) == [("here", "viewer_one")]


def test_what_happened_long_ago_is_told_only_where_that_was_asked_for(station: Station) -> None:
    station.clock.seconds = 3600
    with told(station, now={"min_tokens": 1}, late={"min_tokens": 1, "late": True}) as (desk, got):
        desk.comes(tip(2990, seq=1), tip(3100, seq=2))
    assert who(got) == [("late", "viewer_one"), ("now", "viewer_one")]


def test_a_cool_down_holds_a_rule_back_a_person_at_a_time(station: Station) -> None:
    with told(station, tip={"min_tokens": 1, "cooldown": "10m"}) as (desk, got):
        desk.comes(
            tip(0.1, seq=1), tip(0.2, seq=2), anonymous(0.3, "viewer_two", 5), anonymous(0.4, "viewer_two", 5)
        )
    assert who(got) == [("tip", "viewer_one"), ("tip", None)]
    station.clock.seconds = 599
    with told(station, tip={"min_tokens": 1, "cooldown": "10m"}) as (desk, got):  # after a restart, too
        desk.comes(tip(599, seq=3))
    assert got == []
    station.clock.seconds = 700
    with told(station, tip={"min_tokens": 1, "cooldown": "10m"}) as (desk, got):
        desk.comes(tip(700, seq=4))
    assert who(got) == [("tip", "viewer_one")]


def test_other_rules_hold_from_when_they_are_read_again(local: Station) -> None:
    with told(local, tip={"min_tokens": 1}) as (desk, got):
        desk.alerts.use(())
        desk.comes(tip(0.1))
    assert got == []


def test_a_receiver_that_refuses_is_counted_and_named_by_its_host_alone(
    local: Station, caplog: pytest.LogCaptureFixture
) -> None:
    with Receiver(404, 404) as receiver:
        url = f"{receiver.url}/CANARY0PATH"
        desk = Desk(local, {"one": {"min_tokens": 1, "url": url, "cooldown": "0s"}})
        desk.comes(tip(0.1, seq=1), tip(0.2, seq=2))
        desk.close()
    assert desk.failed == [(ROOM, "one")] * 2
    (said,) = [
        r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING and "alert" in r.getMessage()
    ]
    assert said == f"alert one: {receiver.url.removeprefix('http://')}: answered 404"


def test_a_list_that_is_not_there_is_a_failure(local: Station, caplog: pytest.LogCaptureFixture) -> None:
    with told(local, one={"watchlist": "No Such List"}) as (desk, got):
        desk.comes(tip(0.1))
    assert (got, desk.failed) == ([], [(ROOM, "one")])
    assert "alert one: no watchlist named 'No Such List'" in caplog.text


def test_a_database_that_is_away_for_alerts_costs_the_capture_nothing(local: Station) -> None:
    away = Database("postgresql+psycopg://mhc@127.0.0.1:1/none")
    with Receiver() as receiver:
        desk = Desk(local, {"one": {"min_tokens": 1, "url": receiver.url}}, away)
        desk.comes(tip(0.1))
        desk.close()
    assert desk.failed == [(ROOM, "one")]
    assert len(local.events) == 1


def command(code: str, *words: str) -> list[str]:
    return [sys.executable, "-c", code, *words]


def test_a_command_gets_json_on_its_input_and_no_secret(
    local: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "CB_AUTH_TOKEN",
        "MHC_ERASURE_KEY",
        "DATABASE_URL",
        "STATBATE_API_TOKEN",
        "PGPASSWORD",
        "NOTIFY_SOCKET",
    ):
        monkeypatch.setenv(name, "CANARY")
    monkeypatch.setenv("OF_THE_OWNER", "seen")
    code = (
        "import json, os, sys; given = sys.stdin.read()\n"
        "open(sys.argv[1], 'w').write(json.dumps([given, sys.argv[2:], dict(os.environ), os.getsid(0) == os.getpid()]))"
    )
    words = command(code, str(tmp_path / "told"), "$(id)", "a b")
    desk = Desk(local, {"one": {"min_tokens": 1, "command": words}})
    desk.comes(tip(0.1))
    desk.close()
    assert desk.failed == []
    given, arguments, environ, alone = json.loads((tmp_path / "told").read_text())
    assert json.loads(given)["event"]["event_id"] == "1767225600100-0"
    assert given.endswith("}\n")
    assert (arguments, alone) == (["$(id)", "a b"], True)
    assert "CANARY" not in json.dumps(environ)
    assert environ["OF_THE_OWNER"] == "seen"


def test_a_command_that_takes_too_long_is_killed_with_all_it_started(local: Station, tmp_path: Path) -> None:
    code = (
        "import fcntl, os, sys, time; lock = open(sys.argv[1], 'w'); fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "pid = os.fork()\n"
        "time.sleep(1000)"
    )
    desk = Desk(
        local, {"one": {"min_tokens": 1, "timeout": "1s", "command": command(code, str(tmp_path / "lock"))}}
    )
    desk.comes(tip(0.1))
    desk.close()
    assert desk.failed == [(ROOM, "one")]
    with (tmp_path / "lock").open() as lock:  # both held it: this waits for the end of both
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_what_runs_at_the_end_is_ended(local: Station, tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    os.mkfifo(tmp_path / "began")
    code = (
        "import fcntl, sys, time; lock = open(sys.argv[1], 'w'); fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "open(sys.argv[2], 'w').close(); time.sleep(1000)"
    )
    words = command(code, path, str(tmp_path / "began"))
    desk = Desk(local, {"one": {"min_tokens": 1, "timeout": "1m", "command": words}})
    desk.comes(tip(0.1))
    (tmp_path / "began").open().close()  # waits for the other end
    desk.alerts.close(time.monotonic())
    with Path(path).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["no-such-program-anywhere"], "no program named 'no-such-program-anywhere'"),
        (["/no/such/program"], "no program named '/no/such/program'"),
        (command("raise SystemExit(3)"), "ended with 3"),
        (command("import os; os.kill(os.getpid(), 9)"), "was killed by signal 9"),
    ],
)
def test_a_command_that_fails_is_counted_and_named(
    local: Station, caplog: pytest.LogCaptureFixture, words: list[str], why: str
) -> None:
    desk = Desk(local, {"one": {"min_tokens": 1, "command": words}})
    desk.comes(tip(0.1))
    desk.close()
    assert desk.failed == [(ROOM, "one")]
    assert f"alert one: {why}" in caplog.text


def test_a_program_of_the_current_directory_is_never_run(
    local: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "notify").write_text("#!/bin/sh\n")
    (tmp_path / "notify").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")
    desk = Desk(local, {"one": {"min_tokens": 1, "command": ["notify"]}})
    desk.comes(tip(0.1))
    desk.close()
    assert "no program named 'notify'" in caplog.text
