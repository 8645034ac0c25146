"""What other sources saw a person spend: beside what they spent here, and never added to it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mhc.domain import windows
from mhc.domain.figures import share
from mhc.domain.spans import Pair
from mhc.domain.times import Range
from mhc.reports.spending_tally import was_heard
from mhc.reports.tags_elsewhere import MODELS, SPENDING, by_model, by_tag
from mhc.store import series, spending

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.counting import Scope
    from mhc.store.series import Question, Taken

# In this order. Source → the figures that are its tokens and its tips.
_FIGURES: Final[Mapping[str, tuple[str | None, str | None]]] = {
    "statbate.member_info": ("all_time_tokens", None),
    "statbate.member_tips": ("tokens", "tips"),
    "statbate.member_activity": ("tokens", "tips"),
    MODELS: ("tokens", None),
    SPENDING: (None, None),  # a model has several tags: their sum is no sum
}
# What has all that a person was seen to spend in a range, the surest first.
_WHOLE: Final = ("statbate.member_tips", "statbate.member_activity", MODELS)
_DAY = timedelta(days=1)


class Spent(NamedTuple):
    """What went to one model, or to the models with one tag; None: the answer that had it is gone."""

    name: str
    tokens: int | None


class Elsewhere(NamedTuple):
    """The last reading of a source; what it does not say is None."""

    username: str  # whose: with alternates there are several
    source: str
    range: str  # empty: a whole life
    captured_at: datetime
    tokens: int | None
    tips: int | None
    most: Sequence[Spent] | None  # models or tags, those with most first


class Loyalty(NamedTuple):
    """What somebody tipped here by name, and what a source saw them spend anywhere, in one and the same range.

    Nothing captured is None; so is the share where more is known here than there.
    """

    source: str
    since: datetime
    until: datetime
    captured_at: datetime
    here: int | None
    known: int
    share: float | None


def newest(conn: "Connection", username: str, ids: Sequence[int], asked: Pair | None) -> list[Elsewhere]:
    """Give the last reading of each source: that of the range which is asked about, where there is one."""
    best: dict[str, tuple[tuple[bool, datetime, str], Question, Taken]] = {}
    for question in _questions(conn, ids, _FIGURES):
        taken = series.latest(conn, ids, question.id)
        if taken is None:
            continue
        rank = (_same(_window(question, taken), asked), taken.captured_at, question.range)
        if question.source not in best or rank > best[question.source][0]:
            best[question.source] = (rank, question, taken)
    found = [best[source][1:] for source in _FIGURES if source in best]
    figures = series.metrics_of(conn, (taken.payload_id for _question, taken in found))
    return [_reading(conn, username, question, taken, figures[taken.payload_id]) for question, taken in found]


def _reading(
    conn: "Connection", username: str, question: "Question", taken: "Taken", figures: Mapping[str, Any]
) -> Elsewhere:
    tokens, tips = (_number(figures, name) for name in _FIGURES[question.source])
    most = _most(conn, question.source, taken)
    return Elsewhere(username, question.source, question.range, taken.captured_at, tokens, tips, most)


def loyalty(conn: "Connection", scope: "Scope", ids: Sequence[int], asked: Pair | None) -> Loyalty | None:
    """Say which share of what a person was seen to spend in a range they tipped here by name, in the very same one.

    None where no source was asked about the same range.
    """
    for question in sorted(_questions(conn, ids, _WHOLE), key=lambda one: _WHOLE.index(one.source)):
        taken = None if asked is None else series.latest(conn, ids, question.id, asked[1] + _DAY)
        window = None if taken is None else _window(question, taken)
        if taken is None or window is None or not _same(window, asked):
            continue
        known = _number(series.metrics_of(conn, [taken.payload_id])[taken.payload_id], "tokens")
        if known is None:
            continue
        same = scope._replace(since=window[0], until=window[1])
        tips = (one.tokens for one in spending.of_people(conn, same, ids, reveal=False) if one.is_tip)
        here = sum(tips) or (0 if was_heard(conn, same) else None)
        part = None if here is None or here > known else share(here, known)
        return Loyalty(question.source, *window, taken.captured_at, here, known, part)
    return None


def _questions(conn: "Connection", ids: Sequence[int], sources: Iterable[str]) -> "list[Question]":
    wanted = frozenset(sources)
    return [one for one in series.questions(conn, ids) if one.source in wanted and not one.subject]


def _window(question: "Question", taken: "Taken") -> Pair | None:
    """Give the time that a reading is about; None: a whole life, or none that is known."""
    try:
        window = windows.parse(question.range).at(taken.captured_at) if question.range else Range()
    except ValueError:
        return None
    return None if window.start is None or window.end is None else (window.start, window.end)


def _same(one: Pair | None, other: Pair | None) -> bool:
    """Whether two ranges are the same: a rolling one ends when its source was asked, some hours before the report is."""
    if one is None or other is None:
        return False
    apart = min(_DAY, (other[1] - other[0]) / 10)
    return all(abs(mine - theirs) <= apart for mine, theirs in zip(one, other, strict=True))


def _number(figures: Mapping[str, Any], name: str | None) -> int | None:
    value = None if name is None else figures.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _most(conn: "Connection", source: str, taken: "Taken") -> Sequence[Spent] | None:
    if source == MODELS:
        return [Spent(*one) for one in by_model(series.said(conn, taken.payload_id))]
    if source == SPENDING:
        return [Spent(tag, tokens) for tag, tokens, _models in by_tag(series.said(conn, taken.payload_id))]
    return None
