"""What Statbate's API says of the whole site: models, members and tags in order, and who is online."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from mhc.sandbox.ledger import Tip, between
from mhc.sandbox.models import COUPLE, FEMALE, MALE, TRANS
from mhc.sandbox.statbate_members import tag_name
from mhc.sandbox.statbate_writing import Writing, total, usd

Answer = dict[str, Any]

HOUR: Final = 3_600
DAY: Final = 24 * HOUR
HIGH_TIPPER: Final = 10_000  # tokens in the range
# /members/online alone counts genders otherwise, and has no trans.
_ONLINE_GENDERS: Final = {1: FEMALE, 2: MALE, 3: COUPLE, 0: TRANS}


def models(write: Writing) -> Answer:
    """Give the models by what they got."""
    book = write.ledger
    given = _by(between(book.tips, write.wish.first, write.wish.last), "model")
    wanted = write.wish.genders or {MALE, FEMALE, TRANS, COUPLE}
    rows: list[Answer] = []
    for model in _ranked(given):
        if book.models[model].gender not in wanted:
            continue
        sessions = book.sessions_in(model, write.wish.first, write.wish.last)
        hours = sum(one.minutes(book.now) for one in sessions) // 60
        tokens = total(given[model])
        hourly, daily = tokens // max(1, hours), tokens // write.days()
        rows.append(
            {
                "position": len(rows) + 1,
                "online": book.on_air(model),
                "name": book.models[model].name,
                "gender": book.models[model].gender,
                "rid": book.rid(model),
                "total_tokens": tokens,
                "total": usd(tokens),
                "hourly_tokens": hourly,
                "hourly": usd(hourly),
                "hours": hours,
                "dons": len({tip.member for tip in given[model]}),
                "daily_tokens": daily,
                "daily": usd(daily),
            }
        )
    return _paged(write, rows)


def members(write: Writing) -> Answer:
    """Give the members by what they gave, to models of the genders asked for."""
    given = _by(_to_genders(write, write.wish.genders, write.wish.first, write.wish.last), "member")
    rows = [
        {"position": position, **_figures(write, member, given[member])}
        for position, member in enumerate(
            [m for m in _ranked(given) if write.wish.high_tippers or total(given[m]) < HIGH_TIPPER], 1
        )
    ]
    return _paged(write, rows)


def _figures(write: Writing, member: int, tips: Sequence[Tip]) -> Answer:
    tokens = total(tips)
    average, daily = tokens // max(1, len(tips)), tokens // write.days()
    return {
        "name": write.ledger.members[member],
        "did": write.ledger.did(member),
        "total_tokens": tokens,
        "total": usd(tokens),
        "tips": len(tips),
        "avg_tokens": average,
        "avg": usd(average),
        "models": len({tip.model for tip in tips}),
        "daily_tokens": daily,
        "daily": usd(daily),
    }


def online(write: Writing) -> Answer:
    """Give who tipped or wrote within the hour, by what they tipped in it; dollars are whole numbers."""
    book = write.ledger
    here = {member for (member, _), at in book.last_said.items() if at > book.now - HOUR}
    here |= {tip.member for tip in between(book.tips, book.now - HOUR, book.now)}
    wanted = {_ONLINE_GENDERS[gender] for gender in write.wish.genders}
    tips = _by(_to_genders(write, wanted, write.wish.first, write.wish.last), "member")
    rows = []
    for member in here & tips.keys() if wanted else here:
        row: Answer = {"online": 1, **_figures(write, member, tips.get(member, [])), "isFavorite": 0}
        for word, seconds in (("hour", HOUR), ("day", DAY), ("week", 7 * DAY)):
            tokens = total(between(tips.get(member, []), book.now - seconds, book.now))
            row |= {f"{word}_tokens": tokens, word: usd(tokens)}
        rows.append({key: int(value) if isinstance(value, float) else value for key, value in row.items()})
    rows.sort(key=lambda row: (-row["hour_tokens"], -row["total_tokens"], row["did"]))
    meta = write.meta("timezone", "range", filters={"selectedGenders": sorted(write.wish.genders)})
    return {"data": [{"position": place, **row} for place, row in enumerate(rows, 1)], "meta": meta}


def tags(write: Writing) -> Answer:
    """Give the tags by what models with them got."""
    tokens: Counter[str] = Counter()
    seen: dict[str, set[int]] = defaultdict(set)
    for tip in between(write.ledger.tips, write.wish.first, write.wish.last):
        for tag in write.ledger.models[tip.model].tags:
            tokens[tag] += tip.tokens
            seen[tag].add(tip.model)
    return _paged(
        write,
        [
            {"tag": tag, "models": len(seen[tag]), "tokens": tokens[tag], "usd": usd(tokens[tag])}
            for tag in sorted(tokens, key=lambda tag: (-tokens[tag], tag))
        ],
    )


def search_tags(write: Writing) -> Answer:
    """Give the tags that a text stands in, the most usual first; all of them for an empty one."""
    used = Counter(tag for model in write.ledger.models for tag in model.tags)
    found = sorted(
        (tag for tag in used if write.wish.query.lower() in tag), key=lambda tag: (-used[tag], tag)
    )
    return {"data": [{**tag_name(tag), "models_count": used[tag]} for tag in found[: write.wish.limit]]}


def _to_genders(write: Writing, genders: Iterable[int], first: int, last: int) -> Sequence[Tip]:
    wanted, tips = set(genders), between(write.ledger.tips, first, last)
    return [tip for tip in tips if write.ledger.models[tip.model].gender in wanted] if wanted else tips


def _by(tips: Iterable[Tip], whose: str) -> dict[int, list[Tip]]:
    found: dict[int, list[Tip]] = defaultdict(list)
    for tip in tips:
        found[getattr(tip, whose)].append(tip)
    return found


def _ranked(given: Mapping[int, Sequence[Tip]]) -> list[int]:
    return sorted(given, key=lambda one: (-total(given[one]), one))


def _paged(write: Writing, rows: Sequence[Answer]) -> Answer:
    some, paging = write.page(rows)
    return {"data": some, "meta": write.meta("range", pagination=paging)}
