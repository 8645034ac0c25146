"""Public profiles: slowly, as anybody, without the real name, and nothing that cannot be."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from responses import RequestsMock

from mhc.clients import biocontext
from mhc.clients.api import saved_answer
from mhc.clients.biocontext import Fetched, KeptOutError, ProfileClient
from mhc.clients.failures import BrokenAnswerError, ThrottledError, UpstreamError
from mhc.clients.pacing import PacedError
from mhc.domain.markup import plain
from mhc.domain.profiles import FIELDS, read_value, values_of
from upstreams import PAYLOADS, Clock, pacer

BASE = "https://site.example"
SAMPLE = json.loads((PAYLOADS / "biocontext_offline.json").read_text())
REAL = "Very Private Name"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(tmp_path: Path, clock: Clock) -> Iterator[ProfileClient]:
    made = ProfileClient(BASE, pacer(tmp_path, clock), clock=clock)
    yield made
    made.close()


@pytest.fixture
def api() -> Iterator[RequestsMock]:
    with RequestsMock() as mock:
        yield mock


def read(**more: Any) -> Fetched:
    return biocontext.read(saved_answer(json.dumps(SAMPLE | more).encode()))


def test_one_room_in_five_seconds_without_a_cookie(
    client: ProfileClient, api: RequestsMock, clock: Clock
) -> None:
    for name in ("room_one", "room_two", "room_three"):
        api.get(f"{BASE}/api/biocontext/{name}/", json=SAMPLE, headers={"Set-Cookie": "sessionid=1"})
        assert client.fetch(name).profile.display_age == 25
    assert clock.waits == [5, 5]
    for call in api.calls:
        assert not {"Cookie", "Referer", "X-Requested-With", "Authorization"} & set(call.request.headers)
        assert str(call.request.headers["User-Agent"]).startswith("mhc/")


def test_a_wish_for_quiet_is_heard_and_asked_again_only_by_the_next_request(
    client: ProfileClient, api: RequestsMock, clock: Clock
) -> None:
    api.get(f"{BASE}/api/biocontext/room_one/", status=429, body="Too Many Requests")
    with pytest.raises(ThrottledError):
        client.fetch("room_one")
    api.replace(
        "GET", f"{BASE}/api/biocontext/room_one/", status=429, body="x", headers={"Retry-After": "900"}
    )
    with pytest.raises(ThrottledError):
        client.fetch("room_one")
    with pytest.raises(PacedError):
        client.fetch("room_one")
    assert (len(api.calls), clock.waits) == (2, [60])


def test_a_real_name_is_in_nothing_that_is_kept() -> None:
    hidden = {
        "real_name": REAL, "location": {"real_name": REAL}, "interested_in": [{"real_name": REAL}, "Men"],
        "photo_sets": [{"name": "a", "real_name": REAL}], "viewer": {"real_name": REAL},
    }  # fmt: skip
    fetched = read(**hidden)
    assert REAL not in fetched.payload.decode() + repr(fetched)
    for body in ({"real_name": REAL}, [SAMPLE | {"real_name": REAL}], "x"):
        with pytest.raises(BrokenAnswerError) as raised:
            biocontext.read(saved_answer(json.dumps(body).encode()))
        assert (raised.value.answer, REAL in str(raised.value)) == (None, False)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-01T12:34:56.789", datetime(2026, 1, 1, 20, 34, 56, 789000, tzinfo=UTC)),
        ("2026-07-01T12:34:56", datetime(2026, 7, 1, 19, 34, 56, tzinfo=UTC)),
        (-1, None),
        ("-1", None),
        ("", None),
    ],
)
def test_a_broadcast_is_of_pacific_time_and_minus_one_is_none(text: Any, at: datetime | None) -> None:
    fetched = read(last_broadcast=text)
    assert (fetched.profile.last_broadcast, fetched.problems) == (at, ())


@pytest.mark.parametrize(
    ("age", "known"), [(18, 18), (69, 69), (70, None), (99, None), (17, None), (0, None), (None, None)]
)
def test_an_age_that_cannot_be_is_unknown_and_takes_nothing_away(age: int | None, known: int | None) -> None:
    fetched = read(display_age=age)
    assert fetched.profile.display_age == known
    assert ("display_age" in fetched.said) == (known is not None or age is None)


def test_an_empty_text_is_not_set_and_what_does_not_fit_says_nothing() -> None:
    fetched = read(location="", languages=5, sex=None, fan_club_cost=0, photo_sets="no", wish_list="<p> </p>")
    values = values_of(fetched.profile, fetched.said)
    assert (values["location"], values["fan_club_cost"], values["wish_list"]) == (None, None, None)
    assert not {"languages", "sex", "photo_sets"} & values.keys()
    assert len(fetched.problems) == 2


def test_a_refusal_of_another_kind_is_no_word_about_the_room() -> None:
    for detail in ("This room requires a password", "Log in", None):
        body = json.dumps({"status": 401, "detail": detail}).encode()
        with pytest.raises(KeptOutError):
            biocontext.read(saved_answer(body, status=401))
    with pytest.raises(KeptOutError):
        biocontext.read(saved_answer(b"Unauthorized", status=401))


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(alphabet="a <>é\n\x1b", max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "tokens", "link"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(more=st.dictionaries(st.sampled_from(sorted(SAMPLE)), _json))
def test_whatever_a_field_holds_the_others_are_read(more: dict[str, Any]) -> None:
    try:
        fetched = read(**more)
    except UpstreamError:
        return
    values = values_of(fetched.profile, fetched.said)
    assert values.keys() <= FIELDS.keys()
    for name, value in values.items():
        assert value is None or isinstance(read_value(name, value), FIELDS[name])
        if name in SAMPLE and name not in more:
            assert value is not None or name in {"subgender", "wish_list"}
    json.loads(fetched.payload)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Sample <b>bio</b> &amp; <a href='x'>link</a></p>", "Sample bio & link"),
        ("one<br>two<div>three</div><li>four", "one\ntwo\nthree\nfour"),
        ("<script>if (a<b) alert('</x>')</script>shown<style>p{}</style>", "shown"),
        ("I <3 you <b>all</b> <!-- not this -->", "I <3 you all"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("<img src=x onerror=alert(1)><svg><text>no</text></svg>", ""),
        ("open <a href='", "open"),
        ("<script>never ends", ""),
    ],
)
def test_html_becomes_words(markup: str, text: str) -> None:
    assert plain(markup) == text


@given(st.text(alphabet="<>/!-abscript &;\n'\"", max_size=200))
def test_any_html_becomes_words(markup: str) -> None:
    plain(markup)
