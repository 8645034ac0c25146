"""`mhc listen` with everything that it does beside capturing, in a process of its own, on both databases."""

import json
import re
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from command import Mhc
from mhc.sandbox.server import Sandbox
from receiver import Posted, Receiver
from service import feed

PATH = "CANARY0HOOK0PATH"


def stored(mhc: Mhc, *words: str, **environ: str) -> list[dict[str, Any]]:
    """Give the events that are stored, the earliest first, as `event list` prints them."""
    found = mhc("event", "list", "--sort", "happened_at", "-o", "json", *words, **environ).json
    assert isinstance(found, list)
    return found


def configure(mhc: Mhc, text: str) -> Path:
    path = mhc.home / "config" / "mhc" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def below(receiver: Receiver, path: str) -> list[Posted]:
    return [one for one in receiver.posted if one.target.startswith(f"/{path}")]


def test_events_are_forwarded_as_event_list_has_them_and_masked(
    run_mhc: Mhc, sandbox: Sandbox, database_url: str
) -> None:
    env = feed(sandbox, DATABASE_URL=database_url)
    listed: list[dict[str, Any]] = []

    def all_came() -> bool:
        assert sandbox.until_held()
        listed.extend(stored(run_mhc, "--events", "tip,pm", **env))
        return receiver.until(len(listed))

    with Receiver() as receiver:
        words = ("-vv", "--events", "tip,pm", "--forward-to", f"{receiver.url}/{PATH}", "-o", "none")
        run = run_mhc.until(all_came, "listen", *words, **env)
    assert run.status == 0, run.stderr
    assert [one.json for one in receiver.posted] == listed
    assert any(one["anonymous"] and one["actor"] is None for one in listed)
    assert any(one["method"] == "privateMessage" and one["text"] is None for one in listed)
    assert PATH not in run.stderr + run.stdout


def test_reveal_and_private_hold_for_what_is_forwarded(run_mhc: Mhc, sandbox: Sandbox) -> None:
    with Receiver() as receiver:
        words = ("listen", "--reveal", "--private", "--forward-to", receiver.url)
        run_mhc.until(lambda: receiver.until(400), *words, **feed(sandbox))
    rows = [one.json for one in receiver.posted]
    assert len(rows) == 400
    assert all(row["actor"] for row in rows if row["anonymous"])
    assert all(row["text"] for row in rows if row["method"] == "privateMessage")


def test_a_receiver_that_hangs_costs_neither_an_event_nor_the_end(run_mhc: Mhc, sandbox: Sandbox) -> None:
    env = feed(sandbox)
    with Receiver(*[0] * 400) as receiver:
        words = ("listen", "-o", "none", "--forward-to", f"{receiver.url}/{PATH}")
        with run_mhc.start(*words, **env) as listener:
            assert receiver.until(1)
            assert sandbox.until_held()  # all was read
            listener.send_signal(signal.SIGTERM)
            assert listener.wait() == 0
            assert listener.stderr is not None
            said = listener.stderr.read()
    host = receiver.url.removeprefix("http://")
    assert f"forward to {host}: ended with 400 events not posted" in said
    assert PATH not in said
    assert len(run_mhc("event", "list", "-o", "ndjson", **env).stdout.splitlines()) == 400


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org/hook", "must be https (plain http only to this machine)"),
        ("https://me:CANARY@example.org", "may not hold a user name or a password"),
        ("example.org", "must look like https://host or https://host:port"),
    ],
)
def test_a_url_that_will_not_do_is_refused_in_one_line(run_mhc: Mhc, url: str, why: str) -> None:
    run = run_mhc("listen", "--forward-to", url)
    assert (run.status, run.stdout, run.stderr) == (2, "", f"mhc: --forward-to: {why}\n")


def test_wrong_rules_are_refused_before_anything_is_captured(run_mhc: Mhc, sandbox: Sandbox) -> None:
    configure(run_mhc, "[alerts.one]\nevents = ['tpi']\n[alerts.two]\nmin_tokens = 5\n")
    run = run_mhc("listen", "--once", **feed(sandbox))
    assert (run.status, run.stdout) == (78, "")
    assert "[alerts.one] events: no event is called 'tpi'" in run.stderr
    assert "[alerts.two] does nothing: give a command or a url" in run.stderr


@pytest.fixture
def stumbling() -> Iterator[Sandbox]:
    """Give a sandbox whose first answer is a failure."""
    with Sandbox(speed=0, events=400, seed=3, faults="502") as running:
        yield running


def test_alerts_pings_and_metrics_of_one_listener(
    run_mhc: Mhc, stumbling: Sandbox, database_url: str
) -> None:
    told, metrics = run_mhc.home / "told", run_mhc.home / "metrics"
    metrics.mkdir()
    command = [sys.executable, "-c", "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())", str(told)]
    env = feed(stumbling, DATABASE_URL=database_url)
    first: dict[str, dict[str, Any]] = {}

    def all_came() -> bool:
        assert stumbling.until_held()
        for one in stored(run_mhc, "--events", "tip", **env):
            if one["actor"] is not None:
                first.setdefault(one["actor"], one)
        return receiver.until(2, f"/{PATH}/ping") and receiver.until(len(first), f"/{PATH}/first")

    with Receiver() as receiver:
        configure(
            run_mhc,
            f'[listen]\nping_url = "{receiver.url}/{PATH}/ping"\nmetrics_dir = "{metrics}"\n'
            f'[alerts.first]\nfirst_tip = true\nlate = true\nurl = "{receiver.url}/{PATH}/first"\n'
            f"[alerts.pm]\nevents = ['pm']\nlate = true\ncommand = {json.dumps(command)}\ntimeout = '1m'\n",
        )
        run = run_mhc.until(all_came, "listen", "-vv", **env)
    assert run.status == 0, run.stderr
    assert [one.target for one in below(receiver, f"{PATH}/ping")] == [f"/{PATH}/ping/start", f"/{PATH}/ping"]
    alerts = [one.json for one in below(receiver, f"{PATH}/first")]
    assert alerts == [{"rule": "first", "person": who, "event": event} for who, event in first.items()]
    for line in told.read_text().splitlines():
        assert json.loads(line)["event"]["text"] is None
    (path,) = metrics.iterdir()
    assert path.stat().st_mode & 0o777 == 0o644
    text = path.read_text()
    for line in ("up{room=R} 0", "failures_total{room=R,class=server} 1", "events_total{room=R,method=tip} "):
        assert f"mhc_listen_{line}" in text.replace('"example_room"', "R").replace('"', "")
    assert PATH not in run.stderr + run.stdout


def test_after_a_show_a_digest_comes_by_a_url_and_by_a_command(run_mhc: Mhc, database_url: str) -> None:
    told = run_mhc.home / "told"
    command = [sys.executable, "-c", "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())", str(told)]
    # A short show that is over, and of which all has happened.
    start = datetime.now(UTC) - timedelta(hours=2)
    with (
        Receiver() as receiver,
        Sandbox(start=start, until_now=True, speed=0, length=timedelta(minutes=20), seed=3) as sandbox,
    ):
        env = feed(sandbox, DATABASE_URL=database_url, MHC_TIMEZONE="Europe/Berlin")
        configure(
            run_mhc,
            f"[alerts.mail]\nevents = ['stop']\nlate = true\ndigest = 'text'\ncommand = {json.dumps(command)}\n"
            f'[alerts.topic]\nevents = ["stop"]\nlate = true\ndigest = "markdown"\nurl = "{receiver.url}/{PATH}"\n',
        )
        run = run_mhc.until(lambda: receiver.until(1), "listen", "-o", "none", **env)
    assert run.status == 0, run.stderr
    (posted,) = receiver.posted
    assert posted.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert posted.body.decode().startswith("# Digest of example\\_room\n\n- time: ")
    assert "\n## Session\n" in posted.body.decode()
    hidden = {
        one["actor"] for one in stored(run_mhc, "--events", "tip", "--reveal", **env) if one["anonymous"]
    }
    best = re.search(r"best tipper: (\S+),", told.read_text())
    assert best
    shown = run_mhc("report", "tippers", "--json", "-L", "2", **env).json["rows"]
    assert best[1] in {row["username"] for row in shown}
    for one in stored(run_mhc, "--events", "pm", "--private", "--reveal", **env):
        assert one["text"] not in told.read_text() + posted.body.decode()
    assert hidden
    assert PATH not in run.stderr + run.stdout


def test_a_digest_in_no_known_form_is_refused_in_one_line(run_mhc: Mhc, sandbox: Sandbox) -> None:
    configure(run_mhc, "[alerts.one]\nevents = ['stop']\ncommand = ['true']\ndigest = 'pdf'\n")
    run = run_mhc("listen", "--once", **feed(sandbox))
    assert (run.status, run.stdout) == (78, "")
    assert run.stderr.startswith("mhc: [alerts.one] digest: must be one of: markdown, text, html\n")
