"""F: what the API answers, beside the refusals: rates, failures, blocks, sizes, redirects, lost and doubled pages."""

from email.utils import format_datetime
from pathlib import Path

import pytest
from sqlalchemy import select

import wire
from command import Mhc
from faults import modes
from faults.modes import (
    BACKWARDS,
    DUPLICATE,
    NO_NEXT_URL,
    OK,
    RELATIVE,
    SHUFFLE,
    STAY,
    WAITED,
    overlap,
)
from faults.oracle import assert_all_is_stored
from faults.server import FaultServer
from faults.supervised import Supervised, resident_kib
from listening import HTML, Said, Station, at, event, page
from mhc.capture.health import read_beats
from mhc.store.database import Database
from mhc.store.schema import capture_gap
from wire import Wire

RETRY_AFTER = [
    ("5", 5, 5), (format_datetime(at(601), usegmt=True), 599, 600), (format_datetime(at(-9), usegmt=True), 1, 1),
    ("-1", 1, 1), ("99999999", 3600, 3600), ("soon", 0, 60), ("", 0, 60),
]  # fmt: skip


@pytest.mark.parametrize(("value", "least", "most"), RETRY_AFTER)
def test_fault_f1_what_the_server_asks_for_is_waited_within_an_hour(
    going: Station, value: str, least: float, most: float
) -> None:
    _, wait = going.step(Said(429, b"Rate limit exceeded", {"Retry-After": value}))
    assert least <= wait <= most
    going.step(page(event(2), to="i=2"))
    assert (going.feed.cursors[-2:], len(going.events), going.gaps) == (["i=1", "i=1"], 2, [])


@pytest.mark.parametrize("code", [500, 530])
def test_fault_f2_three_hours_of_failures_are_borne_and_said(going: Station, code: int) -> None:
    began, tries = going.clock.seconds, 0
    while going.clock.seconds - began < 3 * 3600:
        (wait,) = going.steps(Said(code, b"<html>", HTML))
        assert 0 <= wait <= 60
        tries += 1
    assert tries > 3 * 60  # once a minute at least
    (said,) = read_beats(going.folder)
    assert (said.state, said.since) == ("backing off", at(began + 1).isoformat().replace("+00:00", "Z"))
    going.step(page(event(2), to="i=2"))
    assert going.feed.cursors[-2:] == ["i=1", "i=1"]
    assert len(going.events) == 2


def test_fault_f4_a_token_that_was_replaced_goes_on_at_the_same_place(
    run_mhc: Mhc, sqlite_database: Database, tmp_path: Path
) -> None:
    token = tmp_path.parent / f"{tmp_path.name}-token"  # not among what the test is to leave clean
    with FaultServer(1500, published=1000) as server:
        token.write_text(server.token)
        token.chmod(0o600)
        env = server.environ(str(tmp_path / "mhc.db"), CB_AUTH_TOKEN_FILE=str(token)) | {"CB_AUTH_TOKEN": ""}
        with Supervised(run_mhc, env) as listener:
            assert server.until_read_up()
            server.use_token("CANARY0ANOTHER0TOKEN")
            server.publish(500)
            said = listener.until_said("set a new CB_AUTH_TOKEN and send SIGHUP")
            token.write_text(server.token)
            assert server.until_read_up()
            assert listener.stopped() == 0
    token.unlink()
    assert "HTTP 401" in said
    assert_all_is_stored(sqlite_database, server, tmp_path, events=1500)
    refused = [one.ask.query for one in server.journal if one.mode == "refused"]
    assert set(refused) == {f"i={server.cursor_of(1000)}&timeout=10"}
    assert len(refused) < 500  # every 300 seconds, times MHC_WAIT_SCALE


@pytest.mark.parametrize(
    "said",
    [
        Said(403, modes.BLOCKED, HTML),
        Said(503, b"<html>", HTML),
        Said(200, b"", {"cf-mitigated": "challenge"}),
    ],
)
def test_fault_f5_a_page_of_the_edge_is_a_block_and_not_a_bad_token(going: Station, said: Said) -> None:
    assert all(0 <= wait <= 60 for wait in going.steps(said))
    assert max(going.steps(*[said] * 30)) > 60
    (beat,) = read_beats(going.folder)
    assert (beat.state, beat.detail) == ("backing off", f"HTTP {said.status}: blocked by the edge")
    going.step(page(event(2), to="i=2"))
    assert (set(going.feed.cursors[1:]), len(going.events)) == ({"i=1"}, 2)
    assert [gap[2:] for gap in going.gaps] == [("away", "possible")]  # after an hour


def test_fault_f6_a_400_that_leads_on_is_no_alarm(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path
) -> None:
    with FaultServer(1000, [WAITED, OK, WAITED, WAITED, OK], empty=400, longest=0) as server:
        run = run_mhc(
            "listen", "-o", "none", "--for", "3s", **server.environ(database_url, MHC_WAIT_SCALE="0.1")
        )
    assert (run.status, run.stderr) == (0, "")
    assert_all_is_stored(database, server, tmp_path, events=1000)


def test_fault_f7_a_place_that_is_no_longer_kept_is_one_gap_and_the_feed_goes_on(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path
) -> None:
    with FaultServer(2000, published=1000, retention=1000) as server:
        env = server.environ(database_url)
        assert run_mhc.until(server.until_read_up, "listen", "-o", "none", **env).status == 0
        server.publish(1500)  # 500 of them are gone before anybody asks
        assert run_mhc.until(server.until_read_up, "listen", "-o", "none", **env).status == 0
    gap = ("cursor lost", "possible")
    assert_all_is_stored(database, server, tmp_path, events=2000, lost=range(1001, 1501), gaps=[gap])
    with database.read() as conn:
        query = select(capture_gap.c.from_at, capture_gap.c.to_at).where(capture_gap.c.cause == "cursor lost")
        begin, end = conn.execute(query).one()
    assert begin < end


@pytest.mark.parametrize("mode", [modes.gzip_bomb(512), modes.huge(200)], ids=lambda mode: mode.name)
def test_fault_f8_an_answer_that_is_too_large_is_refused_in_little_memory(
    run_mhc: Mhc, sqlite_database: Database, tmp_path: Path, mode: modes.Mode
) -> None:
    with FaultServer(1000, [OK, mode, mode], page_size=500) as server:
        env = server.environ(str(tmp_path / "mhc.db"))
        with Supervised(run_mhc, env) as listener:
            assert server.until_read_up()
            status_file = Path(f"/proc/{listener.process.pid}/status").read_text()
            assert resident_kib(listener.process.pid) < 256 * 1024
            peak = next(int(line.split()[1]) for line in status_file.splitlines() if line.startswith("VmHWM"))
            assert listener.stopped() == 0
    assert peak < 256 * 1024
    assert any("more than 8 MiB" in line for line in listener.said)
    assert_all_is_stored(sqlite_database, server, tmp_path, events=1000)


def test_fault_f9_pages_without_a_next_url_or_with_a_relative_one_lose_nothing(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path
) -> None:
    with FaultServer(1200, [RELATIVE, OK, RELATIVE, NO_NEXT_URL]) as server:
        env = server.environ(database_url)
        assert run_mhc.until(server.until_read_up, "listen", "-o", "none", **env).status == 0
    assert_all_is_stored(database, server, tmp_path, events=1200, gaps=[("no cursor", "possible")])


def test_fault_f10_a_next_url_that_stays_is_asked_once_a_second(going: Station) -> None:
    same = page(event(1.5), to="i=1", takes=0.01)
    assert going.steps(*[same] * 20) == [1] * 20
    assert going.feed.asked_at[-1] - going.feed.asked_at[1] >= 18
    assert len(going.events) == 2


def test_fault_f10_a_place_that_stays_with_events_and_then_moves_loses_nothing(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path
) -> None:
    with FaultServer(1000, [OK, STAY, STAY, STAY]) as server:
        env = server.environ(database_url)
        assert run_mhc.until(server.until_read_up, "listen", "-o", "none", **env).status == 0
    assert_all_is_stored(database, server, tmp_path, events=1000)


def test_fault_f11_pages_in_any_disorder_are_stored_once(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path
) -> None:
    disorder = [OK, DUPLICATE, overlap(60), SHUFFLE, BACKWARDS, overlap(500), DUPLICATE, DUPLICATE, SHUFFLE]
    with FaultServer(1500, disorder, page_size=100) as server:
        env = server.environ(database_url)
        assert run_mhc.until(server.until_read_up, "listen", "-o", "none", **env).status == 0
    assert [one.mode for one in server.journal[: len(disorder)]] == [mode.name for mode in disorder]
    assert_all_is_stored(database, server, tmp_path, events=1500)


def test_fault_f13_numbers_within_a_millisecond_sort_as_numbers(going: Station) -> None:
    going.step(page(*(event(2, seq=seq) for seq in (10, 2, 1)), to="i=2"))
    assert [one.event_id.partition("-")[2] for one in going.events[1:]] == ["1", "2", "10"]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_fault_f15_a_redirect_is_refused_and_the_token_goes_nowhere(going: Station, code: int) -> None:
    with Wire(wire.reply()) as other:
        said = Said(code, b"", {"Location": f"{other.url}/events/"})
        waits = going.steps(said, said)
        assert (other.connections, other.requests) == (0, [])
    assert all(0 <= wait <= 4 for wait in waits)
    going.step(page(event(2), to="i=2"))
    assert set(going.feed.cursors[1:]) == {"i=1"}


def test_fault_f16_bodies_that_no_reader_likes_cost_their_neighbours_nothing(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path
) -> None:
    odd = [
        modes.beside(one)
        for one in (modes.BAD_UTF8, modes.DEEP, modes.BIG_INTEGER, modes.NAN, modes.INFINITY)
    ]
    twice = modes.body(b'\xef\xbb\xbf{"events":[],"events":[],"nextUrl":"{next}","nextUrl":"{next}"}')
    with FaultServer(1000, [*odd, twice, modes.beside(b"null", b"[]", b'"text"')]) as server:
        env = server.environ(database_url)
        assert run_mhc.until(server.until_read_up, "listen", "-o", "none", **env).status == 0
    assert_all_is_stored(database, server, tmp_path, events=1000)
