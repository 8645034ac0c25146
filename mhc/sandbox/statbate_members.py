"""What Statbate's API says of members."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from mhc.sandbox.ledger import Ledger, Tip, between
from mhc.sandbox.models import TAG_KINDS
from mhc.sandbox.statbate_writing import Writing, total, usd

_DAY: Final = 86_400
_TWO_WEEKS: Final = 14 * _DAY
_PER_DAY: Final = 30 * _DAY  # how far back the tokens of each day go
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_BLANK: Final[dict[str, Any]] = {
    "did": None, "first_message_date": None, "first_tip_date": None, "last_tip_date": None, "last_tip_amount": 0,
    "models_messaged_2weeks": 0, "models_messaged_2weeks_list": [], "models_tipped_2weeks": 0,
    "models_tipped_2weeks_list": [], "per_day_tokens": [], "all_time_tokens": 0, "error": "Member not found",
}  # fmt: skip

Answer = dict[str, Any]


def info(write: Writing, member: int) -> Answer:
    """Give a member in short."""
    return {"data": _info(write, member), "meta": write.meta("timezone")}


def batch(write: Writing) -> Answer:
    """Give each member of a list in short; the others with an error."""
    rows = []
    for name in dict.fromkeys(name.lower() for name in write.wish.names):
        member = write.ledger.member(name)
        known = {} if member is None else {**_info(write, member), "error": None}
        rows.append(known or {"name": name, **_BLANK})
    found = sum(row["did"] is not None for row in rows)
    return {"data": rows, "meta": write.meta("timezone", found=found, requested=len(write.wish.names))}


def _info(write: Writing, member: int) -> Answer:
    book = write.ledger
    tips = book.of_member[member]
    tipped = {tip.model for tip in between(tips, book.now - _TWO_WEEKS, book.now)}
    messaged = {m for (who, m), at in book.last_said.items() if who == member and at >= book.now - _TWO_WEEKS}
    days = _by_day(write, between(tips, book.now - _PER_DAY, book.now))
    return {
        "name": book.members[member],
        "did": book.did(member),
        "first_message_date": write.instant(book.first_said.get(member)),
        "first_tip_date": write.instant(tips[0].at if tips else None),
        "last_tip_date": write.instant(tips[-1].at if tips else None),
        "last_tip_amount": tips[-1].tokens if tips else 0,
        "models_messaged_2weeks": len(messaged),
        "models_messaged_2weeks_list": _names(book, messaged),
        "models_tipped_2weeks": len(tipped),
        "models_tipped_2weeks_list": _names(book, tipped),
        "per_day_tokens": [{"date": day, "tokens": total(some)} for day, some in days.items()],
        "all_time_tokens": total(tips),
    }


def _names(book: Ledger, models: Iterable[int]) -> list[str]:
    return sorted(book.models[model].name for model in models)


def _by_day(write: Writing, tips: Sequence[Tip]) -> dict[str, list[Tip]]:
    days: dict[str, list[Tip]] = defaultdict(list)
    for tip in tips:
        days[write.day(tip.at).isoformat()].append(tip)
    return days


def in_range(write: Writing, member: int) -> Sequence[Tip]:
    """Give a member's tips in the range that was asked for."""
    return between(write.ledger.of_member[member], write.wish.first, write.wish.last)


def model_spending(write: Writing, member: int, model: int) -> Answer:
    """Give what a member spent on a model."""
    book, to = write.ledger, write.ledger.models[model]
    tips = [tip for tip in in_range(write, member) if tip.model == model]
    daily = [{"date": day, **_spent(some)} for day, some in _by_day(write, tips).items()]
    data = {
        "member": {"name": book.members[member], "did": book.did(member)},
        "model": {"name": to.name, "rid": book.rid(model), "gender": to.gender},
        "total": _spent(tips),
        "daily_spending": daily,
    }
    return {"data": data, "meta": write.meta("timezone", "range")}


def _spent(tips: Sequence[Tip]) -> dict[str, int | float]:
    tokens = total(tips)
    return {"tokens": tokens, "usd": usd(tokens), "tips": len(tips)}


def tips(write: Writing, member: int) -> Answer:
    """Give a member's tips, the newest first."""
    some, paging = write.page(in_range(write, member)[::-1])
    key = "model_name" if write.naive else "model"
    rows = [
        {
            "time": write.instant(tip.at),
            key: write.ledger.models[tip.model].name,
            "rid": write.ledger.rid(tip.model),
            "tokens": tip.tokens,
            "usd": usd(tip.tokens),
        }
        for tip in some
    ]
    return {
        "data": rows,
        "meta": write.meta("range", member=write.member_name(member), pagination=paging),
    }


def tag_spending(write: Writing, member: int) -> Answer:
    """Give what a member spent on models with each tag: a tip counts for every tag of its model."""
    tokens: Counter[str] = Counter()
    models: dict[str, set[int]] = defaultdict(set)
    for tip in in_range(write, member):
        for tag in write.ledger.models[tip.model].tags:
            tokens[tag] += tip.tokens
            models[tag].add(tip.model)
    rows = [
        {
            "position": position,
            **tag_name(tag),
            "models_count": len(models[tag]),
            "total_tokens": tokens[tag],
            "total_usd": usd(tokens[tag]),
        }
        for position, tag in enumerate(sorted(tokens, key=lambda tag: (-tokens[tag], tag)), 1)
    ]
    return {"data": write.page(rows)[0], "meta": write.meta("range", member=write.member_name(member))}


def tag_name(tag: str) -> dict[str, str]:
    """Give a tag in the three ways in which it is named."""
    assert tag in TAG_KINDS
    return {"tag": tag, "name": tag, "value": tag}


def top_models(write: Writing, member: int) -> Answer:
    """Give the models that a member spent most on."""
    spent: dict[int, list[Tip]] = defaultdict(list)
    for tip in in_range(write, member):
        spent[tip.model].append(tip)
    rows = []
    for position, model in enumerate(sorted(spent, key=lambda one: (-total(spent[one]), one)), 1):
        tokens, days = total(spent[model]), len(_by_day(write, spent[model]))
        rows.append(
            {
                "position": position,
                "name": write.ledger.models[model].name,
                "rid": write.ledger.rid(model),
                "gender": write.ledger.models[model].gender,
                "total_tokens": tokens,
                "total_usd": usd(tokens),
                "days": days,
                "daily_tokens": tokens // days,
                "daily_usd": usd(tokens // days),
            }
        )
    return {"data": rows, "meta": write.meta("timezone", "range", member=write.member_name(member))}


def activity(write: Writing, member: int) -> Answer:
    """Give when a member tips; hours and days without a tip are left out."""
    hours: dict[int, list[Tip]] = defaultdict(list)
    days: dict[int, list[Tip]] = defaultdict(list)
    for tip in in_range(write, member):
        local = write.local(tip.at)
        hours[local.hour].append(tip)
        days[local.isoweekday()].append(tip)
    data = {
        "hourly": [{"hour": hour, **_tipped(hours[hour])} for hour in sorted(hours)],
        "daily": [
            {"day_of_week": day, "day_name": _WEEKDAYS[day - 1], **_tipped(days[day])} for day in sorted(days)
        ],
    }
    return {"data": data, "meta": write.meta("timezone", "range", member=write.member_name(member))}


def _tipped(tips: Sequence[Tip]) -> dict[str, int | float]:
    tokens = total(tips)
    return {"tip_count": len(tips), "token_sum": tokens, "usd_sum": usd(tokens)}
