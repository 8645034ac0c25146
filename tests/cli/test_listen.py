"""`mhc listen` as a user runs it: against a server, in a process of its own."""

import json
import signal
from typing import Literal

import pytest

from command import Mhc, Run
from mhc.sandbox.server import Sandbox
from service import feed

FIELDS = {
    "event_id", "room", "method", "happened_at", "received_at", "actor", "partner", "tokens", "text", "anonymous", "source",
}  # fmt: skip


def captured(run_mhc: Mhc, sandbox: Sandbox, *words: str, **more: str) -> Run:
    """Listen until all was read, and the next poll waits."""
    run = run_mhc.until(sandbox.until_held, "listen", *words, **feed(sandbox, **more))
    assert run.status == 0, run.stderr
    return run


def test_once_ends_when_the_feed_is_read_up(run_mhc: Mhc, sandbox: Sandbox) -> None:
    run = run_mhc("listen", "--once", **feed(sandbox))
    assert (run.status, len(run.stdout.splitlines())) == (0, 400)


def test_text_is_one_readable_line_an_event(run_mhc: Mhc, sandbox: Sandbox) -> None:
    lines = captured(run_mhc, sandbox).stdout.splitlines()
    assert len(lines) == 400
    assert any("viewer_one" in line and "tipped" in line and " tk" in line for line in lines)


def test_ndjson_has_the_promised_fields(run_mhc: Mhc, sandbox: Sandbox) -> None:
    rows = [json.loads(line) for line in captured(run_mhc, sandbox, "-o", "ndjson").stdout.splitlines()]
    assert len(rows) == 400
    assert all(set(row) == FIELDS for row in rows)


def test_what_is_printed_is_filtered_and_everything_is_stored(
    run_mhc: Mhc, sandbox: Sandbox, database_url: str
) -> None:
    run = captured(run_mhc, sandbox, "-o", "ndjson", "--events", "tip,enter", DATABASE_URL=database_url)
    assert {json.loads(line)["method"] for line in run.stdout.splitlines()} == {"tip", "userEnter"}
    stored = run_mhc("event", "list", "-o", "ndjson", DATABASE_URL=database_url)
    assert len(stored.stdout.splitlines()) == 400


def test_anonymous_stays_anonymous_and_private_stays_private(run_mhc: Mhc, sandbox: Sandbox) -> None:
    rows = [json.loads(line) for line in captured(run_mhc, sandbox, "-o", "ndjson").stdout.splitlines()]
    hidden = [row for row in rows if row["anonymous"]]
    private = [row for row in rows if row["method"] == "privateMessage"]
    assert hidden
    assert private
    assert all(row["actor"] is None for row in hidden)
    assert all(row["text"] is None for row in private)
    listed = run_mhc("event", "list", "-o", "json", "--reveal", "--private", **feed(sandbox)).json
    assert all(row["actor"] for row in listed if row["anonymous"])
    assert all(row["text"] for row in listed if row["method"] == "privateMessage")


def test_a_second_listener_ends_with_75_and_says_who_holds_the_room(run_mhc: Mhc, database_url: str) -> None:
    with Sandbox(speed=0, events=10) as running:
        env = feed(running, DATABASE_URL=database_url)
        with run_mhc.start("listen", "-o", "none", **env) as first:
            assert running.until_held()
            second = run_mhc("listen", **env)
            assert second.status == 75
            assert f"process {first.pid}" in second.stderr
            first.send_signal(signal.SIGTERM)
            assert first.wait() == 0


def test_after_a_kill_the_next_listener_starts_at_once(run_mhc: Mhc, database_url: str) -> None:
    with Sandbox(speed=0, events=10) as running:
        env = feed(running, DATABASE_URL=database_url)
        with run_mhc.start("listen", "-o", "none", **env) as first:
            assert running.until_held()
            first.kill()
        dead = run_mhc("capture", "status", "-o", "json", **env).json
        assert [(one["state"], one["epoch"]) for one in dead] == [("dead", 1)]
        # The killed one's poll still waits at the server: the new one makes two.
        assert run_mhc.until(lambda: running.until_held(2), "listen", **env).status == 0
        now = run_mhc("capture", "status", "-o", "json", **env).json
        assert [(one["state"], one["epoch"], one["owner"]) for one in now] == [("stopped", 2, None)]


def test_status_without_the_database_shows_what_the_listener_said(run_mhc: Mhc) -> None:
    with Sandbox(speed=0, events=10) as running:
        captured(run_mhc, running)
        away = {"DATABASE_URL": "postgresql://mhc@127.0.0.1:1/none"}
        run = run_mhc("capture", "status", "-o", "json", **away)
        assert run.status == 0
        assert [(one["room"], one["state"]) for one in run.json] == [("example_room", "stopped")]
        assert "cannot reach" in run.stderr


@pytest.mark.parametrize(
    ("faults", "empty"),
    [("502,reset,truncate,html200,bad-json,drip:every=0", "200"), ("duplicate,overlap,shuffle,3*520", "400")],
)
def test_a_misbehaving_server_costs_nothing(
    run_mhc: Mhc, database_url: str, faults: str, empty: Literal["200", "400"]
) -> None:
    with Sandbox(
        speed=0, events=700, page_size=100, faults=f"ok,{faults}", empty=empty, journal=True
    ) as running:
        env = feed(running, DATABASE_URL=database_url)
        assert run_mhc.until(running.until_held, "listen", **env).status == 0
        rows = run_mhc("event", "list", "-o", "json", "--fields", "event_id", **env).json
        assert len(rows) == 700
        assert {row["event_id"] for row in rows} == set(running.served_ids())
