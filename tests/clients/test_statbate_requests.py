"""Every request to Statbate is one that its OpenAPI file allows, and what it does not allow is refused before it goes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.clients import statbate
from mhc.clients.api import Request
from mhc.clients.statbate import OPERATIONS, Query
from mhc.clients.statbate_operations import SITES, Operation
from mhc.clients.statbate_requests import request_for, written_range
from mhc.domain.times import Range
from mhc.errors import UsageError
from openapi import SPEC
from upstreams import PAYLOADS

JANUARY = Range(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
FULL: dict[str, Any] = {
    "name": "viewer_one", "model": "example_room", "names": ("viewer_one", "viewer_two"), "range": JANUARY, "query": "mus",
    "genders": ("female", "couple"), "high_tippers": True, "limit": 100, "timezone": "Europe/Berlin", "page": 3,
    "per_page": 200,
}  # fmt: skip
EARLIEST, LATEST = datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2030-01-01")
NEEDED = ("name", "model", "names", "range", "query")


def taken(operation: Operation[Any], *, needed_only: bool = False, **more: Any) -> Query:
    """Give a query with all that an operation takes, or with what it needs."""
    takes = operation.takes | ({"page", "per_page"} if "pages" in operation.takes else set())
    return Query(**{k: v for k, v in FULL.items() if k in takes and (k in NEEDED or not needed_only)} | more)


def problems(request: Request) -> Iterator[str]:
    """Say what the OpenAPI file has against a request."""
    found = [
        (spec[request.method.lower()], path)
        for path, spec in SPEC["paths"].items()
        if request.method.lower() in spec and fits(path, request.path) is not None
    ]
    if len(found) != 1:
        # `/members/{site}/{name}/info` and the like never fit two.
        yield f"{request.path} fits {len(found)} paths"
        return
    spec, path = found[0]
    sent: dict[str, list[str]] = {}
    for name, value in request.params:
        sent.setdefault(name, []).append(str(value))
    sent |= {name: [value] for name, value in (fits(path, request.path) or {}).items()}
    known = {one["name"]: one for one in spec.get("parameters", [])}
    yield from (f"{name} is not in the file" for name in sent.keys() - known.keys())
    for name, one in known.items():
        if name not in sent:
            if one.get("required"):
                yield f"{name} is missing"
            continue
        yield from invalid(typed(sent[name], one["schema"]), one["schema"])
    if request.method == "POST":
        schema = spec["requestBody"]["content"]["application/json"]["schema"]
        yield from invalid(json.loads(request.body or b"null"), schema | {"additionalProperties": False})


def fits(template: str, path: str) -> dict[str, str] | None:
    """Give a template's parts in a path; None where it is not one of its paths."""
    pieces = list(zip(template.split("/"), path.split("/"), strict=False))
    if template.count("/") != path.count("/") or any(t != p for t, p in pieces if not t.startswith("{")):
        return None
    return {t[1:-1]: p for t, p in pieces if t.startswith("{")}


def typed(values: list[str], schema: dict[str, Any]) -> Any:
    """Read what a query says as its schema types it."""
    readers: dict[str, Any] = {
        "integer": int,
        "boolean": {"true": True, "false": False}.__getitem__,
        "string": str,
    }
    if schema["type"] == "array":
        return [readers[schema["items"]["type"]](value) for value in values]
    (value,) = values
    return readers[schema["type"]](value)


def invalid(value: Any, schema: dict[str, Any]) -> list[str]:
    return [error.message for error in jsonschema.Draft4Validator(schema).iter_errors(value)]


def test_every_operation_of_the_file_is_reachable_by_name() -> None:
    ours = {(one.method, one.path) for one in OPERATIONS.values()}
    assert ours == {(method.upper(), path) for path, spec in SPEC["paths"].items() for method in spec}
    assert len(OPERATIONS) == 17
    assert all(getattr(statbate, name.upper()) is one for name, one in OPERATIONS.items())


@pytest.mark.parametrize("name", OPERATIONS)
def test_requests_are_as_the_file_has_them(name: str) -> None:
    for needed_only in (True, False):
        for site in SITES:
            request = request_for(
                OPERATIONS[name], taken(OPERATIONS[name], needed_only=needed_only, site=site)
            )
            assert list(problems(request)) == []
    assert request.params == () or parse_qsl(urlencode([(k, str(v)) for k, v in request.params])) == list(
        request.params
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_everything_that_the_file_lets_one_ask_with_can_be_asked_with(name: str) -> None:
    operation = OPERATIONS[name]
    sent = {key for key, _ in request_for(operation, taken(operation)).params}
    spec = SPEC["paths"][operation.path][operation.method.lower()]
    assert sent == {one["name"] for one in spec.get("parameters", []) if one["in"] == "query"}


def test_the_checks_over_the_file_find_what_is_wrong() -> None:
    wrong = {
        "/model/chaturbate/example_room/rank": (("page", "1"),),
        "/members/elsewhere/viewer_one/info": (),
        "/tags": (("per_page", "201"),),
        "/tags/search": (("site", "chaturbate"),),
        "/members/chaturbate/viewer_one/sessions": (),
        "/members/online": (("selectedGenders[]", "4"),),
    }
    for path, params in wrong.items():
        assert len(list(problems(Request(path, params)))) == 1
    assert list(problems(Request("/members/chaturbate/info/batch", method="POST", body=b'{"names":"one"}')))


def test_the_batch_is_the_sample() -> None:
    sample = json.loads((PAYLOADS / "statbate/members_batch_request.json").read_text())
    names = (" Viewer_One ", "viewer_two", "@no_such_viewer", "VIEWER_TWO")
    request = request_for(statbate.MEMBER_INFO_BATCH, Query(names=names, timezone="Europe/Bucharest"))
    assert json.loads(request.body or b"") == sample
    assert (request.method, request.path) == ("POST", "/members/chaturbate/info/batch")


def test_names_are_lower_case_and_cannot_leave_their_place() -> None:
    assert (
        request_for(statbate.MEMBER_INFO, Query(name="Viewer_One")).path
        == "/members/chaturbate/viewer_one/info"
    )
    for name in ("..", "a/b/../c d", "a%2f", "", "ä", "x" * 26, "a?b=c d"):
        try:
            path = request_for(statbate.MEMBER_INFO, Query(name=name)).path
        except UsageError:
            continue
        assert fits("/members/{site}/{name}/info", path) == {"site": "chaturbate", "name": "a"}


def test_both_tables_of_genders() -> None:
    def numbers(operation: Operation[Any], *words: str) -> list[str]:
        query = taken(operation, needed_only=True, genders=words)
        return [str(v) for k, v in request_for(operation, query).params if k == "selectedGenders[]"]

    assert numbers(statbate.MODELS, "male", "female", "trans", "couple") == ["0", "1", "2", "3"]
    assert numbers(statbate.MEMBERS_ONLINE, "unknown", "female", "male", "couple") == ["0", "1", "2", "3"]
    with pytest.raises(
        UsageError, match="members_online knows no gender 'trans': unknown, female, male, couple"
    ):
        numbers(statbate.MEMBERS_ONLINE, "trans")


@pytest.mark.parametrize(
    ("operation", "query", "sentence"),
    [
        (statbate.MEMBER_INFO, Query(), "member_info needs name"),
        (statbate.MEMBER_INFO, Query(name="viewer_one", range=JANUARY), "member_info takes no range"),
        (statbate.MEMBER_MODEL, Query(name="viewer_one", range=JANUARY), "member_model needs model"),
        (statbate.MODEL_RANK, Query(name="example_room"), "model_rank needs range"),
        (statbate.MODEL_RANK, Query(name="example_room", range=JANUARY, page=2), "model_rank takes no page"),
        (statbate.MODEL_RANK, Query(name="example_room", range=Range(JANUARY.start)),
         "Statbate is asked for a range with both ends"),
        (statbate.MODEL_RANK, Query(name="example_room", range=Range(JANUARY.start, JANUARY.start)),
         "the range is empty"),
        (statbate.TAGS, Query(range=JANUARY, per_page=201), "per_page must be 1 to 200, not 201"),
        (statbate.TAGS, Query(range=JANUARY, page=0), "page must be 1 to 1000000, not 0"),
        (statbate.TAGS, Query(range=JANUARY, site="elsewhere"),
         "no site named 'elsewhere': chaturbate, stripchat, bongacams, camsoda, mfc"),
        (statbate.TAGS_SEARCH, Query(query="mus", limit=101), "limit must be 1 to 100, not 101"),
        (statbate.TAGS_SEARCH, Query(), "tags_search needs query"),
        (statbate.MEMBER_INFO_BATCH, Query(), "member_info_batch needs names"),
        (statbate.MEMBER_INFO_BATCH, Query(names=tuple(map(str, range(101)))),
         "a batch takes 100 names at most, not 101"),
    ],
)  # fmt: skip
def test_what_an_operation_does_not_take_is_refused(
    operation: Operation[Any], query: Query, sentence: str
) -> None:
    with pytest.raises(UsageError) as raised:
        request_for(operation, query)
    assert str(raised.value) == sentence


def test_a_range_is_written_in_utc_and_its_end_is_its_last_second() -> None:
    berlin = timezone(timedelta(hours=1))
    asked = Range(datetime(2026, 1, 2, tzinfo=berlin), datetime(2026, 1, 3, tzinfo=berlin))
    assert written_range(asked) == ("2026-01-01 23:00:00", "2026-01-02 22:59:59")


@given(st.datetimes(EARLIEST, LATEST), st.integers(0, 10**9), st.integers(-5, 5))
def test_a_second_is_in_the_written_range_when_it_is_in_the_range(
    start: datetime, micros: int, near: int
) -> None:
    asked = Range(start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + timedelta(microseconds=micros))
    try:
        first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in written_range(asked))
    except UsageError:
        first, last = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
    for edge in (asked.start, asked.end):
        assert edge is not None
        second = edge.replace(microsecond=0) + timedelta(seconds=near)
        assert (second in asked) == (first <= second <= last)
