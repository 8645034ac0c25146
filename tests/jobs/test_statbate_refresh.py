"""The jobs that ask: statbate-refresh and stats-poll, whom they ask about, and how they end."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from asked import STATS_TOKEN, Ask, Reply, Upstream
from factories import ROOM, T0, tell_story
from mhc.config import JOBS, RoomSettings, Secret, load
from mhc.domain.broadcasts import MERGE_GAP
from mhc.errors import AccessError, CheckError, ConfigError, MhcError, NotFoundError
from mhc.jobs import statbate_refresh, stats_poll
from mhc.jobs.work import Work
from mhc.store import erasures, forgetting, people, watchlists
from mhc.store.database import Database
from mhc.store.schema import lookup_miss, snapshot

NOW = T0 + timedelta(days=9)
Make = Callable[..., Work]
OF_ROOM = ["info", "rank", "activity", "members"]


@pytest.fixture
def statbate() -> Iterator[Upstream]:
    with Upstream(viewer_one={}, viewer_two={}, viewer_three={}) as running:
        running.models[ROOM] = {}
        yield running


@pytest.fixture
def make(database: Database, statbate: Upstream, tmp_path: Path) -> Make:
    """Give the maker of a run, some time after the story."""
    tell_story(database)

    def work(after: timedelta = timedelta(), **options: Any) -> Work:
        environ = {
            "CHATURBATE_USERNAME": ROOM, "CB_STATS_TOKEN": STATS_TOKEN, "MHC_STATE_DIR": str(tmp_path / "state"),
            "HOME": str(tmp_path),
        }  # fmt: skip
        return Work(database, load(environ=environ | statbate.environ), options, lambda: NOW + after)

    return work


def keyed(db: Database) -> closing[Database]:
    """Give the same database to somebody who can forget."""
    return closing(
        Database(db.url.render_as_string(hide_password=False), erasure_key=Secret("CANARY0ERASURE0KEY"))
    )


def batches(upstream: Upstream) -> list[list[str]]:
    return [one.body["names"] for one in upstream.asked if one.method == "POST"]


def counts(work: Work) -> dict[str, int]:
    return dict(work.counts)


def test_the_own_room_and_whoever_is_due_are_asked_about(make: Make, statbate: Upstream) -> None:
    work = make(stale=timedelta(hours=6), budget=500)
    statbate_refresh.run(work)
    assert statbate.paths[:4] == [f"/model/chaturbate/{ROOM}/{one}" for one in OF_ROOM]
    assert batches(statbate) == [["viewer_one", "viewer_two"]]
    assert (counts(work), work.complaints) == ({"new": 6}, [])
    statbate.asked.clear()
    soon = make(timedelta(hours=5), stale=timedelta(hours=6), budget=500)
    statbate_refresh.run(soon)
    assert (statbate.asked, counts(soon)) == ([], {})
    later = make(timedelta(hours=7), stale=timedelta(hours=6), budget=500)
    statbate_refresh.run(later)
    assert counts(later) == {"unchanged": 6}


def test_lists_come_first_then_tippers_then_followers_within_the_budget(
    make: Make, database: Database, statbate: Upstream
) -> None:
    with database.write() as conn:
        ids = people.ensure(conn, ["viewer_three", "viewer_four"], source="manual", at=T0, role="viewer")
        friends, excluded = (watchlists.find(conn, name) for name in ("Friends", "Excluded"))
        assert friends is not None
        assert excluded is not None
        watchlists.add(conn, friends.id, [ids["viewer_three"]], at=T0, note=None)
        for on in (friends, excluded):
            watchlists.add(conn, on.id, [ids["viewer_four"]], at=T0, note=None)
    everyone = {"list": ("Friends",), "segment": ("tippers",)}
    statbate_refresh.run(make(**everyone, budget=2))
    assert batches(statbate) == [["viewer_three", "viewer_one"]]
    statbate_refresh.run(make(timedelta(hours=1), segment=("tippers",), budget=1))
    assert batches(statbate)[1:] == [["viewer_two"]]  # never asked about comes first


def test_nobody_listens_so_nobody_is_live(make: Make, statbate: Upstream) -> None:
    statbate_refresh.run(make(live=True))
    assert batches(statbate) == []


def test_what_the_plan_does_not_include_stops_nothing_else(make: Make, statbate: Upstream) -> None:
    refused = Reply(403, {"message": "Forbidden"})
    statbate.rule = lambda ask: refused if ask.path.endswith("/rank") else None
    work = make(stale=timedelta(hours=6))
    statbate_refresh.run(work)
    assert work.counts["new"] == 5
    assert work.complaints == ["Statbate refuses this (403): Forbidden"]


@pytest.mark.parametrize(
    ("reply", "status"), [(Reply(401), 77), (Reply(503), 69), (Reply(200, b"<html>"), 69)]
)
def test_what_stops_the_source_fails_the_run(
    make: Make, statbate: Upstream, reply: Reply, status: int
) -> None:
    statbate.rule = lambda _ask: reply
    with pytest.raises(MhcError) as raised:
        statbate_refresh.run(make())
    assert raised.value.status == status


def test_what_was_stored_before_stays(make: Make, statbate: Upstream) -> None:
    statbate.rule = lambda ask: Reply(401) if ask.method == "POST" else None
    work = make(stale=timedelta(hours=6))
    statbate_refresh.run(work)
    assert work.complaints == ["Statbate refuses the token (401)"]  # a part of it failed
    statbate.rule = lambda _ask: None
    again = make(timedelta(minutes=1), stale=timedelta(hours=6))
    statbate_refresh.run(again)
    assert (counts(work), counts(again)) == ({"new": 4, "failed": 2}, {"new": 2})


@contextmanager
def pacing_held(work: Work) -> Iterator[Callable[[], None]]:
    """Give what holds the turns of a source, as a process does that stands still in the middle of taking one."""
    with ExitStack() as stack:

        def hold() -> None:
            (path,) = (work.settings.state_dir / "pacing").iterdir()
            fcntl.flock(stack.enter_context(path.open()), fcntl.LOCK_EX)

        yield hold


def test_turns_that_another_process_holds_end_the_source_and_what_was_done_is_counted(
    make: Make, statbate: Upstream
) -> None:
    work = make(stale=timedelta(hours=6))
    with pacing_held(work) as hold:
        statbate.replies = [Reply(body=statbate_info(statbate), before=hold)]
        statbate_refresh.run(work)
    assert (len(statbate.asked), counts(work)) == (1, {"new": 1, "failed": 1, "skipped": 4})
    assert len(work.complaints) == 1
    assert "holds the pacing of" in work.complaints[0]


def test_what_ends_a_run_leaves_the_count_of_what_it_did(
    make: Make, statbate: Upstream, database: Database
) -> None:
    work = make(stale=timedelta(hours=6))

    def spoil(ask: Ask) -> None:
        if ask.path.endswith("/rank"):
            with database.write() as conn:
                lookup_miss.drop(conn)

    statbate.rule = spoil
    with pytest.raises((MhcError, DBAPIError)):
        statbate_refresh.run(work)
    assert counts(work) == {"new": 1}


def test_each_run_reads_again_what_the_last_one_read(make: Make, statbate: Upstream) -> None:
    (job,) = (one for one in JOBS if one.name == "statbate-refresh")
    (stale,) = (one.default for one in job.settings if one.key.endswith(".stale"))
    assert stale == "5h"
    work = make(stale=timedelta(hours=5))
    statbate_refresh.run(replace(work, now=lambda: NOW + timedelta(minutes=9)))  # it took its time
    statbate_refresh.run(make(timedelta(hours=6), stale=timedelta(hours=5)))
    first, second = batches(statbate)
    assert first == second


def test_who_is_forgotten_while_a_run_goes_on_is_not_made_again(
    make: Make, statbate: Upstream, database: Database
) -> None:
    times = [NOW]

    def forget(ask: Ask) -> None:
        if ask.method == "POST" and times == [NOW]:
            times.append(NOW + timedelta(minutes=1))
            with keyed(database) as db, db.write() as conn:
                erasures.begin(conn, ["viewer_two"], at=times[-1], blocked=False, heir_id=None)
                forgetting.erase(conn, forgetting.find(conn, "viewer_two"), None, MERGE_GAP)

    statbate.rule = forget
    with keyed(database) as db:
        work = replace(make(stale=timedelta(hours=6)), db=db, now=lambda: times[-1])
        statbate_refresh.run(work)
    with database.read() as conn:
        assert people.find(conn, "viewer_two") == []
        assert people.find(conn, "viewer_one") != []


def test_a_run_that_is_asked_to_end_leaves_the_rest_for_the_next(make: Make, statbate: Upstream) -> None:
    work = make(stale=timedelta(hours=6))
    statbate.replies = [Reply(body=statbate_info(statbate), before=work.stop.set)]
    statbate_refresh.run(work)
    assert (len(statbate.asked), work.counts["new"], work.complaints) == (1, 1, [])
    rest = make(timedelta(minutes=1), stale=timedelta(hours=6))
    statbate_refresh.run(rest)
    assert counts(rest) == {"new": 5}


def statbate_info(upstream: Upstream) -> Any:
    return upstream.answer(Ask("GET", f"/model/chaturbate/{ROOM}/info", {}, None, {})).body


def test_options_that_mean_nobody_are_refused(make: Make) -> None:
    with pytest.raises(NotFoundError):
        statbate_refresh.run(make(list=("Nowhere",)))
    with pytest.raises(ConfigError):
        statbate_refresh.run(make(tag=("music",)))


def test_the_statistics_of_each_room_are_read_and_not_too_often(make: Make, statbate: Upstream) -> None:
    work = make()
    stats_poll.run(work)
    assert (statbate.paths, counts(work)) == (["/statsapi/", "/affiliates/apistats/"], {"new": 2})


def test_a_room_that_was_read_by_another_process_is_left_for_the_next_run(
    make: Make, statbate: Upstream
) -> None:
    first, second = (replace(one, settings=replace(one.settings, wait_scale=1.0)) for one in (make(), make()))
    stats_poll.run(first)
    stats_poll.run(second)
    assert (counts(first), counts(second), len(statbate.asked)) == ({"new": 2}, {"not_due": 2}, 2)


def test_a_refused_token_of_a_room_fails_the_run(make: Make, statbate: Upstream) -> None:
    statbate.rule = lambda _ask: Reply(401, b"Unauthorized")
    with pytest.raises(AccessError):
        stats_poll.run(make())


def test_rooms_with_wrong_tokens_do_not_end_the_source_for_the_others(make: Make, statbate: Upstream) -> None:
    wrong, away = {"room_0", "room_1", "room_2"}, {"room_3"}

    def rule(ask: Ask) -> Reply | None:
        if ask.params["username"] in wrong:
            return Reply(401, b"Unauthorized")
        return Reply(502) if ask.params["username"] in away else None

    statbate.rule = rule
    work = make()
    rooms = tuple(RoomSettings(f"room_{n}", stats_token=Secret(STATS_TOKEN)) for n in range(5))
    work = replace(work, settings=replace(work.settings, rooms=rooms))
    stats_poll.run(work)
    assert counts(work) == {"failed": 8, "new": 2}


def test_a_doubt_about_an_answer_comes_before_all_that_went_well(make: Make, statbate: Upstream) -> None:
    statbate_refresh.run(make(segment=("tippers",)))
    statbate.members.clear()
    with pytest.raises(CheckError, match="whom it knew"):
        statbate_refresh.run(make(timedelta(days=1), segment=("tippers",)))


def test_instants_are_those_of_the_run(make: Make, database: Database) -> None:
    statbate_refresh.run(make())
    with database.read() as conn:
        at: list[datetime] = list(conn.execute(select(snapshot.c.captured_at).distinct()).scalars())
    assert at == [NOW]
