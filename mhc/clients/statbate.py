"""Statbate's Premium API: its operations by name, read-only (contract statbate).

    client.fetch(MEMBER_INFO, Query(name="viewer_one")).one.all_time_tokens

`read` is the whole way from an answer to values; a saved one takes the same.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from mhc.clients import fields
from mhc.clients.api import Api
from mhc.clients.failures import (
    BrokenAnswerError,
    RefusedError,
    RejectedError,
    Rule,
    Terms,
    broken,
    decode,
    is_page,
    judge,
    says,
)
from mhc.clients.http import Answer
from mhc.clients.pacing import Pacer, Rate
from mhc.clients.statbate_answers import Meta
from mhc.clients.statbate_members import MemberInfo
from mhc.clients.statbate_operations import (
    MEMBER_ACTIVITY,
    MEMBER_INFO,
    MEMBER_INFO_BATCH,
    MEMBER_MODEL,
    MEMBER_TAG_SPENDING,
    MEMBER_TIPS,
    MEMBER_TOP_MODELS,
    MEMBERS,
    MEMBERS_ONLINE,
    MODEL_ACTIVITY,
    MODEL_INFO,
    MODEL_MEMBERS,
    MODEL_RANK,
    MODEL_TIPS,
    MODELS,
    MOST_NAMES,
    MOST_PER_PAGE,
    OPERATIONS,
    TAGS,
    TAGS_SEARCH,
    Operation,
)
from mhc.clients.statbate_requests import Query, request_for, username
from mhc.config import Secret

__all__ = [
    "MEMBERS", "MEMBERS_ONLINE", "MEMBER_ACTIVITY", "MEMBER_INFO", "MEMBER_INFO_BATCH", "MEMBER_MODEL",
    "MEMBER_TAG_SPENDING", "MEMBER_TIPS", "MEMBER_TOP_MODELS", "MODELS", "MODEL_ACTIVITY", "MODEL_INFO",
    "MODEL_MEMBERS", "MODEL_RANK", "MODEL_TIPS", "OPERATIONS", "TAGS", "TAGS_SEARCH", "Batch", "Fetched", "Query",
    "StatbateClient", "read",
]  # fmt: skip

T = TypeVar("T")

TERMS: Final = Terms(
    name="Statbate",
    token="STATBATE_API_TOKEN",  # noqa: S106 - the name of a setting
    rules=(
        Rule(range(403, 404), RefusedError, "Statbate refuses this ({status}){said}", lambda a: not is_page(a),
             "the plan of STATBATE_API_TOKEN may not include it, or not so far back"),
        # The address is wrong, or gone: that says nothing about a person.
        Rule(range(404, 405), RejectedError, "Statbate has no such address ({status}){said}", says("route")),
    ),
    cooldown=60,
)  # fmt: skip
# 120 a minute an account, whichever of its tokens asks (contract statbate 4.2); the batch has a budget of its own.
_RATES: Final = {False: (Rate("statbate", 0.5),), True: (Rate("statbate-batch", 0.5),)}
_UNKNOWN: Final = "not found"


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """One answer: typed rows, and beside each the JSON that it came as. What did not fit is said in `problems`.

    `lost` says of each row where in it something did not fit, `all_parts` what came, also where it is no row.
    """

    rows: tuple[T, ...]
    parts: tuple[bytes, ...]
    lost: tuple[frozenset[str], ...]
    all_parts: tuple[bytes, ...]
    meta: Meta | None
    payload: bytes
    problems: tuple[str, ...]

    @property
    def one(self) -> T:
        """The only row, of an operation that answers with one object."""
        (row,) = self.rows
        return row


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch says of each name, as the API writes it: a person, that it knows none, or an error, which is no "no"."""

    found: dict[str, tuple[MemberInfo, bytes]]
    lost: dict[str, frozenset[str]]  # where in what is said of whom something did not fit
    unknown: dict[str, bytes]
    failed: dict[str, str]  # why, or empty where the answer passes over a name
    problems: tuple[str, ...]


class _Envelope(msgspec.Struct):
    data: msgspec.Raw
    meta: Any = None


def read(
    operation: Operation[T],
    answer: Answer,
    *,
    about: str = "it",
    timezone: str | None = None,
    now: float | None = None,
) -> Fetched[T]:
    """Read an answer. Raises UpstreamError. `timezone` is the one that was asked with, for times that name none."""
    judge(TERMS, answer, about, time.time() if now is None else now)
    decode(TERMS, answer)  # all of it: what follows looks at parts
    try:
        envelope = msgspec.json.decode(answer.body, type=_Envelope)
        parts = (
            msgspec.json.decode(envelope.data, type=list[msgspec.Raw])
            if operation.is_list
            else [envelope.data]
        )
    except msgspec.ValidationError:
        raise broken(TERMS, answer, f"to {operation.name} has no data of the documented form") from None
    reading = fields.Reading(_zone(envelope.meta, timezone), [])
    rows = []
    for number, part in enumerate(parts):
        reading.lost.clear()
        at = f"data[{number}]" if operation.is_list else "data"
        row = fields.read(operation.row, msgspec.json.decode(part), reading, at)
        if row is not None:
            lost = frozenset(path.partition(".")[2] for path in reading.lost)
            rows.append((row, bytes(part), lost))
    if parts and not rows:
        raise broken(TERMS, answer, f"to {operation.name} has no data of the documented form")
    meta = None if envelope.meta is None else fields.read(Meta, envelope.meta, reading, "meta")
    return Fetched(
        tuple(row for row, _, _ in rows),
        tuple(part for _, part, _ in rows),
        tuple(lost for _, _, lost in rows),
        tuple(map(bytes, parts)),
        meta,
        answer.body,
        tuple(reading.problems),
    )


def _zone(meta: object, asked: str | None) -> ZoneInfo:
    """Give the zone that an answer's times are written in, where they do not say: the answer's, the one asked for, UTC."""
    named = meta.get("timezone") if isinstance(meta, dict) else None
    for name in (named, asked):
        try:
            if isinstance(name, str):
                return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")


def sort_batch(names: Iterable[str], fetched: Fetched[MemberInfo]) -> Batch:
    """Say which of the names a batch found, does not know, or failed at; its rows may come in any order."""
    batch = Batch({}, {}, {}, {}, fetched.problems)
    came = zip(fetched.rows, fetched.parts, fetched.lost, strict=True)
    rows = {str(row.name): (row, part, lost) for row, part, lost in came if row.name}
    for name in dict.fromkeys(names):
        if name not in rows:
            batch.failed[name] = ""
            continue
        row, part, lost = rows[name]
        error = row.error or ""
        if row.did is not None and not error:
            batch.found[name], batch.lost[name] = (row, part), lost
        elif not error or _UNKNOWN in error.lower():
            batch.unknown[name] = part
        else:
            batch.failed[name] = error
    return batch


class StatbateClient:
    """Statbate's API for one account."""

    def __init__(
        self,
        base_url: str,
        token: Secret,
        pacer: Pacer,
        *,
        wait_scale: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api = Api(TERMS, base_url, pacer, bearer=token, wait_scale=wait_scale, clock=clock)
        self._clock = clock

    def fetch(self, operation: Operation[T], query: Query) -> Fetched[T]:
        """Ask an operation. Raises UpstreamError, UsageError for what it does not take, PacedError."""
        request = request_for(operation, query)

        def reader(answer: Answer) -> Fetched[T]:
            return read(operation, answer, about=request.about, timezone=query.timezone, now=self._clock())

        return self._api.ask(request, _RATES[operation is MEMBER_INFO_BATCH], reader)

    def fetch_pages(self, operation: Operation[T], query: Query, *, most: int = 100) -> Iterator[Fetched[T]]:
        """Ask page after page, `most` at most, by our own count: nothing in an answer leads anywhere.

        A row that moves from page to page meanwhile may come twice; a range that lies in the past holds still.
        """
        for number in range(query.page, query.page + most):
            page = self.fetch(operation, replace(query, page=number))
            if _number_of(page) not in {None, number}:
                # It would give that page for ever.
                raise BrokenAnswerError(f"Statbate gives page {_number_of(page)} for page {number}")
            yield page
            if is_last(page, number, query.per_page or MOST_PER_PAGE):
                return
        raise BrokenAnswerError(
            f"Statbate has more than {most} pages of {operation.name}", hint="ask for a shorter range"
        )

    def fetch_batches(self, names: Iterable[str], query: Query | None = None) -> Iterator[Batch]:
        """Ask about any number of members, a hundred at a time."""
        unique = tuple(dict.fromkeys(map(username, names)))
        for start in range(0, len(unique), MOST_NAMES):
            some = unique[start : start + MOST_NAMES]
            yield sort_batch(some, self.fetch(MEMBER_INFO_BATCH, replace(query or Query(), names=some)))

    def stop(self) -> None:
        """Break what is under way. May be called from another thread."""
        self._api.stop()

    def close(self) -> None:
        """Close the connection."""
        self._api.close()


def is_last(page: Fetched[Any], number: int, per_page: int) -> bool:
    """Say whether no page follows; where the answer does not count pages, one that is not full is the last."""
    paging = page.meta.pagination if page.meta else None
    if page.all_parts and paging and paging.last_page is not None:
        return number >= paging.last_page
    return len(page.all_parts) < per_page


def _number_of(page: Fetched[Any]) -> int | None:
    return page.meta.pagination.current_page if page.meta and page.meta.pagination else None
