"""Metrics as node-exporter's textfile collector reads them."""

import logging
import os
import time
from pathlib import Path
from typing import Any

import pytest

from listening import ROOM, Clock, Station, event, page, tip
from mhc.capture.health import Beat
from mhc.capture.metrics import Metrics

SAID: dict[str, Any] = {
    "kind": "live", "host": "host", "pid": 1, "detail": "", "since": "2026-01-01T00:00:00Z",
    "last_poll_at": None, "last_event_id": None,
}  # fmt: skip


def beat(state: str = "listening", room: str = ROOM, **more: Any) -> Beat:
    return Beat(room=room, state=state, **SAID | more)


def close(metrics: Metrics) -> None:
    metrics.end()
    metrics.close(time.monotonic() + 30)


def values(folder: Path, room: str = ROOM) -> dict[str, str]:
    lines = (folder / f"mhc_listen_{room}.prom").read_text().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_the_whole_file(station: Station, tmp_path: Path) -> None:
    metrics = Metrics(tmp_path, station.clock.monotonic)
    station.listener.health._on_beat = metrics.heard
    station.options.on_events = lambda source, new: metrics.stored(source.room, new)
    station.options.on_failed = lambda kind: metrics.failed(ROOM, str(kind))
    station.step(page(tip(0.25), tip(0.5), event(0.5, "newKind", seq=1), event(0.75), to="i=1"))
    station.step(page(status=502))
    metrics.not_forwarded(ROOM, 3)
    metrics.alert_failed(ROOM, "big_tip")
    close(metrics)
    path = tmp_path / f"mhc_listen_{ROOM}.prom"
    assert path.stat().st_mode & 0o777 == 0o644
    assert (
        path.read_text()
        == """\
# HELP mhc_listen_up Whether a process holds the room's lease.
# TYPE mhc_listen_up gauge
mhc_listen_up{room="example_room"} 1
# HELP mhc_listen_state 1 for the state that the listener is in.
# TYPE mhc_listen_state gauge
mhc_listen_state{room="example_room",state="starting"} 0
mhc_listen_state{room="example_room",state="listening"} 0
mhc_listen_state{room="example_room",state="backing off"} 1
mhc_listen_state{room="example_room",state="spooling"} 0
mhc_listen_state{room="example_room",state="replaying"} 0
mhc_listen_state{room="example_room",state="paused"} 0
mhc_listen_state{room="example_room",state="token refused"} 0
mhc_listen_state{room="example_room",state="failed"} 0
mhc_listen_state{room="example_room",state="stopped"} 0
# HELP mhc_listen_last_poll_timestamp_seconds When a poll last went well.
# TYPE mhc_listen_last_poll_timestamp_seconds gauge
mhc_listen_last_poll_timestamp_seconds{room="example_room"} 1767225601.000
# HELP mhc_listen_last_event_timestamp_seconds When the latest stored event happened.
# TYPE mhc_listen_last_event_timestamp_seconds gauge
mhc_listen_last_event_timestamp_seconds{room="example_room"} 1767225600.750
# HELP mhc_listen_events_total Events that this process stored.
# TYPE mhc_listen_events_total counter
mhc_listen_events_total{room="example_room",method="follow"} 1
mhc_listen_events_total{room="example_room",method="other"} 1
mhc_listen_events_total{room="example_room",method="tip"} 2
# HELP mhc_listen_failures_total Polls that failed, by class; database: nothing could be stored.
# TYPE mhc_listen_failures_total counter
mhc_listen_failures_total{room="example_room",class="database"} 0
mhc_listen_failures_total{room="example_room",class="server"} 1
# HELP mhc_listen_spooled_pages Pages that wait for the database.
# TYPE mhc_listen_spooled_pages gauge
mhc_listen_spooled_pages{room="example_room"} 0
# HELP mhc_forward_failures_total Events that were not forwarded.
# TYPE mhc_forward_failures_total counter
mhc_forward_failures_total{room="example_room"} 3
# HELP mhc_alert_failures_total Alerts that did not reach anybody.
# TYPE mhc_alert_failures_total counter
mhc_alert_failures_total{room="example_room",rule="big_tip"} 1
"""
    )


def test_it_is_written_at_a_change_of_state_else_every_fifteen_seconds(tmp_path: Path) -> None:
    clock = Clock()
    metrics = Metrics(tmp_path, clock.monotonic)
    written = []
    for seconds, state in (
        (0, "starting"),
        (1, "listening"),
        (2, "listening"),
        (15, "listening"),
        (16, "listening"),
    ):
        clock.seconds = seconds
        before = metrics._rooms.get(ROOM)
        was = before.written_at if before else None
        metrics.heard(beat(state))
        written.append(metrics._rooms[ROOM].written_at != was)
    assert written == [True, True, False, False, True]
    close(metrics)


def test_each_room_has_its_file_and_the_testbed_none(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path)
    metrics.heard(beat("paused", "one"))
    metrics.heard(beat("spooling", "two", spooled=7))
    metrics.heard(beat("stopped", "two", spooled=7))
    metrics.heard(beat("listening", "three", kind="testbed"))
    metrics.heard(beat("standby", "one"))
    close(metrics)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mhc_listen_one.prom", "mhc_listen_two.prom"]
    assert values(tmp_path, "one")['mhc_listen_failures_total{room="one",class="database"}'] == "1"
    assert values(tmp_path, "two")['mhc_listen_up{room="two"}'] == "0"
    assert values(tmp_path, "two")['mhc_listen_spooled_pages{room="two"}'] == "7"


def test_what_a_label_holds_is_escaped_and_a_state_of_tomorrow_has_its_line(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path)
    metrics.heard(beat('a "new"\n\\state', "a/../b"))
    close(metrics)
    (path,) = tmp_path.iterdir()
    assert path.name == "mhc_listen_a%2F..%2Fb.prom"
    assert 'mhc_listen_state{room="a/../b",state="a \\"new\\"\\n\\\\state"} 1\n' in path.read_text()


def test_a_directory_that_is_gone_is_said_once_and_hurts_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    metrics = Metrics(tmp_path / "none")
    for state in ("starting", "listening", "paused"):
        metrics.heard(beat(state))
    close(metrics)
    assert [r.getMessage() for r in caplog.records] == [
        f"no metrics written to {tmp_path}/none: No such file or directory"
    ]


def test_a_link_that_somebody_laid_is_not_followed(tmp_path: Path) -> None:
    folder, victim = tmp_path / "metrics", tmp_path / "victim"
    folder.mkdir()
    victim.write_text("what is the owner's")
    victim.chmod(0o600)
    name = f"mhc_listen_{ROOM}.prom"
    for laid in (name, f".{name}.{os.getpid()}"):
        (folder / laid).symlink_to(victim)
    metrics = Metrics(folder)
    metrics.heard(beat())
    close(metrics)
    assert (victim.read_text(), victim.stat().st_mode & 0o777) == ("what is the owner's", 0o600)
    assert values(folder)[f'mhc_listen_up{{room="{ROOM}"}}'] == "1"


def test_what_cannot_take_its_place_is_not_left_behind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / f"mhc_listen_{ROOM}.prom").mkdir()
    metrics = Metrics(tmp_path)
    metrics.heard(beat())
    close(metrics)
    assert [path.name for path in tmp_path.iterdir()] == [f"mhc_listen_{ROOM}.prom"]
    assert "no metrics written" in caplog.text
