"""How an alert is delivered: posted or given to a command, and what fails costs the capture nothing."""

import fcntl
import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from desk import Desk, anonymous, told
from listening import ROOM, Station, event, tip
from mhc.errors import UnavailableError
from mhc.store.database import Database
from receiver import Receiver


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


def show() -> list[dict[str, Any]]:
    """Give a show of six minutes, with a tip, a hidden one and a secret."""
    return [
        event(0, "broadcastStart"),
        event(60, "userEnter", "viewer_one"),
        event(120, "tip", "viewer_one", tip={"tokens": 25, "isAnon": False, "message": "psst"}),
        anonymous(180, "hidden_one", 900),
        event(360, "broadcastStop"),
    ]


@pytest.mark.parametrize(
    ("form", "media_type", "line"),
    [
        ("markdown", "text/markdown", "- best tipper: viewer\\_one, 25 tokens"),
        ("text", "text/plain", "  best tipper: viewer_one, 25 tokens"),
        ("html", "text/html", "<li>best tipper: <bdi>viewer_one</bdi>, 25 tokens</li>"),
    ],
)
def test_after_a_show_a_digest_is_posted_as_what_it_is(
    station: Station, form: str, media_type: str, line: str
) -> None:
    with Receiver() as receiver:
        desk = Desk(station, {"one": {"events": ["stop"], "url": receiver.url, "digest": form}})
        desk.comes(*show())
        desk.close()
    (posted,) = receiver.posted
    assert desk.failed == []
    assert posted.headers["Content-Type"] == f"{media_type}; charset=utf-8"
    text = posted.body.decode()
    assert line in text.splitlines()
    assert "925 tokens, 2 tips, 1 tipper" in text  # the other is nobody
    assert not [hidden for hidden in ("psst", "hidden_one", "900") if hidden in text]


def test_a_digest_is_given_to_a_command_and_other_rules_tell_the_event(
    local: Station, tmp_path: Path
) -> None:
    code = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    words = command(code, str(tmp_path / "told"))
    with Receiver() as receiver:
        rules = {
            "one": {"events": ["stop"], "command": words, "digest": "text"},
            "two": {"events": ["stop"], "url": receiver.url},
        }
        desk = Desk(local, rules)
        desk.comes(*show())
        desk.close()
    assert (tmp_path / "told").read_text().startswith(f"Digest of {ROOM}\ntime: 2026-01-01 00:00 to now\n")
    (posted,) = receiver.posted
    assert (posted.headers["Content-Type"], posted.json["rule"]) == ("application/json", "two")


def test_a_digest_that_cannot_be_read_is_a_failure_of_its_rule_alone(
    local: Station, caplog: pytest.LogCaptureFixture
) -> None:
    def away(_form: str, _room: str) -> bytes:
        raise UnavailableError("the database is away")

    with Receiver() as receiver:
        rules = {"one": {"events": ["stop"], "url": receiver.url, "digest": "text"}}
        desk = Desk(local, {**rules, "two": {"events": ["stop"], "url": receiver.url}}, digest=away)
        desk.comes(*show())
        desk.close()
    assert desk.failed == [(ROOM, "one")]
    assert "alert one: the database is away" in caplog.text
    assert [one.json["rule"] for one in receiver.posted] == ["two"]
    assert len(local.events) == 5


def test_a_bug_in_a_digest_leaves_the_other_rules_alone(
    local: Station, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_form: str, _room: str) -> bytes:
        raise RuntimeError("a bug")

    with Receiver() as receiver:
        rules = {"one": {"events": ["stop"], "url": receiver.url, "digest": "text"}}
        desk = Desk(local, {**rules, "two": {"events": ["stop"], "url": receiver.url}}, digest=broken)
        desk.comes(*show())
        desk.close()
    assert "the capture goes on" in caplog.text
    assert [one.json["rule"] for one in receiver.posted] == ["two"]
