"""A pull of many: how often it asks, how much memory it takes, and what is there where it is killed."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from asked import Ask, Reply, Upstream
from command import Mhc
from factories import T0
from mhc.store import people
from mhc.store.database import Database
from mhc.store.schema import payload, person, snapshot

SOME = [f"viewer_{number:04}" for number in range(1000)]
MORE_MEMORY = 50 * 1024  # KiB


def filled(db: Database, upstream: Upstream, names: list[str]) -> None:
    with db.write() as conn:
        people.ensure(conn, names, source="manual", at=T0, role="viewer")
    upstream.members |= {name: {} for name in names}


def stored(db: Database) -> tuple[int, int]:
    with db.read() as conn:
        readings = conn.execute(select(func.count()).select_from(snapshot)).scalar_one()
        numbered = conn.execute(select(func.count()).where(person.c.did.is_not(None))).scalar_one()
    return readings, numbered


def started(mhc: Mhc, upstream: Upstream, url: str, *words: str) -> "subprocess.Popen[str]":
    """Start the command of this tree in a process of its own."""
    environ = mhc.environ | upstream.environ | {"DATABASE_URL": url, "PYTHONPATH": ":".join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-m", "mhc", "snapshot", "pull", *words], env=environ, cwd=mhc.home, encoding="utf-8",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def peak(mhc: Mhc, upstream: Upstream, url: str, *words: str) -> tuple[int, str]:
    """Give the most memory, in KiB, that a call takes, and what it writes."""
    program = (
        "import resource, runpy, sys\n"
        "sys.argv = ['mhc', *sys.argv[1:]]\n"
        "try:\n runpy.run_module('mhc', run_name='__main__')\n"
        "finally:\n print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
    )
    environ = mhc.environ | upstream.environ | {"DATABASE_URL": url, "PYTHONPATH": ":".join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", program, "snapshot", "pull", *words], env=environ, cwd=mhc.home, encoding="utf-8",
        capture_output=True, check=True,
    )  # fmt: skip
    return int(run.stderr.split()[-1]), run.stdout


def test_a_thousand_members_are_ten_requests_and_little_memory(
    database: Database, database_url: str, run_mhc: Mhc
) -> None:
    with Upstream() as upstream:
        filled(database, upstream, SOME)
        idle, planned = peak(run_mhc, upstream, database_url, "--role", "viewer", "-n", "-o", "json")
        assert (len(json.loads(planned)), upstream.asked) == (1000, [])
        most, out = peak(run_mhc, upstream, database_url, "--role", "viewer", "-o", "json")
        assert {one["state"] for one in json.loads(out)} == {"new"}
        assert [len(one.body["names"]) for one in upstream.asked] == [100] * 10
    assert stored(database) == (1000, 1000)
    assert most - idle < MORE_MEMORY


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_it_ends_after_the_request_in_hand_and_what_was_stored_stays(
    database: Database, database_url: str, run_mhc: Mhc, number: signal.Signals, status: int
) -> None:
    with Upstream() as upstream:
        filled(database, upstream, SOME[:300])
        process: list[Any] = []

        def end() -> None:
            process[0].send_signal(number)
            time.sleep(0.2)  # the signal is on its way before the answer is

        def rule(ask: Ask) -> Reply | None:
            if len(upstream.asked) != 2:
                return None
            reply = upstream.answer(ask)
            return Reply(reply.status, reply.body, before=end)

        upstream.rule = rule
        process.append(started(run_mhc, upstream, database_url, "--role", "viewer", "-o", "json"))
        out, err = process[0].communicate(timeout=60)
        told = [one["state"] for one in json.loads(out)]
        assert (told, process[0].returncode, err) == (["new"] * 200 + ["skipped"] * 100, status, "")
        assert len(upstream.asked) == 2
    assert stored(database) == (200, 200)


def test_a_kill_costs_the_request_in_hand_and_the_next_pull_goes_on(
    database: Database, database_url: str, run_mhc: Mhc
) -> None:
    with Upstream() as upstream:
        filled(database, upstream, SOME[:300])
        process: list[Any] = []

        def rule(ask: Ask) -> Reply | None:
            if len(upstream.asked) != 2:
                return None
            return Reply(body=upstream.answer(ask).body, before=process[0].kill)

        upstream.rule = rule
        process.append(started(run_mhc, upstream, database_url, "--role", "viewer"))
        process[0].communicate(timeout=60)
        assert process[0].returncode == -signal.SIGKILL
        assert stored(database) == (100, 100)
        again = started(run_mhc, upstream, database_url, "--role", "viewer", "--stale", "6h", "-o", "json")
        out, _err = again.communicate(timeout=60)
        assert (again.returncode, len(json.loads(out)), stored(database)) == (0, 200, (300, 300))


def test_a_terminal_sees_how_far_it_is_and_a_pipe_nothing(sqlite_database: Database, run_mhc: Mhc) -> None:
    url = sqlite_database.url.render_as_string()
    with Upstream() as upstream:
        filled(sqlite_database, upstream, SOME[:150])
        terminal, end = pty.openpty()
        environ = run_mhc.environ | upstream.environ | {"DATABASE_URL": url, "PYTHONPATH": ":".join(sys.path)}
        call = [sys.executable, "-m", "mhc", "snapshot", "pull", "--role", "viewer", "-o", "name"]
        subprocess.run(
            call, env=environ, cwd=run_mhc.home, stdout=subprocess.DEVNULL, stderr=end, stdin=subprocess.DEVNULL,
            check=True,
        )  # fmt: skip
        os.close(end)
        shown = os.read(terminal, 1 << 16).decode()
        os.close(terminal)
    assert "\r150 of 150 answered" in shown
    assert shown.endswith("\r\x1b[K")  # nothing of it stays


def test_an_answer_that_did_not_change_is_stored_once(
    database: Database, database_url: str, run_mhc: Mhc, tmp_path: Path
) -> None:
    with Upstream() as upstream:
        filled(database, upstream, ["viewer_one"])
        for _ in range(3):
            process = started(run_mhc, upstream, database_url, "viewer_one")
            process.communicate(timeout=60)
            assert process.returncode == 0
    with database.read() as conn:
        assert conn.execute(select(func.count()).select_from(payload)).scalar_one() == 1
    assert stored(database) == (3, 1)
    assert not (tmp_path / "state" / "answers").exists()
