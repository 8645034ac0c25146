"""What Statbate's API says of models."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from mhc.sandbox.ledger import Session, Tip, between
from mhc.sandbox.models import TAG_KINDS
from mhc.sandbox.statbate_writing import Writing, total, usd

Answer = dict[str, Any]

_MOST_NAMED: Final = 100
_CLASSES: Final = ((0, 100), (100, 1_000), (1_000, 10_000), (10_000, None))


def _sessions(write: Writing, model: int) -> list[Session]:
    return write.ledger.sessions_in(model, write.wish.first, write.wish.last)


def in_range(write: Writing, model: int) -> Sequence[Tip]:
    """Give the tips that a model got in the range that was asked for."""
    return between(write.ledger.of_model[model], write.wish.first, write.wish.last)


def _who(write: Writing, model: int) -> dict[str, Any]:
    one = write.ledger.models[model]
    return {"name": one.name, "rid": write.ledger.rid(model), "gender": one.gender}


def _answer(write: Writing, model: int, **data: Any) -> Answer:
    return {"data": _who(write, model) | data, "meta": write.meta("timezone", "range")}


def info(write: Writing, model: int) -> Answer:
    """Give a model in short; its rank is another than the last one of the ranks by day, as it is with theirs."""
    minutes = [one.minutes(write.ledger.now) for one in _sessions(write, model)]
    tokens = total(in_range(write, model))
    ranks = [rank for _, rank, _ in _ranks(write, model)]
    return _answer(
        write,
        model,
        rank=sum(ranks) // len(ranks) + 1 if ranks else 0,
        sessions={
            "count": len(minutes),
            "total_duration": sum(minutes),
            "average_duration": sum(minutes) // max(1, len(minutes)),
        },
        income={"tokens": tokens, "usd": usd(tokens)},
        tags=[{"name": tag, "category": TAG_KINDS[tag]} for tag in write.ledger.models[model].tags],
    )


def activity(write: Writing, model: int) -> Answer:
    """Give a model's sessions; one that lasts has no end."""
    rows = [
        {
            "start_time": write.instant(one.start),
            "end_time": write.instant(one.end),
            "duration": one.minutes(write.ledger.now),
        }
        for one in _sessions(write, model)
    ]
    minutes = sum(row["duration"] for row in rows if isinstance(row["duration"], int))
    summary = {
        "total_sessions": len(rows),
        "public_sessions": len(rows),
        "total_duration": minutes,
        "average_duration": minutes // max(1, len(rows)),
    }
    return _answer(write, model, summary=summary, sessions=rows)


def members(write: Writing, model: int) -> Answer:
    """Give who tipped a model."""
    given: dict[int, list[Tip]] = defaultdict(list)
    for tip in in_range(write, model):
        given[tip.member].append(tip)
    sums = {member: total(tips) for member, tips in given.items()}
    firsts: dict[int, int] = {}
    for tip in write.ledger.of_model[model]:
        firsts.setdefault(tip.member, tip.at)
    fresh = sum(firsts[member] >= write.wish.first for member in given)
    count, tokens = len(given), sum(sums.values())
    summary = {
        "total_members": count,
        "total_tokens": tokens,
        "total_usd": usd(tokens),
        "average_per_member": tokens // max(1, count),
        "average_per_member_usd": round(usd(tokens) / max(1, count), 2),
        "returning_members": count - fresh,
        "new_members": fresh,
    }
    top = sorted(given, key=lambda member: (-sums[member], member))[:_MOST_NAMED]
    return _answer(
        write,
        model,
        summary=summary,
        top_members=[_top(write, member, given[member]) for member in top],
        spending_distribution=[
            {
                "range": f"{low}+" if high is None else f"{low}-{high}",
                "count": sum(low <= one and (high is None or one < high) for one in sums.values()),
            }
            for low, high in _CLASSES
        ],
    )


def _top(write: Writing, member: int, tips: Sequence[Tip]) -> Answer:
    tokens = total(tips)
    return {
        "did": write.ledger.did(member),
        "name": write.ledger.members[member],
        "tokens": tokens,
        "usd": usd(tokens),
        "tip_count": len(tips),
        "first_tip": write.instant(tips[0].at),
        "last_tip": write.instant(tips[-1].at),
    }


def _ranks(write: Writing, model: int) -> list[tuple[date, int, int]]:
    """Give rank and tokens of each day on which a model got any; 1 is who got most that day."""
    book, days = write.ledger, defaultdict[date, dict[int, int]](dict)
    for tip in between(book.tips, write.wish.first, write.wish.last):
        day = days[write.day(tip.at)]
        day[tip.model] = day.get(tip.model, 0) + tip.tokens
    return [
        (day, 1 + sum(one > tokens[model] for one in tokens.values()), tokens[model])
        for day, tokens in days.items()
        if model in tokens
    ]


def rank(write: Writing, model: int) -> Answer:
    """Give a model's rank by day; days without a tip are left out."""
    found = _ranks(write, model)
    ranks = [rank for _, rank, _ in found] or [0]
    change, tokens = ranks[0] - ranks[-1], sum(tokens for _, _, tokens in found)
    summary = {
        "first_rank": ranks[0],
        "last_rank": ranks[-1],
        "best_rank": min(ranks),
        "worst_rank": max(ranks),
        "rank_change": change,
        "rank_change_percent": round(100 * change / max(1, ranks[0]), 2),
        "trend": "improving" if change > 0 else "declining" if change < 0 else "stable",
        "total_tokens": tokens,
        "total_usd": usd(tokens),
    }
    rows = [{"date": day.isoformat(), "rank": rank, "tokens": tokens} for day, rank, tokens in found]
    return _answer(write, model, summary=summary, ranks=rows)


def tips(write: Writing, model: int) -> Answer:
    """Give the tips that a model got, the newest first."""
    some, paging = write.page(in_range(write, model)[::-1])
    rows = [
        {
            "time": write.instant(tip.at),
            "name": write.ledger.members[tip.member],
            "did": write.ledger.did(tip.member),
            "tokens": tip.tokens,
            "usd": usd(tip.tokens),
        }
        for tip in some
    ]
    who = _who(write, model)
    named = {"id": who["rid"], "name": who["name"], "gender": who["gender"]}
    return {"data": rows, "meta": write.meta("range", model=named, pagination=paging)}
