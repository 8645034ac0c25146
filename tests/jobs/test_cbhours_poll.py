"""`cbhours-poll`: whom it asks about, in which order, what it makes of answers, and how it ends."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from asked import Ask, Reply, Upstream
from factories import T0
from mhc.config import load
from mhc.domain.rooms import Show, Source
from mhc.errors import CheckError, DataError, NotFoundError, UnavailableError
from mhc.jobs import cbhours_poll, ticking
from mhc.jobs.running import Runner
from mhc.jobs.work import Work
from mhc.store import misses, people, watchlists
from mhc.store.database import Database
from mhc.store.people import Role
from mhc.store.schema import lookup_miss, observation, person, room_poll
from world import World

NOW = T0 + timedelta(days=9)
Make = Callable[..., Work]
NO_TROPHY = {"status": "error", "message": "Error Code:300 To use this api please add a trophy/calendar."}


class Hours:
    """CBHours over the rooms that a test says there are: name → what is said of it now."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.rooms: dict[str, Any] = {}
        self.months: list[str] = []
        upstream.rule = self.answer

    def answer(self, ask: Ask) -> Reply | None:
        given = ask.params
        if given["action"] == "get_live":
            names = given["usernames"].split(",")
            data = {name: self.rooms.get(name, {"room_status": "Not Found"}) for name in names}
            return Reply(body={"server_status": "up", "data": data})
        if given["username"] not in self.rooms:
            return Reply(body=NO_TROPHY)
        if given["action"] == "get_months":
            return Reply(body=self.months)
        day = given["end_date"]
        row = {"timestamp": f"{day}T00:03", "type": "_public", "rank": "9", "viewers": "1"}
        return Reply(
            body={"status": True, "model": given["username"], "activity": [], "details": {day: [row]}}
        )

    def asked(self, action: str = "get_live", key: str = "usernames") -> list[str]:
        return [one.params[key] for one in self.upstream.asked if one.params["action"] == action]


def on(**more: Any) -> dict[str, Any]:
    return {"room_status": "Online", "current_show": "public", "viewers": 5, "rank": 7, "grank": 3} | more


@pytest.fixture
def hours() -> Iterator[Hours]:
    with Upstream() as running:
        yield Hours(running)


@pytest.fixture
def make(database: Database, hours: Hours, tmp_path: Path) -> Make:
    def work(after: timedelta = timedelta(), *, rooms: str = "", **options: Any) -> Work:
        found = hours.upstream.environ
        environ = found | {
            "MHC_CBHOURS_URL": f"{found['MHC_CHATURBATE_URL']}/api.php", "MHC_STATE_DIR": str(tmp_path / "state"),
            "HOME": str(tmp_path), **({"CHATURBATE_USERNAME": rooms} if rooms else {}),
        }  # fmt: skip
        return Work(database, load(environ=environ), options, lambda: NOW + after)

    return work


def add(db: Database, *names: str, role: str = Role.MODEL, on_list: str | None = None) -> None:
    with db.write() as conn:
        ids = people.ensure(conn, names, source="manual", at=T0, role=role)
        found = None if on_list is None else watchlists.find(conn, on_list)
        if found is not None:
            watchlists.add(conn, found.id, list(ids.values()), at=T0, note=None)


def run(work: Work) -> dict[str, int]:
    cbhours_poll.run(work)
    return dict(work.counts)


def readings(db: Database) -> list[Any]:
    o = observation.c
    query = select(person.c.username, o.show, o.rank, o.gender_rank, o.source).join(
        person, person.c.id == o.person_id
    )
    with db.read() as conn:
        return list(conn.execute(query.order_by(o.observed_at, person.c.username)))


def test_who_is_tracked_is_asked_about_fifty_at_a_time(make: Make, hours: Hours, database: Database) -> None:
    names = [f"room_{number:02}" for number in range(60)]
    add(database, *names)
    add(database, "viewer_one", role=Role.VIEWER, on_list="Friends")
    hours.rooms = {name: on() for name in names} | {"room_07": {"room_status": "Offline"}, "my_room": on()}
    assert run(make(rooms="my_room", budget=500)) == {"online": 60, "offline": 1, "requests": 2}
    first, second = (one.split(",") for one in hours.asked())
    assert (len(first), len(second)) == (50, 11)
    assert {*first, *second} == {*names, "my_room"}
    found = readings(database)
    assert (len(found), {one.source for one in found}) == (61, {int(Source.CBHOURS)})
    assert ("room_07", int(Show.OFFLINE), None, None, 2) in [tuple(one) for one in found]
    with database.read() as conn:
        polls = conn.execute(select(room_poll.c.rooms, room_poll.c.listed, room_poll.c.scope)).all()
    assert sorted(polls) == [(11, 11, "tracked"), (50, 50, "tracked")]


def test_lists_come_first_then_segments_and_the_next_run_goes_on_with_the_others(
    make: Make, hours: Hours, database: Database
) -> None:
    add(database, "room_c", on_list="Friends")
    add(database, "room_a", "room_b", "room_d")
    hours.rooms = {f"room_{letter}": on() for letter in "abcd"}
    for after in range(2):
        run(make(timedelta(minutes=10 * after), list=("Friends",), segment=("models",), budget=3))
    assert hours.asked() == ["room_c,room_a,room_b", "room_c,room_d,room_a"]


def test_who_was_asked_about_since_is_not_stale(make: Make, hours: Hours, database: Database) -> None:
    add(database, "room_a")
    hours.rooms = {"room_a": on()}
    run(make(stale=timedelta(hours=1)))
    assert run(make(timedelta(minutes=30), stale=timedelta(hours=1))) == {}
    assert run(make(timedelta(minutes=70), stale=timedelta(hours=1)))["online"] == 1


def test_who_is_not_known_is_asked_about_later_and_later(
    make: Make, hours: Hours, database: Database
) -> None:
    add(database, "room_a", "room_b")
    hours.rooms = {"room_a": on(), "room_b": {"room_status": "Missing Trophy"}}
    assert run(make()) == {"online": 1, "unknown": 1, "requests": 1}
    assert run(make(timedelta(hours=23))) == {"online": 1, "requests": 1}
    assert run(make(timedelta(hours=25)))["unknown"] == 1
    with database.read() as conn:
        (one,) = misses.of_name(conn, "room_b")
    assert (one.source, one.times, one.next_try_at - one.last_at) == ("cbhours", 2, timedelta(days=2))
    hours.rooms["room_b"] = {"room_status": "Offline"}
    run(make(timedelta(days=4)))
    with database.read() as conn:
        assert misses.of_name(conn, "room_b") == []


def test_a_source_that_lost_everybody_is_not_believed(make: Make, hours: Hours, database: Database) -> None:
    add(database, "room_a", "room_b", "room_c")
    hours.rooms = {"room_a": on(), "room_b": on()}
    run(make())
    hours.rooms = {}
    with pytest.raises(CheckError, match="knows none of 2 rooms that it knew"):
        run(make(timedelta(minutes=10)))
    with database.read() as conn:
        assert conn.execute(select(lookup_miss.c.username)).scalars().all() == ["room_c"]


def test_of_whom_it_says_nothing_nothing_is_noted(make: Make, hours: Hours, database: Database) -> None:
    add(database, "room_a")
    hours.upstream.replies = [Reply(body={"server_status": "up", "data": []})]
    assert run(make()) == {"silent": 1, "requests": 1}
    with database.read() as conn:
        assert conn.execute(select(func.count()).select_from(lookup_miss)).scalar() == 0


def test_a_block_ends_the_run_and_what_came_before_stays(
    make: Make, hours: Hours, database: Database
) -> None:
    names = [f"room_{number:02}" for number in range(60)]
    add(database, *names)
    hours.rooms = {name: on() for name in names}
    hours.upstream.replies = [None, Reply(403, b"You are temporarily blocked")]
    work = make()
    assert run(work)["online"] == 50
    assert len(work.complaints) == 1
    assert len(readings(database)) == 50


@pytest.mark.parametrize(
    ("reply", "kind"), [(Reply(500, b""), UnavailableError), (Reply(200, b"{"), DataError)]
)
def test_a_run_that_brings_nothing_fails(
    make: Make, hours: Hours, database: Database, reply: Reply, kind: type[Exception]
) -> None:
    add(database, "room_a")
    hours.upstream.replies = [reply] * 3
    with pytest.raises(kind):
        run(make())


def test_a_list_that_is_not_there_is_said(make: Make) -> None:
    with pytest.raises(NotFoundError, match="no watchlist named 'Nowhere'"):
        run(make(list=("Nowhere",)))


def test_of_a_few_rooms_a_run_what_was_seen_is_brought_in_each_in_its_turn(
    make: Make, hours: Hours, database: Database
) -> None:
    add(database, "room_a", "room_b", "room_c")
    hours.rooms = {"room_a": on(), "room_b": on()}
    hours.months = [f"{NOW:%Y-%m}"]
    run(make(backfill=1))
    run(make(timedelta(minutes=10), backfill=1))
    assert hours.asked("get_months", "username") == ["room_a", "room_b"]
    run(make(timedelta(minutes=20), backfill=5))  # room_c is not known, and the others were asked about today
    assert len(hours.asked("get_months", "username")) == 2
    run(make(timedelta(days=2), backfill=1))
    assert hours.asked("get_months", "username")[2:] == ["room_a"]
    assert (
        hours.asked("get_activity", "start_date")[-1] == f"{(NOW - timedelta(days=1)).date()}"
    )  # where it was, less a day
    assert {one.username for one in readings(database) if one.rank == 9} == {"room_a", "room_b"}


def test_a_backfill_that_breaks_off_begins_anew(make: Make, hours: Hours, database: Database) -> None:
    add(database, "room_a")
    hours.rooms = {"room_a": on()}
    hours.months = ["2025-01", f"{NOW:%Y-%m}"]
    hours.upstream.replies = [None, None, None, Reply(429, b"Too Many Requests")]
    work = make(backfill=1)
    assert run(work)["segments"] == 1
    assert len(work.complaints) == 1
    hours.upstream.asked.clear()
    run(make(timedelta(hours=2), backfill=1))
    assert len(hours.asked("get_activity", "start_date")) == 2


def test_nothing_is_asked_for_that_the_policy_would_take_away(
    make: Make, hours: Hours, database: Database, tmp_path: Path
) -> None:
    add(database, "room_a")
    hours.rooms = {"room_a": on()}
    hours.months = [f"{NOW - timedelta(days=days):%Y-%m}" for days in (0, 40, 80, 120)]
    work = make(backfill=1)
    config = tmp_path / "config.toml"
    config.write_text('[retention]\nobservations = "30d"\n')
    environ = {
        "MHC_CBHOURS_URL": work.settings.cbhours_url,
        "MHC_STATE_DIR": str(tmp_path / "state"),
        "HOME": str(tmp_path),
    }
    loaded = load(config_file=str(config), environ=environ | {"MHC_WAIT_SCALE": "0.0001"})
    run(Work(database, loaded, work.options, work.now))
    assert min(hours.asked("get_activity", "start_date")) == f"{NOW.date() - timedelta(days=29)}"


def test_made_up_days_of_the_job_are_what_the_sandbox_has(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    def a_second_later() -> float:
        world.passed += 1  # at each look, so that no two requests come at once
        return world.passed

    world = World(tmp_path / "world", clock=a_second_later)
    config = tmp_path / "config.toml"
    config.write_text("[jobs.cbhours-poll]\nenabled = true\nbackfill = 2\n")
    with world.sandbox:
        environ = {
            "HOME": str(tmp_path),
            "TZ": "UTC",
            "DATABASE_URL": database_url,
            "MHC_WAIT_SCALE": "0.001",
        }
        hours = {
            "MHC_CBHOURS_URL": world.sandbox.environment["MHC_CBHOURS_URL"],
            "CHATURBATE_USERNAME": "example_room",
        }
        settings = load(config_file=str(config), environ=environ | hours)
        add(database, "other_room", "invented_attic")
        ran = []
        for _ in range(6):
            world.pass_time(hours=4, minutes=1)
            runner = Runner(database, settings, lambda: world.now, host="testhost")
            ran += [(one.job, str(one.state)) for one in ticking.tick(runner) if one.job == "cbhours-poll"]
    assert ran == [("cbhours-poll", "ok")] * 6
    with database.read() as conn:
        assert [one.username for one in misses.of_name(conn, "invented_attic")] == ["invented_attic"]
        past = select(func.count()).select_from(room_poll).where(room_poll.c.scope == "segments")
        assert (conn.execute(past).scalar() or 0) > 1000
    found = readings(database)
    assert {one.username for one in found} == {"example_room", "other_room"}
    assert all(one.rank for one in found if one.show != int(Show.OFFLINE))
