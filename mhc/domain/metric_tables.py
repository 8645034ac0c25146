"""The table of metrics: what is read from each answer, under the names that the API has where it has one.

A figure of a range is a gauge, since a range that moves on gives less as well as more; only what counts a whole life is
a counter. Units are those of the contracts; what is not documented is `unknown`. Sums over tags are left out: a model
has several.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """How a metric changes, which says how two readings of it are compared."""

    COUNTER = "counter"  # only grows; where it falls, it began anew
    GAUGE = "gauge"
    ID = "id"
    DATE = "date"
    LIST = "list"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a source: `field` is where its answer has it, `fold` what is made of the values of a list."""

    name: str
    kind: Kind
    unit: str | None
    field: str
    fold: str = "value"

    @property
    def of_rows(self) -> bool:
        """Whether it is read from all rows of an answer, not from one."""
        return self.field.startswith("[]")

    @property
    def origin(self) -> str:
        """Say where it comes from, in words."""
        return self.field if self.fold == "value" else f"{self.fold.replace('_', ' ')} of {self.field}"


_UNKNOWN: Final = "unknown"  # the unit of Statbate's durations is not documented


def _id(field: str, name: str = "") -> Metric:
    return Metric(name or field, Kind.ID, None, field)


def _text(field: str, name: str = "") -> Metric:
    return Metric(name or field, Kind.TEXT, None, field)


def _date(name: str, field: str = "", fold: str = "value") -> Metric:
    return Metric(name, Kind.DATE, None, field or name, fold)


def _gauge(name: str, unit: str, field: str = "", fold: str = "value") -> Metric:
    return Metric(name, Kind.GAUGE, unit, field or name, fold)


def _counter(name: str, unit: str, field: str = "", fold: str = "value") -> Metric:
    return Metric(name, Kind.COUNTER, unit, field or name, fold)


def _list(name: str, field: str = "", fold: str = "value") -> Metric:
    return Metric(name, Kind.LIST, None, field or name, fold)


_MODEL: Final = (_text("name"), _id("rid"), _text("gender"))
_TIPS: Final = (
    _gauge("tips", "tips", "[]", "number"),
    _gauge("tokens", "tokens", "[].tokens", "sum"),
    _gauge("usd", "usd", "[].usd", "sum"),
    _gauge("largest_tip", "tokens", "[].tokens", "most"),
    _date("first_tip", "[].time", "least"),
    _date("last_tip", "[].time", "most"),
)

_PROFILE: Final = (
    _gauge("follower_count", "people", "profile.follower_count"),
    _gauge("fan_club_cost", "tokens/month", "profile.fan_club_cost"),
    _date("last_broadcast", "profile.last_broadcast"),
    _text("profile.gone", "gone"),
)

TABLES: Final[Mapping[str, tuple[Metric, ...]]] = {
    "statbate.models": (
        *_MODEL,
        _gauge("position", "rank"),
        _text("online"),
        _gauge("total_tokens", "tokens"),
        _gauge("total", "usd"),
        _gauge("hourly_tokens", "tokens/hour"),
        _gauge("hourly", "usd/hour"),
        _gauge("hours", "hours"),
        _gauge("dons", "people"),
        _gauge("daily_tokens", "tokens/day"),
        _gauge("daily", "usd/day"),
        _gauge("rows", "people", "[]", "number"),
        _gauge("rows_tokens", "tokens", "[].total_tokens", "sum"),
        _gauge("rows_usd", "usd", "[].total", "sum"),
    ),
    "statbate.members": (
        _text("name"),
        _id("did"),
        _gauge("position", "rank"),
        _gauge("total_tokens", "tokens"),
        _gauge("total", "usd"),
        _gauge("tips", "tips"),
        _gauge("avg_tokens", "tokens"),
        _gauge("avg", "usd"),
        _gauge("models", "people"),
        _gauge("daily_tokens", "tokens/day"),
        _gauge("daily", "usd/day"),
        _gauge("rows", "people", "[]", "number"),
        _gauge("rows_tokens", "tokens", "[].total_tokens", "sum"),
        _gauge("rows_usd", "usd", "[].total", "sum"),
    ),
    "statbate.member_info": (
        _text("name"),
        _id("did"),
        _date("first_message_date"),
        _date("first_tip_date"),
        _date("last_tip_date"),
        _gauge("last_tip_amount", "tokens"),
        _counter("all_time_tokens", "tokens"),
        _gauge("models_messaged_2weeks", "people"),
        _list("models_messaged_2weeks_list", "models_messaged_2weeks_list[]", "all"),
        _gauge("models_tipped_2weeks", "people"),
        _list("models_tipped_2weeks_list", "models_tipped_2weeks_list[]", "all"),
        _gauge("per_day_tokens", "tokens", "per_day_tokens[].tokens", "sum"),
        _gauge("days_tipped", "days", "per_day_tokens[]", "number"),
    ),
    "statbate.member_model": (
        _id("member.did", "did"),
        _id("model.rid", "rid"),
        _text("model.name", "model"),
        _gauge("tokens", "tokens", "total.tokens"),
        _gauge("usd", "usd", "total.usd"),
        _gauge("tips", "tips", "total.tips"),
        _gauge("days_tipped", "days", "daily_spending[]", "number"),
        _date("first_day", "daily_spending[].date", "least"),
        _date("last_day", "daily_spending[].date", "most"),
    ),
    "statbate.model_info": (
        *_MODEL,
        _gauge("rank", "rank"),
        _gauge("sessions", "sessions", "sessions.count"),
        _gauge("total_duration", _UNKNOWN, "sessions.total_duration"),
        _gauge("average_duration", _UNKNOWN, "sessions.average_duration"),
        _gauge("income_tokens", "tokens", "income.tokens"),
        _gauge("income_usd", "usd", "income.usd"),
        _list("tags", "tags[].name", "all"),
    ),
    "statbate.model_activity": (
        *_MODEL,
        _gauge("sessions", "sessions", "summary.total_sessions"),
        _gauge("public_sessions", "sessions", "summary.public_sessions"),
        _gauge("total_duration", _UNKNOWN, "summary.total_duration"),
        _gauge("average_duration", _UNKNOWN, "summary.average_duration"),
        _date("first_start", "sessions[].start_time", "least"),
        _date("last_start", "sessions[].start_time", "most"),
        _date("last_end", "sessions[].end_time", "most"),
    ),
    "statbate.model_members": (
        *_MODEL,
        _gauge("members", "people", "summary.total_members"),
        _gauge("tokens", "tokens", "summary.total_tokens"),
        _gauge("usd", "usd", "summary.total_usd"),
        _gauge("average_per_member", "tokens", "summary.average_per_member"),
        _gauge("average_per_member_usd", "usd", "summary.average_per_member_usd"),
        _gauge("returning_members", "people", "summary.returning_members"),
        _gauge("new_members", "people", "summary.new_members"),
        _list("top_members", "top_members[].name", "in_order"),
    ),
    "statbate.model_rank": (
        *_MODEL,
        _gauge("first_rank", "rank", "summary.first_rank"),
        _gauge("last_rank", "rank", "summary.last_rank"),
        _gauge("best_rank", "rank", "summary.best_rank"),
        _gauge("worst_rank", "rank", "summary.worst_rank"),
        _gauge("rank_change", "rank", "summary.rank_change"),
        _gauge("rank_change_percent", "percent", "summary.rank_change_percent"),
        _text("summary.trend", "trend"),
        _gauge("tokens", "tokens", "summary.total_tokens"),
        _gauge("usd", "usd", "summary.total_usd"),
        _gauge("days_ranked", "days", "ranks[]", "number"),
    ),
    "statbate.model_tips": (*_TIPS, _gauge("tippers", "people", "[].name", "different")),
    "statbate.member_tips": (*_TIPS, _gauge("models", "people", "[].model", "different")),
    "statbate.member_tag_spending": (
        _gauge("tags", "tags", "[]", "number"),
        Metric("top_tag", Kind.TEXT, None, "[].tag", "first"),
        _list("tags_list", "[].tag", "in_order"),
    ),
    "statbate.member_top_models": (
        _gauge("models", "people", "[]", "number"),
        _gauge("tokens", "tokens", "[].total_tokens", "sum"),
        _gauge("usd", "usd", "[].total_usd", "sum"),
        Metric("top_model", Kind.TEXT, None, "[].name", "first"),
        _list("models_list", "[].name", "in_order"),
    ),
    "statbate.member_activity": (
        _gauge("tips", "tips", "daily[].tip_count", "sum"),
        _gauge("tokens", "tokens", "daily[].token_sum", "sum"),
        _gauge("usd", "usd", "daily[].usd_sum", "sum"),
        _gauge("hours_active", "hours", "hourly[]", "number"),
        _gauge("weekdays_active", "days", "daily[]", "number"),
    ),
    "statbate.tags": (
        _text("tag"),
        _gauge("models", "people"),
        _gauge("tokens", "tokens"),
        _gauge("usd", "usd"),
        _gauge("rows", "tags", "[]", "number"),
        _list("tags_list", "[].tag", "in_order"),
    ),
    "statbate.tags_search": (
        _text("tag"),
        _gauge("models_count", "people"),
        _gauge("rows", "tags", "[]", "number"),
        _list("tags_list", "[].tag", "in_order"),
    ),
    "statbate.members_online": (
        _text("name"),
        _id("did"),
        _gauge("position", "rank"),
        _text("online"),
        _gauge("total_tokens", "tokens"),
        _gauge("total", "usd"),
        _gauge("tips", "tips"),
        _gauge("avg_tokens", "tokens"),
        _gauge("avg", "usd"),
        _gauge("models", "people"),
        _gauge("daily_tokens", "tokens/day"),
        _gauge("daily", "usd/day"),
        _gauge("hour_tokens", "tokens"),
        _gauge("hour", "usd"),
        _gauge("day_tokens", "tokens"),
        _gauge("day", "usd"),
        _gauge("week_tokens", "tokens"),
        _gauge("week", "usd"),
        _gauge("rows", "people", "[]", "number"),
    ),
    # A balance that falls was paid out, one that rises is the least that was earned (contract cbstats 3.2).
    "stats": (
        _text("username"),
        _counter("token_balance", "tokens"),
        _gauge("tips_in_last_hour", _UNKNOWN),  # a number of tips by the documentation, tokens by some
        _gauge("votes_up", "votes"),
        _gauge("votes_down", "votes"),
        _gauge("satisfaction_score", "percent"),
        _date("last_broadcast"),
        _counter("time_online", "minutes"),
        _gauge("num_followers", "people"),
        _gauge("num_viewers", "people"),
        _gauge("num_registered_viewers", "people"),
        _gauge("num_tokened_viewers", "people"),
    ),
    # Of the period that is running: it begins anew with the next. What was only moved is left out (contract other 7.1).
    "apistats": (
        _date("starts_on"),
        _date("ends_on"),
        _counter("payout", "usd", "programmes[].totals.Payout", "earned"),
        _counter("money_spent", "usd", "programmes[].totals.Total Money Spent", "earned"),
        _counter("registrations", "people", "programmes[].totals.Free Registrations", "earned"),
        _counter("hits", "hits", "programmes[].totals.Raw Hits", "earned"),
        _list("programmes", "programmes[].name", "all"),
    ),
    "profile": _PROFILE,
    "profile.room_page": _PROFILE,
    "profile.bio_page": _PROFILE,
    # What it saw in them stands among the readings of rooms.
    "cbhours": (_list("months"),),
}
