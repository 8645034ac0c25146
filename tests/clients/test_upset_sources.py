"""Sources that are down, slow down, are empty, give zeros or another form: what the clients make of each (J2)."""

from pathlib import Path

import pytest

from mhc.clients import statbate
from mhc.clients.failures import (
    BlockedError,
    BrokenAnswerError,
    DownError,
    MovedError,
    NotKnownError,
    RefusedError,
    RejectedError,
    ThrottledError,
    UpstreamError,
)
from mhc.clients.pacing import PacedError
from mhc.clients.statbate import Query
from mhc.errors import MhcError
from mhc.sandbox.server import Sandbox
from world import World

ONE = Query(name="viewer_one")


@pytest.mark.parametrize(
    ("word", "kind", "sentence"),
    [
        ("3*502", DownError, "Statbate is not working (502)"),
        ("3*reset", DownError, "Statbate cannot be reached: connection reset by peer"),
        ("3*truncate", DownError, "Statbate cannot be reached: the connection broke"),
        ("401", RefusedError, "Statbate refuses the token (401)"),
        ("403", RefusedError, "Statbate refuses this (403): Forbidden"),
        ("404", NotKnownError, "Statbate does not know viewer_one"),
        ("422", RejectedError, "Statbate does not take the request (422): The given data was invalid."),
        ("429", ThrottledError, "Statbate asks to slow down (429)"),
        ("3*429:retry-after=7", ThrottledError, "Statbate asks to slow down (429)"),
        ("403:html", BlockedError, "Statbate answers with a page for browsers (403)"),
        ("html200", BlockedError, "Statbate answers with a page for browsers (200)"),
        ("bad-json", BrokenAnswerError, "an answer of Statbate is no JSON"),
        ("huge", BrokenAnswerError, "Statbate sends an answer of more than 8 MiB"),
        ("redirect", MovedError, "Statbate answers with a redirect (302), which is not followed"),
        (
            "changed",
            BrokenAnswerError,
            "an answer of Statbate to member_info has no data of the documented form",
        ),
    ],
)
def test_statbate_says(tmp_path: Path, word: str, kind: type[MhcError], sentence: str) -> None:
    world = World(tmp_path, faults={"statbate": word})
    with world.sandbox, world.statbate() as client:
        with pytest.raises(kind) as raised:
            client.fetch(statbate.MEMBER_INFO, ONE)
        assert str(raised.value).startswith(sentence)
        world.pass_time(hours=2)
        assert client.fetch(statbate.MEMBER_INFO, ONE).one.name == "viewer_one"


@pytest.mark.parametrize(
    ("word", "kind", "sentence"),
    [
        ("502", DownError, "the statistics API is not working (502)"),
        ("reset", DownError, "the statistics API cannot be reached: connection reset by peer"),
        ("401", RefusedError, "the statistics API refuses the token of example_room (401)"),
        ("403", ThrottledError, "the statistics API asks to slow down (403)"),
        ("403:html", BlockedError, "the statistics API answers with a page for browsers (403)"),
        ("429", ThrottledError, "the statistics API asks to slow down (429)"),
        ("changed", BrokenAnswerError, "an answer of the statistics API has n"),
    ],
)
def test_the_site_says(tmp_path: Path, word: str, kind: type[MhcError], sentence: str) -> None:
    world = World(tmp_path, faults={"stats": word, "apistats": word})
    with world.sandbox:
        for ask in (world.statistics, world.earnings):
            with ask() as client:
                with pytest.raises(kind) as raised:
                    client.fetch()
                assert str(raised.value).startswith(sentence)
                world.pass_time(hours=2)
                assert client.fetch().problems == ()


def test_a_failure_for_a_moment_is_got_over(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"statbate": "502,reset"})
    with world.sandbox, world.statbate() as client:
        assert client.fetch(statbate.MEMBER_INFO, ONE).problems == ()
        assert world.passed > 1


def test_empty_and_zero_are_figures_and_no_failure(tmp_path: Path) -> None:
    words = "empty,zeros"
    world = World(tmp_path, faults=words)
    with world.sandbox, world.statbate() as client:
        emptied = client.fetch(statbate.MEMBER_INFO, ONE)
        assert (emptied.one.per_day_tokens, emptied.one.models_tipped_2weeks_list) == ((), ())
        zeros = client.fetch(statbate.MEMBER_INFO, ONE)
        assert (zeros.one.all_time_tokens, zeros.one.did) == (0, emptied.one.did)
        assert emptied.one.all_time_tokens > 0
        assert emptied.problems == zeros.problems == ()
        with world.statistics() as site:
            assert site.fetch().statistics.num_followers == 24_000
            world.pass_time(minutes=5)
            assert site.fetch().statistics.num_followers == 0
        with world.earnings() as site:
            assert site.fetch().programmes == ()


def test_each_api_has_its_own_faults(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"events": "ok", "stats": "502"})
    with world.sandbox, world.statbate() as client, world.statistics() as site:
        assert client.fetch(statbate.MEMBER_INFO, ONE).problems == ()
        with pytest.raises(DownError):
            site.fetch()
    with pytest.raises(
        ValueError, match="no API named 'elsewhere'; known are events, statbate, stats, apistats"
    ):
        Sandbox(faults={"elsewhere": "502"})


def test_a_share_of_requests_goes_wrong_the_same_for_the_same_seed(tmp_path: Path) -> None:
    found = []
    for number in range(2):
        world = World(tmp_path / str(number), misbehave=0.5)
        said = []
        with world.sandbox, world.statistics() as site:
            for _ in range(20):
                try:
                    said.append(site.fetch().statistics.username)
                except MhcError as error:
                    said.append(str(error))
                world.pass_time(hours=1)
        found.append(said)
    assert found[0] == found[1]
    assert 4 < found[0].count("example_room") < 16


@pytest.mark.parametrize("word", ["changed", "bad-json", "html200", "422"])
def test_an_answer_that_is_no_data_is_kept_with_its_error(tmp_path: Path, word: str) -> None:
    world = World(tmp_path, faults={"statbate": word, "stats": word})
    with world.sandbox, world.statbate() as client, world.statistics() as site:
        for ask in (lambda: client.fetch(statbate.MEMBER_INFO, ONE), site.fetch):
            with pytest.raises(MhcError) as raised:
                ask()
            assert isinstance(raised.value, UpstreamError)
            assert raised.value.answer is not None
            assert raised.value.answer.body
            assert world.sandbox.stats_token not in repr(raised.value.answer)


def test_an_empty_list_says_nothing_of_anybody(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"statbate": "2*empty"})
    with world.sandbox, world.statbate() as client:
        (batch,) = client.fetch_batches(["viewer_one", "viewer_two"])
        assert (batch.found, batch.unknown, batch.failed) == ({}, {}, {"viewer_one": "", "viewer_two": ""})
        span = world.last(days=10)
        assert next(client.fetch_pages(statbate.MODELS, Query(range=span))).rows == ()
        assert next(client.fetch_pages(statbate.MODELS, Query(range=span))).rows


def test_zeros_are_read_as_zeros_and_never_as_unknown_or_the_other_way_round(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"stats": "ok,zeros"})
    with world.sandbox, world.statistics() as site:
        world.pass_time(hours=5)
        off_air = site.fetch()
        assert (off_air.statistics.time_online, off_air.is_online) == (None, False)  # -1
        world.pass_time(minutes=5)
        zeros = site.fetch()
        assert (zeros.statistics.num_followers, zeros.statistics.time_online) == (0, 0)
        assert zeros.problems == ()


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    world = World(tmp_path)
    with world.sandbox:
        pass
    with (
        world.statbate() as client,
        pytest.raises(DownError, match="Statbate cannot be reached: connection refused"),
    ):
        client.fetch(statbate.MEMBER_INFO, ONE)
    with world.earnings() as site, pytest.raises(DownError, match="cannot be reached: connection refused"):
        site.fetch()


def test_while_it_asks_for_quiet_nobody_asks(tmp_path: Path) -> None:
    world = World(tmp_path, faults={"statbate": "429:retry-after=600", "stats": "403"})
    with world.sandbox, world.statbate() as client, world.statistics() as site:
        with pytest.raises(PacedError):  # its own second try
            client.fetch(statbate.MEMBER_INFO, ONE)
        world.pass_time(seconds=500)
        with pytest.raises(PacedError):
            next(client.fetch_batches(["viewer_one"]))
        world.pass_time(seconds=100)
        assert client.fetch(statbate.MEMBER_INFO, ONE).one.did == 900_001
        with pytest.raises(ThrottledError):
            site.fetch()
