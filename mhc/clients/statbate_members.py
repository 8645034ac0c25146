"""What Statbate answers about members, under the names that the API has (contract statbate 4.6).

`usd` and what is named `total`, `hourly`, `daily`, `avg` are US dollars, `*_tokens` tokens; all sums are what Statbate
observed in public, not what anyone was paid. Durations have no documented unit. None is what an answer does not say.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from mhc.clients.fields import Gender, Username
from mhc.clients.statbate_answers import MemberName, ModelName


@dataclass(frozen=True, slots=True)
class Member:
    """A row of the ranking of members."""

    position: int | None
    name: Username | None
    did: int | None
    total_tokens: int | None
    total: float | None
    tips: int | None
    avg_tokens: int | None
    avg: float | None
    models: int | None
    daily: float | None
    daily_tokens: int | None


@dataclass(frozen=True, slots=True)
class DayTokens:
    """Tokens of a day; days without any may be missing."""

    date: date | None
    tokens: int | None


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """A member in short. `error` stands in answers to a batch only."""

    name: Username | None
    did: int | None
    first_message_date: datetime | None
    first_tip_date: datetime | None
    last_tip_date: datetime | None
    last_tip_amount: int | None
    models_messaged_2weeks: int | None
    models_messaged_2weeks_list: tuple[Username, ...] | None
    models_tipped_2weeks: int | None
    models_tipped_2weeks_list: tuple[Username, ...] | None
    per_day_tokens: tuple[DayTokens, ...] | None
    all_time_tokens: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Spent:
    """A sum."""

    tokens: int | None
    usd: float | None
    tips: int | None


@dataclass(frozen=True, slots=True)
class DaySpent:
    """A day's sum."""

    date: date | None
    tokens: int | None
    usd: float | None
    tips: int | None


@dataclass(frozen=True, slots=True)
class MemberModel:
    """What one member spent on one model."""

    member: MemberName | None
    model: ModelName | None
    total: Spent | None
    daily_spending: tuple[DaySpent, ...] | None


@dataclass(frozen=True, slots=True)
class MemberTip:
    """A tip that a member gave, and to whom."""

    time: datetime | None
    rid: int | None
    tokens: int | None
    usd: float | None
    model: Username | None = field(
        metadata={
            "keys": (
                "model",
                "model_name",
            )
        }
    )


@dataclass(frozen=True, slots=True)
class TagSpending:
    """What a member spent on models with a tag."""

    position: int | None
    tag: str | None
    name: str | None
    value: str | None
    models_count: int | None
    total_tokens: int | None
    total_usd: float | None


@dataclass(frozen=True, slots=True)
class TopModel:
    """One of the models that a member spent most on."""

    position: int | None
    rid: int | None
    gender: Gender | None
    total_tokens: int | None
    total_usd: float | None
    days: int | None
    daily_tokens: int | None
    daily_usd: float | None
    name: Username | None = field(
        metadata={
            "keys": (
                "name",
                "model",
                "model_name",
            )
        }
    )


@dataclass(frozen=True, slots=True)
class HourActivity:
    """Tips in one hour of the day, 0 to 23, in the zone asked for; hours may be missing."""

    hour: int | None
    tip_count: int | None
    token_sum: int | None
    usd_sum: float | None


@dataclass(frozen=True, slots=True)
class WeekdayActivity:
    """Tips on one day of the week, 1 (Monday) to 7; days may be missing."""

    day_of_week: int | None
    day_name: str | None
    tip_count: int | None
    token_sum: int | None
    usd_sum: float | None


@dataclass(frozen=True, slots=True)
class MemberActivity:
    """When a member tips."""

    hourly: tuple[HourActivity, ...] | None
    daily: tuple[WeekdayActivity, ...] | None


@dataclass(frozen=True, slots=True)
class OnlineMember:
    """A member who is online; dollars are whole numbers here."""

    position: int | None
    online: bool | None
    name: Username | None
    did: int | None
    total_tokens: int | None
    total: float | None
    tips: int | None
    avg_tokens: int | None
    avg: float | None
    models: int | None
    daily_tokens: int | None
    daily: float | None
    hour_tokens: int | None
    hour: float | None
    day_tokens: int | None
    day: float | None
    week_tokens: int | None
    week: float | None
    is_favorite: bool | None = field(metadata={"keys": ("isFavorite",)})
