"""On which tags a viewer spends elsewhere, as Statbate has it: by tag, and by the tags of the models they spent most on.

Figures of two sources, or of two ranges, are of the same tokens in part: they stand side by side and never add up.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from mhc.clients import fields
from mhc.clients.statbate_members import TagSpending, TopModel
from mhc.store import people, room_texts, series

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.series import Question, Said, Taken

T = TypeVar("T")
SPENDING: Final = "statbate.member_tag_spending"
MODELS: Final = "statbate.member_top_models"
_INSTANT = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Row:
    """What one source says of one tag in one range; no tag is all models that have none."""

    tag: str | None
    tokens: int | None
    models: int | None
    source: str
    range: str
    captured_at: datetime


class Tipped(NamedTuple):
    """The models that a viewer spent most on in a range, and of how many of them tags are known here."""

    range: str
    captured_at: datetime
    models: int
    with_known_tags: int


class Report(NamedTuple):
    """The tags by source and range, the most tokens first, equals by name; and the models that were tipped, by range."""

    rows: Sequence[Row]
    models: Sequence[Tipped]
    sources: Sequence[str]


def read(
    conn: "Connection", person_ids: Sequence[int], since: datetime | None, until: datetime | None
) -> Report:
    """Give what the newest readings of each range, of those taken in a half-open time, say of a person: all rows of theirs."""
    rows: list[Row] = []
    tipped: list[Tipped] = []
    for asked, taken in _newest(conn, person_ids, since, until):
        said = series.said(conn, taken.payload_id)
        if asked.source == SPENDING:
            rows += _of_tags(said, asked, taken)
        else:
            models = by_model(said)
            tags = _tags_of(conn, [name for name, _tokens in models])
            rows += _of_models(models, tags, asked, taken)
            known = sum(name in tags for name, _tokens in models)
            tipped.append(Tipped(asked.range, taken.captured_at, len(models), known))
    rows.sort(key=_order)
    sources = list(dict.fromkeys(row.source for row in rows))
    return Report(rows, tipped, [*sources, "affiliate"] if MODELS in sources else sources)


def _order(row: Row) -> tuple[object, ...]:
    place = (row.source != SPENDING, row.range)
    return (*place, row.tokens is None, -(row.tokens or 0), row.tag is None, row.tag or "")


def _newest(
    conn: "Connection", ids: Sequence[int], since: datetime | None, until: datetime | None
) -> "Iterator[tuple[Question, Taken]]":
    for asked in series.questions(conn, ids):
        if asked.source not in {SPENDING, MODELS} or asked.subject:  # which is of a part of the rows
            continue
        taken = series.latest(conn, ids, asked.id, None if until is None else until - _INSTANT)
        if taken is not None and (since is None or taken.captured_at >= since):
            yield asked, taken


def _of_tags(said: "Said", asked: "Question", taken: "Taken") -> Iterator[Row]:
    for tag, tokens, models in by_tag(said):
        yield Row(tag, tokens, models, asked.source, asked.range, taken.captured_at)


def by_tag(said: "Said") -> list[tuple[str, int | None, int | None]]:
    """Give tag, tokens and models of a reading; where the retention policy took what was said, the tags alone."""
    told = _rows(TagSpending, said.body)
    if told is None:
        return [(tag, None, None) for tag in said.metrics.get("tags_list") or ()]
    return [(one.tag, one.total_tokens, one.models_count) for one in told if one.tag]


def by_model(said: "Said") -> list[tuple[str, int | None]]:
    """Give model and tokens of a reading; where the retention policy took what was said, the models alone."""
    told = _rows(TopModel, said.body)
    if told is None:
        return [(name, None) for name in said.metrics.get("models_list") or ()]
    return [(one.name, one.total_tokens) for one in told if one.name]


def _of_models(
    models: Iterable[tuple[str, int | None]],
    tags: Mapping[str, frozenset[str]],
    asked: "Question",
    taken: "Taken",
) -> Iterator[Row]:
    by_tag: dict[str | None, list[int | None]] = defaultdict(list)
    for name, tokens in models:
        for tag in tags[name] or (None,) if name in tags else ():
            by_tag[tag].append(tokens)
    for tag, spent in by_tag.items():
        known = [tokens for tokens in spent if tokens is not None]
        total = sum(known) if len(known) == len(spent) else None  # a part of a sum is no sum
        yield Row(tag, total, len(spent), asked.source, asked.range, taken.captured_at)


def _tags_of(conn: "Connection", names: Sequence[str]) -> dict[str, frozenset[str]]:
    """Give the tags that the rooms of these people were last seen with; of who is not in it none are known."""
    roots = people.roots(conn)
    holders = {name: roots.get(who, who) for name, who in people.ids_of(conn, names).items()}
    rows = people.roots_of_rows(conn, holders.values())
    found: dict[int, set[str]] = defaultdict(set)
    for row, tags in room_texts.last_known(conn, rows).items():
        found[rows[row]].update(tags)
    return {name: frozenset(found[who]) for name, who in holders.items() if who in found}


def _rows(kind: type[T], body: bytes | None) -> list[T] | None:
    """Read the rows of a list as it came; None where it is not kept, or is none."""
    listed = None if body is None else json.loads(body)
    if not isinstance(listed, list):
        return None
    reading = fields.Reading(UTC, [])
    return [row for one in listed if (row := fields.read(kind, one, reading)) is not None]
