"""`profile-refresh`: own rooms each day, others each week, nobody where profiles are not enabled."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from asked import Ask, Reply, Upstream, sample
from factories import ROOM, T0, tell_story
from mhc.config import load
from mhc.errors import UnavailableError
from mhc.jobs import profile_refresh
from mhc.jobs.work import SkippedError, Work
from mhc.store import people, profiles, watchlists
from mhc.store.database import Database

NOW = T0 + timedelta(days=9)
ROOMS = ("room_one", "room_two", "room_three")
Make = Callable[..., Work]


class Site(Upstream):
    """The site, which does not show the rooms in `hidden`."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: set[str] = set()
        self.rule = self.profile

    def profile(self, ask: Ask) -> Reply:
        if ask.path.split("/")[3] in self.hidden:
            return Reply(401, sample("biocontext_http_401_region.json")["body_json"])
        return Reply(body=sample("biocontext_online.json"))


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def make(database: Database, site: Site, tmp_path: Path) -> Make:
    """Give the maker of a run, some time after the story, with three rooms on the list."""
    tell_story(database)
    with database.write() as conn:
        found = people.ensure(conn, ROOMS, source="manual", at=T0, role="model")
        known = watchlists.find(conn, "Known Streamers")
        assert known is not None
        for who in found.values():
            watchlists.add(conn, known.id, [who], at=T0, note=None)

    def work(after: timedelta = timedelta(), *, enabled: bool = True, **options: Any) -> Work:
        environ = {
            "CHATURBATE_USERNAME": ROOM,
            "MHC_STATE_DIR": str(tmp_path / "state"),
            "HOME": str(tmp_path),
        }
        loaded = replace(load(environ=environ | site.environ), profiles_enabled=enabled)
        given = dict(loaded.jobs["profile-refresh"].options) | options
        return Work(database, loaded, given, lambda: NOW + after)

    return work


def asked(site: Site) -> list[str]:
    found = [path.split("/")[3] for path in site.paths]
    site.asked.clear()
    return found


def test_the_own_room_is_asked_about_each_day_and_who_is_listed_each_week(make: Make, site: Site) -> None:
    work = make()
    profile_refresh.run(work)
    assert (asked(site), dict(work.counts)) == ([ROOM, "room_one", "room_three", "room_two"], {"new": 4})
    profile_refresh.run(make(timedelta(hours=23)))
    assert asked(site) == []
    profile_refresh.run(make(timedelta(hours=25)))
    assert asked(site) == [ROOM]
    profile_refresh.run(make(timedelta(days=8)))
    assert asked(site) == [ROOM, "room_one", "room_three", "room_two"]


def test_a_budget_leaves_the_rest_for_the_next_run(make: Make, site: Site) -> None:
    profile_refresh.run(make(budget=2))
    assert asked(site) == [ROOM, "room_one", "room_three"]
    profile_refresh.run(make(timedelta(minutes=1), budget=2))
    assert asked(site) == ["room_two"]


def test_a_room_that_is_not_shown_is_no_failure_and_takes_no_place_from_the_others(
    make: Make, site: Site, database: Database
) -> None:
    site.hidden.update(ROOMS[:1])
    work = make(budget=1)
    profile_refresh.run(work)
    assert (asked(site), dict(work.counts), work.complaints) == (
        [ROOM, "room_one"],
        {"new": 1, "kept_out": 1},
        [],
    )
    profile_refresh.run(make(timedelta(minutes=1), budget=1))
    assert asked(site) == ["room_three"]
    with database.read() as conn:
        assert profiles.kept_out(conn) == {"room_one"}


def test_where_nobody_enabled_it_nothing_is_asked_and_the_run_says_so(make: Make, site: Site) -> None:
    with pytest.raises(SkippedError, match="enabled is not true"):
        profile_refresh.run(make(enabled=False))
    assert asked(site) == []
    job = make(enabled=False).settings.jobs["profile-refresh"]
    assert (job.enabled, job.lacks) == (False, "profiles.enabled")


def test_a_block_ends_the_run_as_failed(make: Make, site: Site) -> None:
    site.rule = lambda _ask: Reply(403, b"<!DOCTYPE html><title>Just a moment...</title>")
    with pytest.raises(UnavailableError):
        profile_refresh.run(make())
    assert asked(site) == [ROOM]
