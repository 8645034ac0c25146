"""Reading JSON by annotations: what is missing is None, what is wrong is named and costs its field only."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.clients import fields
from mhc.clients.fields import Gender, Reading, Username
from mhc.clients.statbate_operations import OPERATIONS

BERLIN = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Inner:
    count: int | None


@dataclass(frozen=True)
class Thing:
    count: int | None = None
    share: float | None = None
    name: str | None = None
    on: bool | None = None
    at: datetime | None = None
    day: date | None = None
    who: Username | None = None
    gender: Gender | None = None
    words: tuple[str, ...] | None = None
    inner: Inner | None = None
    inners: tuple[Inner, ...] | None = None
    model: Username | None = field(default=None, metadata={"keys": ("model", "model_name")})


def read(**values: Any) -> tuple[Thing, list[str]]:
    reading = Reading(BERLIN, [])
    thing = fields.read(Thing, values, reading, "it")
    assert thing is not None
    return thing, reading.problems


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("count", 5, 5), ("count", 5.0, 5), ("count", "5", 5), ("count", "-5", -5), ("count", 0, 0),
        ("count", 2**62, 2**62), ("share", 1, 1.0), ("share", "1.5", 1.5), ("name", "x", "x"),
        ("on", True, True), ("on", 0, False), ("on", 1, True),
        ("at", "2026-07-01T10:00:00Z", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("at", "2026-07-01T10:00:00.5+02:00", datetime(2026, 7, 1, 8, 0, 0, 500000, tzinfo=UTC)),
        ("at", "2026-07-01 10:00:00", datetime(2026, 7, 1, 8, tzinfo=UTC)),
        ("at", "2026-01-01T10:00:00", datetime(2026, 1, 1, 9, tzinfo=UTC)),
        ("at", "0000-00-00 00:00:00", None), ("day", "0000-00-00", None),
        ("day", "2026-01-30", date(2026, 1, 30)), ("day", "2026-01-30T00:00:00Z", date(2026, 1, 30)),
        ("who", " Viewer_One ", "viewer_one"), ("gender", 3, "couple"), ("gender", "1", "female"),
        ("words", ["a", None, ""], ("a",)), ("words", [], ()), ("inner", {"count": 1, "new": 2}, Inner(1)),
        ("inner", {}, Inner(None)), ("inners", [{"count": 1}], (Inner(1),)),
        ("model", "example_room", "example_room"), ("model_name", "example_room", "example_room"),
        *((key, value, None) for key in ("count", "share", "on", "at", "day", "who") for value in (None, "")),
    ],
)  # fmt: skip
def test_what_fits_is_read(key: str, value: object, found: object) -> None:
    thing, problems = read(**{key: value})
    assert getattr(thing, key.removesuffix("_name")) == found
    assert problems == []


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("count", "many", "it.count: a text instead of a whole number"),
        ("count", 1.5, "it.count: a number instead of a whole number"),
        ("count", True, "it.count: true or false instead of a whole number"),
        ("count", 2**63, "it.count: a number instead of a whole number"),
        ("count", 10**400, "it.count: a number instead of a whole number"),
        ("count", float("nan"), "it.count: a number instead of a whole number"),
        ("count", [1], "it.count: a list instead of a whole number"),
        ("share", float("inf"), "it.share: a number instead of a number"),
        ("share", {}, "it.share: an object instead of a number"),
        ("name", 5, "it.name: a number instead of a text"),
        ("on", 2, "it.on: a number instead of true or false"),
        ("on", 1.0, "it.on: a number instead of true or false"),
        ("at", "yesterday", "it.at: a text instead of a time"),
        ("at", 5, "it.at: a number instead of a time"),
        ("at", "0001-01-01T00:00:00+14:00", "it.at: a text instead of a time"),
        ("day", "2026-13-01", "it.day: a text instead of a day"),
        ("who", 5, "it.who: a number instead of a username"),
        ("gender", 9, "it.gender: a number instead of a known gender"),
        ("words", "a", "it.words: a text instead of a list"),
        ("words", [5], "it.words[0]: a number instead of a text"),
        ("inner", [], "it.inner: a list instead of an object"),
        ("inners", [{"count": "x"}], "it.inners[0].count: a text instead of a whole number"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_its_type_and_costs_its_field_only(
    key: str, value: object, problem: str
) -> None:
    thing, problems = (
        read(**{key: value}, who="viewer_one") if key != "who" else read(who=value, model="viewer_one")
    )
    assert problems == [problem]
    assert "viewer_one" in {thing.who, thing.model}
    assert not getattr(thing, key) or key.startswith("inners")


def test_no_more_than_twenty_problems_are_kept() -> None:
    assert len(read(inners=[{"count": "x"}] * 1000)[1]) == 20


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([
        "name", "did", "rid", "gender", "rank", "sessions", "ranks", "date", "summary", "time", "total", "tags",
    ]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(st.sampled_from(sorted(OPERATIONS)), JSON)
def test_nothing_that_json_can_say_breaks_a_reader(name: str, value: object) -> None:
    reading = Reading(BERLIN, [])
    row = fields.read(OPERATIONS[name].row, value, reading)
    assert (row is not None) == isinstance(value, dict)
