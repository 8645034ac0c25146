"""How somebody spends, in words: a line for what belongs together."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from mhc.cli.output import Field, Screen
from mhc.cli.report.asking import Head
from mhc.cli.table import UNKNOWN, local, share
from mhc.domain import hours
from mhc.domain.counted import counted

if TYPE_CHECKING:
    from mhc.reports.spending import Report
    from mhc.reports.spending_elsewhere import Elsewhere, Loyalty

_MOST = 3  # items, models, tags
_OPEN = frozenset({"username", "rhythm"})  # what everybody may see
_CALLED = {
    "statbate.member_info": "of all time",
    "statbate.member_tips": "in tips",
    "statbate.member_activity": "in all",
    "statbate.member_top_models": "to models",
}

Line = tuple[str, Sequence[str | None]]


def head(username: str, found: "Report", screen: Screen, tz: tzinfo) -> Head:
    """Give the figures that belong to no session as a record; what is not known of a person has no line."""
    shown: dict[str, list[str]] = {}
    for key, parts in (*_who(username, found), *_paid(found), *_rhythm(found, tz), *_elsewhere(found, tz)):
        if said := screen.dot.join(part for part in parts if part):
            shown.setdefault(key, []).append(said)
    return Head([Field(key, "lines", secrecy=None if key in _OPEN else "amount") for key in shown], shown)


def _who(username: str, found: "Report") -> Iterator[Line]:
    others = ", ".join(found.alternates)
    yield "username", [username, f"with {others}" if others else None]


def _paid(found: "Report") -> Iterator[Line]:
    paid, weeks = found.paid, found.rhythm.weeks_seen
    if paid.tokens is None or paid.tips is None:
        yield "tokens", [UNKNOWN]
        return
    yield "tokens", [f"{paid.tokens:,}", None if paid.share is None else f"{share(paid.share)} of the room"]
    rate = found.rhythm.per_week
    seen = None if rate is None else f"{rate:,.2f} in each of {counted(weeks or 0, 'week')} seen"
    yield "tips", [f"{paid.tips:,}", seen, f"{paid.media:,} media" if paid.media else None]
    if paid.quartiles is not None:
        middle = f"half of them {paid.quartiles.first:,} to {paid.quartiles.third:,}"
        yield "amounts", [middle, f"median {paid.quartiles.median:,}", f"largest {paid.largest:,}"]
    yield "favourites", [f"{one.tokens:,} ({_times(one.times)})" for one in paid.favourites]
    yield "menu", [f"{one.label or 'no item'} ({_times(one.times)})" for one in (found.by_item or ())[:_MOST]]


def _rhythm(found: "Report", tz: tzinfo) -> Iterator[Line]:
    paid, rhythm = found.paid, found.rhythm
    between = rhythm.days_between
    yield (
        "rhythm",
        [
            f"tips on {counted(rhythm.days_tipped, 'day')}" if rhythm.days_tipped else None,
            between and f"every {counted(between.median, 'day')} (median)",
            between and f"longest pause {counted(between.longest, 'day')}",
            f"first {local(paid.first_tip_at, tz)[:10]}" if paid.first_tip_at else None,
            f"last {local(paid.last_tip_at, tz)}" if paid.last_tip_at else None,
        ],
    )
    counts = [0] * hours.DAY
    for one in found.by_hour:
        counts[one.hour] += one.tips
    usual = hours.usual(counts)
    if usual is not None:
        half = f"{usual.inside:,} of {counted(sum(counts), 'tip')}"
        yield "hours", [f"mostly {usual.begin:02}:00 to {usual.end:02}:00 ({half})"]


def _elsewhere(found: "Report", tz: tzinfo) -> Iterator[Line]:
    for one in found.elsewhere:
        whose = f"{one.username}: " if found.alternates else ""
        yield "elsewhere", [f"{whose}{_reading(one, tz)}"]
    if found.loyalty is not None:
        yield "loyalty", list(_loyal(found.loyalty, tz))


def _reading(one: "Elsewhere", tz: tzinfo) -> str:
    figures = [
        None if one.tokens is None else f"{counted(one.tokens, 'token')} {_CALLED.get(one.source, '')}",
        None if one.tips is None else counted(one.tips, "tip"),
        *(
            most.name if most.tokens is None else f"{most.name} {most.tokens:,}"
            for most in (one.most or ())[:_MOST]
        ),
    ]
    known = ", ".join(figure for figure in figures if figure) or "nothing that is known"
    of = f" of {one.range}" if one.range else ""
    return f"{one.source.partition('.')[0].capitalize()} {local(one.captured_at, tz)[:10]}{of}: {known}"


def _loyal(one: "Loyalty", tz: tzinfo) -> Iterator[str]:
    here = UNKNOWN if one.here is None else f"{one.here:,}"
    if one.share is not None:
        yield f"{share(one.share)} here"
    yield f"{here} here, {one.known:,} seen by {one.source.partition('.')[0].capitalize()}"
    yield f"{local(one.since, tz)} to {local(one.until, tz)}"


def _times(number: int) -> str:
    return f"{number:,} times" if number != 1 else "once"
