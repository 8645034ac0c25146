"""What a listener says of itself, to a file and to the service manager."""

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from listening import Said, Station, event, page
from mhc.capture.health import Beat, Health, is_alive, read_beats, read_standbys, write_beat
from mhc.capture.notify import Rooms, notify
from mhc.store.streams import Stream

HELD = Stream(1, 1, "example_room", "live", "127.0.0.1:80", "lock", None, None, None, 0, 1, None, None)
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def beat(**changes: object) -> Beat:
    said = {
        "room": "example_room", "kind": "live", "host": "127.0.0.1:80", "pid": os.getpid(), "state": "listening",
        "detail": "", "since": "2026-01-01T12:00:00Z", "last_poll_at": None, "last_event_id": None, **changes,
    }  # fmt: skip
    return Beat(**said)  # type: ignore[arg-type]


def test_the_heartbeat_tells_state_time_and_place(tmp_path: Path) -> None:
    health = Health(tmp_path, lambda: NOW)
    health.ready(HELD)
    assert read_beats(tmp_path) == [beat(state="starting")]
    health.polled(HELD, NOW, "1767225600000-0")
    health.polled(HELD, NOW, None)
    polled = {"last_poll_at": "2026-01-01T12:00:00Z", "last_event_id": "1767225600000-0"}
    assert read_beats(tmp_path) == [beat(**polled)]
    health.state(HELD, "backing off", "HTTP 502")
    assert read_beats(tmp_path) == [beat(state="backing off", detail="HTTP 502", **polled)]
    health.stopped(HELD)
    assert read_beats(tmp_path) == [beat(state="stopped", **polled)]


def test_a_state_lasts_since_it_began(tmp_path: Path) -> None:
    times = iter(datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in range(6))
    health = Health(tmp_path, lambda: next(times))
    since = []
    for state in ("listening", "listening", "backing off", "backing off", "listening"):
        health.state(HELD, state, "")
        since.append(read_beats(tmp_path)[0].since[11:13])
    assert since == ["00", "00", "02", "02", "04"]


def test_a_room_that_another_captures_is_told_and_its_heartbeat_stays_the_others(tmp_path: Path) -> None:
    told: list[Beat] = []
    health = Health(tmp_path, lambda: NOW, on_beat=told.append)
    health.polled(HELD, NOW, None)
    write_beat(tmp_path, beat(pid=1))
    health.elsewhere(HELD, "another host listens")
    assert (told[-1].state, told[-1].detail) == ("standby", "another host listens")
    assert (read_beats(tmp_path), read_standbys(tmp_path)) == ([beat(pid=1)], [])


def test_each_room_has_a_file_of_its_own_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    for room in ("a/../b", "example_room", "z"):
        write_beat(tmp_path, beat(room=room))
    assert [one.room for one in read_beats(tmp_path)] == ["a/../b", "example_room", "z"]
    folder = tmp_path / "heartbeat"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.suffix == ".json" for path in folder.iterdir())


def test_what_is_no_heartbeat_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_beat(tmp_path, beat())
    for name, text in {"a": "{", "b": "[]", "c": '{"room":"x"}', "d": "null", "e": '"x"'}.items():
        (tmp_path / "heartbeat" / f"{name}.json").write_text(text)
    (tmp_path / "heartbeat" / "f.json").write_bytes(b"\xff")
    assert read_beats(tmp_path) == [beat()]
    assert len(caplog.records) == 6


def test_without_a_state_directory_there_are_no_heartbeats(tmp_path: Path) -> None:
    assert read_beats(tmp_path / "missing") == []


def test_a_heartbeat_that_cannot_be_written_hurts_nothing(tmp_path: Path) -> None:
    (tmp_path / "heartbeat").write_text("")
    write_beat(tmp_path, beat())
    Health(tmp_path, lambda: NOW).ready(HELD)


def test_a_process_that_ended_is_not_alive() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert not is_alive(beat(pid=ended.pid))
    assert is_alive(beat())
    assert is_alive(beat(pid=1))


# What the listener says as it goes.


def test_good_polls_are_progress_and_failures_are_not(going: Station, manager: socket.socket) -> None:
    going.step(page(event(2), to="i=2"))
    assert heard(manager) == ["WATCHDOG=1"]
    going.steps(Said(502), Said(502))
    assert heard(manager) == ["STATUS=example_room: backing off: HTTP 502"]
    (said,) = read_beats(going.folder)
    assert (said.state, said.detail, said.last_event_id) == ("backing off", "HTTP 502", "1767225602000-0")


def test_a_refused_next_url_is_no_progress(going: Station, manager: socket.socket) -> None:
    since = []
    for second in (2, 3):
        going.step(page(event(second), next_url="https://evil.example.net/"))
        since.append(read_beats(going.folder)[0].since)
    said = heard(manager)
    assert "WATCHDOG=1" not in said
    assert len(said) == 1
    assert len(set(since)) == 1


def test_a_refused_token_is_said_and_where_to_change_it(
    going: Station, caplog: pytest.LogCaptureFixture
) -> None:
    going.steps(*[Said(401)] * 4)
    assert read_beats(going.folder)[0].state == "token refused"
    errors = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "CB_AUTH_TOKEN" in errors[0]


# The service manager.


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Give the socket at which a service manager would listen."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(path))
        made.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield made


def heard(manager: socket.socket) -> list[str]:
    """Give what was said until now."""
    found = []
    try:
        while True:
            found.append(manager.recv(4096).decode())
    except BlockingIOError:
        return found


def test_the_manager_hears_when_it_is_ready(tmp_path: Path, manager: socket.socket) -> None:
    health = Health(tmp_path, lambda: NOW)
    health.ready(HELD)
    health.polled(HELD, NOW, None)
    health.stopped(HELD)
    assert heard(manager) == [
        "STATUS=example_room: starting",
        "READY=1",
        "STATUS=example_room: listening",
        "WATCHDOG=1",
        "STATUS=example_room: stopped",
    ]


def test_an_abstract_socket_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(f"\0mhc-test-{os.getpid()}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@mhc-test-{os.getpid()}")
        notify("READY=1")
        assert made.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all", "@nobody", "/" + "x" * 200])
def test_nobody_who_listens_hurts_nothing(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify("READY=1")


def test_a_path_that_is_not_utf8_is_said_all_the_same(manager: socket.socket) -> None:
    notify("STATUS=paused: disk full on /data/\udcff/mhc.db")
    assert heard(manager) == ["STATUS=paused: disk full on /data/?/mhc.db"]


def test_a_room_that_hangs_is_not_hidden_by_a_lively_one(tmp_path: Path, manager: socket.socket) -> None:
    rooms = Rooms()
    one, two = (Health(tmp_path, lambda: NOW, rooms) for _ in range(2))
    second = replace(HELD, room="second_room")
    one.ready(HELD)
    two.ready(second)
    for _ in range(3):
        one.polled(HELD, NOW, None)
    assert "WATCHDOG=1" not in heard(manager)
    two.spooled(second, 1, "the database is away", NOW, None)
    assert heard(manager)[-1] == "WATCHDOG=1"
    one.progress()
    assert heard(manager) == []
    two.ended()
    one.progress()
    assert heard(manager) == ["WATCHDOG=1"]


def test_one_line_says_how_all_rooms_do_and_ready_is_said_once(
    tmp_path: Path, manager: socket.socket
) -> None:
    rooms = Rooms()
    one, two = (Health(tmp_path, lambda: NOW, rooms) for _ in range(2))
    second = replace(HELD, room="second_room")
    one.waiting(HELD, "paused", "cannot reach the database")
    two.standby(second, "process 1 has it")
    one.ready(HELD)
    one.polled(HELD, NOW, None)
    said = heard(manager)
    assert said[:2] == [
        "STATUS=example_room: paused: cannot reach the database",
        "EXTEND_TIMEOUT_USEC=60000000",
    ]
    assert said.count("READY=1") == 1
    assert said[-1] == "STATUS=example_room: listening; second_room: standby: process 1 has it"


def test_how_many_pages_wait_is_in_the_heartbeat(tmp_path: Path) -> None:
    health = Health(tmp_path, lambda: NOW)
    health.ready(HELD)
    states: list[tuple[str, int]] = []

    def note() -> None:
        (said,) = read_beats(tmp_path)
        states.append((said.state, said.spooled))

    health.spooled(HELD, 1, "away", NOW, None)
    note()
    health.state(HELD, "backing off", "HTTP 502")
    note()
    health.replaying(HELD, 0)
    note()
    health.polled(HELD, NOW, None)
    note()
    assert states == [("spooling", 1), ("backing off", 1), ("replaying", 0), ("listening", 0)]


def test_who_stands_by_and_is_dead_is_not_listed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    write_beat(tmp_path, beat(state="standby", pid=ended.pid))
    write_beat(tmp_path, beat(state="standby"))
    assert [one.pid for one in read_standbys(tmp_path)] == [os.getpid()]
    assert read_beats(tmp_path) == []


def test_a_heartbeat_of_a_later_version_is_read(tmp_path: Path) -> None:
    write_beat(tmp_path, beat())
    (path,) = (tmp_path / "heartbeat").iterdir()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"more": 1}))
    assert read_beats(tmp_path) == [beat()]


def test_the_file_is_json_that_other_programs_read(tmp_path: Path) -> None:
    write_beat(tmp_path, beat())
    (path,) = (tmp_path / "heartbeat").iterdir()
    assert json.loads(path.read_text())["room"] == "example_room"
