"""What an own account earned as an affiliate: tables of programmes, day by day (contract other 7.1)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any, Final

from mhc.clients import fields
from mhc.clients.failures import broken, decode, judge
from mhc.clients.http import Answer
from mhc.clients.site import TERMS, SiteClient

PATH: Final = "/affiliates/apistats/"
# What is moved, not earned: left out of every sum.
TRANSFERS: Final = frozenset(
    {"daily payout request", "payout adjustment", "returned payout", "cashed-out tokens"}
)
Cell = str | float | None


# Where something that does not fit leaves a sum over the programmes unknown.
_OF_TOTALS: Final = frozenset({"stats[]", "stats[].columns", "stats[].totals"})


@dataclass(frozen=True, slots=True)
class Programme:
    """One table. A cell without a figure is None, which is not 0; columns differ from programme to programme."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Cell], ...]
    totals: Mapping[str, Cell]

    @property
    def is_transfer(self) -> bool:
        """Whether it says what was moved, not what was earned."""
        return self.name.strip().lower() in TRANSFERS


@dataclass(frozen=True, slots=True)
class Earnings:
    """One answer: typed, and as it came. Both days belong to the range. What did not fit is said in `problems`.

    `lost` says whether a programme or its totals did not fit: `programmes[]`.
    """

    programmes: tuple[Programme, ...]
    starts_on: date | None
    ends_on: date | None
    breakdown: str | None
    payload: bytes
    problems: tuple[str, ...]
    lost: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Range:
    start_date: date | None
    end_date: date | None


@dataclass(frozen=True, slots=True)
class _Head:
    range: _Range | None
    breakdown: str | None


def read(answer: Answer, *, about: str = "the account", now: float | None = None) -> Earnings:
    """Read an answer. Raises UpstreamError."""
    judge(TERMS, answer, about, time.time() if now is None else now)
    body = decode(TERMS, answer)
    if not isinstance(body, dict) or not isinstance(body.get("stats"), list):
        raise broken(TERMS, answer, "has no list of programmes")
    reading = fields.Reading(UTC, [])
    head = fields.read(_Head, body, reading, "it")
    assert head is not None
    programmes = [_programme(one, reading, f"stats[{number}]") for number, one in enumerate(body["stats"])]
    return Earnings(
        tuple(one for one in programmes if one is not None),
        head.range.start_date if head.range else None,
        head.range.end_date if head.range else None,
        head.breakdown,
        answer.body,
        tuple(reading.problems),
        frozenset({"programmes[]"} if reading.lost & _OF_TOTALS else ()),
    )


def _programme(table: Any, reading: fields.Reading, at: str) -> Programme | None:
    if not isinstance(table, dict) or not isinstance(table.get("program"), str):
        reading.misfit(at, table, "a programme")
        return None
    names, rows, totals = table.get("columns"), table.get("rows"), table.get("totals")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        reading.misfit(f"{at}.columns", names, "a list of names")
        return None
    if not isinstance(rows, list):
        reading.misfit(f"{at}.rows", rows, "a list")
        rows = []
    found = [_row(names, row, reading, f"{at}.rows[{number}]") for number, row in enumerate(rows)]
    if not isinstance(totals, dict | None):
        reading.misfit(f"{at}.totals", totals, "an object")
    sums = totals if isinstance(totals, dict) else {}
    return Programme(
        table["program"],
        tuple(names),
        tuple(row for row in found if row is not None),
        {name: _cell(value, reading, f"{at}.totals") for name, value in sums.items()},
    )


def _row(names: list[str], row: Any, reading: fields.Reading, at: str) -> Mapping[str, Cell] | None:
    if not isinstance(row, list) or len(row) != len(names):
        reading.misfit(at, row, f"a list of {len(names)} cells")
        return None
    return {name: _cell(value, reading, at) for name, value in zip(names, row, strict=True)}


def _cell(value: Any, reading: fields.Reading, at: str) -> Cell:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        reading.misfit(at, value, "a figure or a text")
        return None
    return value


class EarningsClient(SiteClient):
    """The affiliate earnings of one account."""

    def fetch(self, *, breakdown: str | None = None) -> Earnings:
        """Read the earnings of the current range; other parameters may provoke a refusal, so none are sent.

        Raises UpstreamError; PacedError where they were read within five minutes. A studio's accounts:
        `breakdown="sub_account__username"`.
        """
        more = {"stats_breakdown": breakdown} if breakdown else None
        return self.ask(PATH, lambda answer: read(answer, about=self.room, now=self.clock()), more)
