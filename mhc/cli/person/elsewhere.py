"""What other sources know of a person, in words for a card."""

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any, Final

from mhc.cli.table import local

if TYPE_CHECKING:
    from mhc.reports.elsewhere import Changed, Elsewhere

_TAGS = 3
_CALLED: Final = {"stats": "own statistics", "apistats": "affiliate earnings", "profile": "public profile"}
# Figure → in words; what is not here is shown by `mhc snapshot show`.
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "statbate.member_info": {
        "all_time_tokens": "{} tokens seen of all time",
        "first_tip_date": "first tip {}",
        "last_tip_date": "last tip {}",
        "models_tipped_2weeks": "{} tipped in two weeks",
    },
    "statbate.member_top_models": {"top_model": "most to {}", "models": "{} tipped", "tokens": "{} tokens"},
    "statbate.member_tag_spending": {"tags_list": "tags {}"},
    "statbate.model_info": {"income_tokens": "{} tokens seen", "sessions": "{} sessions", "tags": "tags {}"},
    "statbate.model_rank": {"last_rank": "rank {}"},
    "stats": {
        "num_followers": "{} followers",
        "token_balance": "balance {} tokens",
        "votes_up": "{} votes up",
    },
    "profile": {
        "follower_count": "{} followers",
        "fan_club_cost": "fan club {} tokens a month",
        "last_broadcast": "last broadcast {}",
        "gone": "{} by the site",
    },
}


def words(one: "Elsewhere", tz: tzinfo) -> str:
    """Say which source said something when, of which time, and what; what is unknown is left out."""
    called = _CALLED.get(one.source, one.source.partition(".")[0].capitalize())
    of = f" of {one.range}" if one.range else ""
    known = ", ".join(_known(one)) or "nothing that is known"
    return f"{called} {local(one.captured_at, tz)[:10]}{of}: {known}"


def _known(one: "Elsewhere") -> Iterator[str]:
    for name, text in _WORDS.get(one.source, {}).items():
        value = one.metrics.get(name)
        if value not in (None, []):
            yield text.replace("{}", _plain(name, value))


def change(one: "Changed") -> str:
    """Say how a figure changed."""
    grown = "" if one.change is None else f" ({one.change:+,})"
    return f"{one.metric} {_plain(one.metric, one.before)} → {_plain(one.metric, one.after)}{grown}"


def _plain(name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value[:_TAGS]))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)[:10] if name.endswith(("_date", "_tip", "last_broadcast")) else str(value)
