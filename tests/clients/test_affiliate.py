"""The feed of rooms: every page of it at its own pace, each room once, whatever moves, lacks or does not fit."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import PreparedRequest
from responses import RequestsMock

from mhc.clients import affiliate
from mhc.clients.affiliate import AffiliateClient, Feed, Page, Query, gather
from mhc.clients.api import saved_answer
from mhc.clients.failures import BlockedError, BrokenAnswerError, DownError, ThrottledError, UpstreamError
from mhc.clients.pacing import PacedError
from mhc.config import Secret
from mhc.errors import AccessError, UsageError
from upstreams import Clock, pacer

BASE = "https://site.example"
URL = f"{BASE}/api/public/affiliates/onlinerooms/"
CODE = "CANARY0WM"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(tmp_path: Path, clock: Clock) -> Iterator[AffiliateClient]:
    made = AffiliateClient(BASE, Secret(CODE), pacer(tmp_path, clock), clock=clock)
    yield made
    made.close()


@pytest.fixture
def api() -> Iterator[RequestsMock]:
    with RequestsMock() as mock:
        yield mock


def room(name: str, **more: Any) -> dict[str, Any]:
    return {"username": name, "current_show": "public", "num_users": 5, "num_followers": 7} | more


def rooms(first: int, last: int) -> list[dict[str, Any]]:
    return [room(f"room_{number}") for number in range(first, last)]


def read(*rows: Any, **more: Any) -> Page:
    body = json.dumps({"count": len(rows), "results": list(rows)} | more)
    return affiliate.read(saved_answer(body.encode()))


def names(feed: Feed | Page) -> list[str]:
    return [str(one.username) for one in feed.rooms]


def serve(
    api: RequestsMock, give: Callable[[int, int], tuple[list[dict[str, Any]], int | None]]
) -> list[int]:
    """Answer with the rooms and the count that `give` says for an offset and a limit; give the offsets asked for."""
    asked: list[int] = []

    def answer(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        query = dict(parse_qsl(urlsplit(str(request.url)).query))
        asked.append(int(query["offset"]))
        rows, count = give(asked[-1], int(query["limit"]))
        return 200, {}, json.dumps({"results": rows} | ({} if count is None else {"count": count}))

    api.add_callback("GET", URL, callback=answer)
    return asked


def test_a_page_is_asked_for_as_an_affiliate_with_repeated_words(
    client: AffiliateClient, api: RequestsMock
) -> None:
    api.get(URL, json={"count": 0, "results": []})
    client.fetch(
        Query(
            client_ip="192.0.2.7",
            limit=100,
            offset=200,
            exhibitionist=False,
            genders=("female", "trans"),
            regions=("asia", "other"),
            tags=("#Music", "new"),
            hd=True,
            embed_video_only=True,
            exclude_genders=("male",),
        )
    )
    assert parse_qsl(urlsplit(str(api.calls[0].request.url)).query) == [
        ("wm", CODE), ("client_ip", "192.0.2.7"), ("format", "json"), ("limit", "100"), ("offset", "200"),
        ("exhibitionist", "false"), ("gender", "f"), ("gender", "t"), ("region", "asia"), ("region", "other"),
        ("tag", "music"), ("tag", "new"), ("hd", "true"), ("embed_video_only", "1"), ("exclude_genders", "m"),
    ]  # fmt: skip


def test_without_words_all_rooms_are_asked_for_that_this_machine_may_see(
    client: AffiliateClient, api: RequestsMock
) -> None:
    api.get(URL, json={"count": 0, "results": []})
    client.fetch()
    assert parse_qsl(urlsplit(str(api.calls[0].request.url)).query)[1:] == [
        ("client_ip", "request_ip"), ("format", "json"), ("limit", "500"), ("offset", "0"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (Query(limit=501), "limit is 1 to 500, not 501"),
        (Query(limit=0), "limit is 1 to 500, not 0"),
        (Query(offset=-1), "offset is 0 to 10000000, not -1"),
        (Query(tags=tuple("abcdef")), "the feed takes 5 tags at most, not 6"),
        (Query(genders=("f",)), "the feed knows no gender 'f': female, male, trans, couple"),
        (Query(exclude_genders=("x",)), "the feed knows no gender 'x': female, male, trans, couple"),
        (
            Query(regions=("mars",)),
            "the feed knows no region 'mars': asia, europe_russia, northamerica, southamerica, other",
        ),
        (Query(client_ip="here"), "'here' is no address: IPv4, IPv6 or request_ip"),
    ],
)
def test_what_the_feed_does_not_take_is_not_asked(client: AffiliateClient, query: Query, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        client.fetch(query)
    assert raised.value.message == said


def test_the_feed_wants_an_affiliates_code(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(AccessError, match="MHC_AFFILIATE_WM is not set"):
        AffiliateClient(BASE, None, pacer(tmp_path, clock))


def test_the_code_is_taken_out_of_addresses_and_out_of_nothing_else(
    tmp_path: Path, clock: Clock, api: RequestsMock
) -> None:
    client = AffiliateClient(BASE, Secret("music"), pacer(tmp_path, clock), clock=clock)
    row = room(
        "music_room", tags=["music"], chat_room_url="https://site.example/in/?tour=A&campaign=music&track=x"
    )
    api.get(URL, json={"count": 1, "results": [row]})
    page = client.fetch()
    assert (names(page), page.rooms[0].tags) == (["music_room"], ("music",))
    assert b"campaign=***&" in page.payload
    assert b"campaign=music" not in page.payload


def test_all_pages_are_read_a_second_apart(client: AffiliateClient, api: RequestsMock, clock: Clock) -> None:
    asked = serve(api, lambda offset, limit: (rooms(offset, min(offset + limit, 1203)), 1203))
    feed = gather(client.fetch_pages())
    assert (len(feed.rooms), feed.count, feed.pages, feed.twice) == (1203, 1203, 3, 0)
    assert (asked, clock.waits) == ([0, 500, 1000], [1, 1])


def test_the_whole_feed_is_read_once_a_minute_at_most(
    client: AffiliateClient, api: RequestsMock, clock: Clock, tmp_path: Path
) -> None:
    serve(api, lambda _offset, _limit: (rooms(0, 2), 2))
    gather(client.fetch_pages())
    other = AffiliateClient(BASE, Secret(CODE), pacer(tmp_path, clock, patience=30), clock=clock)
    with pytest.raises(PacedError, match="may be asked again in 60 s"):
        gather(other.fetch_pages())
    clock.now += 60
    assert len(gather(other.fetch_pages()).rooms) == 2


def test_a_room_that_moves_to_the_next_page_is_one(client: AffiliateClient, api: RequestsMock) -> None:
    """While the second page is asked for, three rooms come online at the top."""
    serve(api, lambda offset, limit: (rooms(max(0, offset - 3), min(offset + limit, 603)), 603))
    feed = gather(client.fetch_pages())
    assert len(names(feed)) == len(set(names(feed))) == 603
    assert (feed.twice, feed.rooms[0].num_users) == (3, 5)


def test_a_count_that_changes_and_a_page_that_is_short_leave_nothing_out(
    client: AffiliateClient, api: RequestsMock
) -> None:
    asked = serve(api, lambda offset, _limit: (rooms(offset, min(offset + 100, 310)), 200 + offset))
    feed = gather(client.fetch_pages())
    assert (len(feed.rooms), feed.count, asked) == (310, 510, [0, 100, 200, 300, 310])


def test_a_feed_that_breaks_off_is_not_taken_for_whole(client: AffiliateClient, api: RequestsMock) -> None:
    serve(api, lambda offset, _limit: (rooms(offset, offset + 500), 6000) if offset < 4000 else ([], 0))
    feed = gather(client.fetch_pages())
    assert (len(feed.rooms), feed.count) == (4000, 6000)


def test_nobody_is_online_for_years(client: AffiliateClient, api: RequestsMock) -> None:
    api.get(URL, json={"count": 1, "results": [room("room_one", seconds_online=2_000_000_000)]})
    page = client.fetch()
    assert (page.rooms[0].seconds_online, len(page.problems)) == (None, 1)


def test_where_nothing_counts_an_empty_page_is_the_end(client: AffiliateClient, api: RequestsMock) -> None:
    asked = serve(api, lambda offset, _limit: (rooms(offset, min(offset + 500, 600)), None))
    feed = gather(client.fetch_pages())
    assert (len(feed.rooms), feed.count, asked) == (600, None, [0, 500, 600])


def test_the_older_array_is_all_there_is(client: AffiliateClient, api: RequestsMock) -> None:
    api.get(URL, json=rooms(0, 700))
    feed = gather(client.fetch_pages())
    assert (len(feed.rooms), feed.count, len(api.calls)) == (700, 700, 1)


def test_a_count_of_nothing_does_not_end_a_feed_that_goes_on(
    client: AffiliateClient, api: RequestsMock
) -> None:
    serve(api, lambda offset, limit: (rooms(offset, min(offset + limit, 700)), 0))
    feed = gather(client.fetch_pages())
    assert (len(feed.rooms), feed.count, feed.pages) == (700, 0, 3)


def test_an_array_beside_others_does_not_say_how_many_rooms_there_are() -> None:
    arrays = [affiliate.read(saved_answer(json.dumps(rooms(n, n + 2)).encode())) for n in (0, 2)]
    assert gather(iter(arrays[:1])).count == 2
    assert gather(iter(arrays)).count is None
    assert gather(iter([arrays[0], read(room("a"))])).count is None


def test_a_feed_without_an_end_is_broken(client: AffiliateClient, api: RequestsMock) -> None:
    serve(api, lambda _offset, _limit: (rooms(0, 1), None))
    with pytest.raises(BrokenAnswerError, match="comes in more than 200 pages"):
        gather(client.fetch_pages())


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, "<!DOCTYPE html><title>Just a moment...</title>", BlockedError),
        (200, "<html><body>Hello", BlockedError),
        (429, "Too Many Requests", ThrottledError),
        (502, "<html>Bad gateway", DownError),
        (200, "{}", BrokenAnswerError),
        (200, '{"count":1,"results":{}}', BrokenAnswerError),
        (200, '{"count":1,"results":["a room"]}', BrokenAnswerError),
        (200, "[", BrokenAnswerError),
    ],
)
def test_a_page_that_is_none_ends_the_reading(
    client: AffiliateClient, api: RequestsMock, status: int, body: str, kind: type[UpstreamError]
) -> None:
    first = {"count": 600, "results": rooms(0, 500)}
    api.get(URL, json=first)
    api.get(URL, status=status, body=body, content_type="text/html")
    with pytest.raises(kind) as raised:
        gather(client.fetch_pages())
    assert CODE not in f"{raised.value!r} {raised.value.hint}"


def test_a_block_keeps_every_process_away_for_a_while(
    client: AffiliateClient, api: RequestsMock, clock: Clock, tmp_path: Path
) -> None:
    api.get(URL, status=403, body="<!DOCTYPE html><title>Just a moment...</title>")
    with pytest.raises(BlockedError):
        client.fetch()
    clock.now += 10
    with pytest.raises(PacedError, match="290 s"):
        AffiliateClient(BASE, Secret(CODE), pacer(tmp_path, clock)).fetch()


def test_what_does_not_fit_costs_its_field_or_its_room_and_is_named() -> None:
    page = read(
        room("Room_One", gender="x", current_show="dancing", num_users=-1, num_followers="12", tags="music"),
        room(
            "room_two", num_users=2**31, seconds_online=60.0, is_hd=1, age=140, tags=["#New", "new", " ", 5]
        ),
        room(""),
        "a room",
        room("room_three", gender="S", country="de", birthday="0000-00-00"),
    )
    assert names(page) == ["room_one", "room_two", "room_three"]
    one, two, three = page.rooms
    assert (one.gender, one.current_show, one.num_users, one.num_followers, one.tags) == (
        None, None, None, 12, None,
    )  # fmt: skip
    assert (two.num_users, two.seconds_online, two.is_hd, two.age, two.tags) == (
        None,
        60,
        True,
        None,
        ("new",),
    )
    assert (three.gender, three.country, three.birthday) == ("trans", "DE", None)
    assert page.problems == (
        "results[0].tags: a text instead of a list",
        "results[0].num_users: a number instead of a count",
        "results[0].gender: a text instead of a known word",
        "results[0].current_show: a text instead of a known word",
        "results[1].tags[3]: a number instead of a text",
        "results[1].num_users: a number instead of a count",
        "results[2].username: a text instead of a username",
        "results[3]: a text instead of an object",
    )


@pytest.mark.parametrize("count", ["3", 3.0, 3])
def test_the_count_may_be_written_in_any_way(count: object) -> None:
    assert read(room("a"), count=count).count == 3


@pytest.mark.parametrize("count", ["many", -1, 0, 2**40, [3], True])
def test_a_count_that_is_none_is_unknown(count: object) -> None:
    page = read(room("a"), count=count)
    assert (page.count, len(page.rooms), len(page.problems)) == (None, 1, 1)


@pytest.mark.parametrize(
    "subject",
    [r"half a pair \ud83d of two", r"\u0000 nothing", "\x01 a control", "\x80 no UTF-8", r"\u202e turned"],
)
def test_one_hostile_subject_does_not_cost_the_page(subject: str) -> None:
    body = b'\xef\xbb\xbf{"count":2,"results":[{"username":"one","room_subject":"%s"},{"username":"two","age":NaN}]}'
    page = affiliate.read(saved_answer(body % subject.encode("latin-1")))
    assert names(page) == ["one", "two"]
    assert page.rooms[0].room_subject
    assert page.rooms[1].age is None


@given(st.lists(st.lists(st.integers(0, 30), max_size=8), max_size=6))
def test_pages_together_hold_each_room_once_as_it_came_first(pages: list[list[int]]) -> None:
    made = [read(*(room(f"r{n}", num_users=place) for n in page)) for place, page in enumerate(pages)]
    feed = gather(iter(made))
    first = {f"r{n}": place for place, page in reversed(list(enumerate(pages))) for n in page}
    assert {str(one.username): one.num_users for one in feed.rooms} == first
    assert len(feed.rooms) + feed.twice == sum(map(len, pages))
