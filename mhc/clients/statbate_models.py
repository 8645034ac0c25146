"""What Statbate answers about models and tags, under the names that the API has (contract statbate 4.6).

`usd` and what is named `total`, `hourly`, `daily`, `avg` are US dollars, `*_tokens` tokens; all sums are what Statbate
observed in public, not what anyone was paid. Durations have no documented unit. None is what an answer does not say.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from mhc.clients.fields import Gender, Username


@dataclass(frozen=True, slots=True)
class Model:
    """A row of the ranking of models."""

    position: int | None
    online: bool | None
    name: Username | None
    gender: Gender | None
    rid: int | None
    total_tokens: int | None
    total: float | None
    hourly_tokens: int | None
    hourly: float | None
    hours: int | None
    dons: int | None  # tippers
    daily_tokens: int | None
    daily: float | None


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """How long a model was online."""

    count: int | None
    total_duration: int | None
    average_duration: int | None


@dataclass(frozen=True, slots=True)
class Income:
    """What was seen tipped."""

    tokens: int | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class ModelTag:
    """A tag of a model."""

    name: str | None
    category: str | None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model in short. `rank` is said to be wrong; the last rank of ModelRank is not."""

    name: Username | None
    rid: int | None
    gender: Gender | None
    rank: int | None
    sessions: SessionFigures | None
    income: Income | None
    tags: tuple[ModelTag, ...] | None


@dataclass(frozen=True, slots=True)
class ActivitySummary:
    """Sums of a model's sessions."""

    total_sessions: int | None
    public_sessions: int | None
    total_duration: int | None
    average_duration: int | None


@dataclass(frozen=True, slots=True)
class ModelSession:
    """One session of a model; no end while it is live."""

    start_time: datetime | None
    end_time: datetime | None
    duration: int | None


@dataclass(frozen=True, slots=True)
class ModelActivity:
    """A model's sessions."""

    name: Username | None
    rid: int | None
    gender: Gender | None
    summary: ActivitySummary | None
    sessions: tuple[ModelSession, ...] | None


@dataclass(frozen=True, slots=True)
class MembersSummary:
    """Sums over a model's tippers."""

    total_members: int | None
    total_tokens: int | None
    total_usd: float | None
    average_per_member: int | None
    average_per_member_usd: float | None
    returning_members: int | None
    new_members: int | None


@dataclass(frozen=True, slots=True)
class TopMember:
    """One of a model's tippers."""

    did: int | None
    name: Username | None
    tokens: int | None
    usd: float | None
    tip_count: int | None
    first_tip: datetime | None
    last_tip: datetime | None


@dataclass(frozen=True, slots=True)
class SpendingClass:
    """How many tippers spent an amount in a range; the range is a label."""

    range: str | None
    count: int | None


@dataclass(frozen=True, slots=True)
class ModelMembers:
    """A model's tippers; how many of them are named is not documented."""

    name: Username | None
    rid: int | None
    gender: Gender | None
    summary: MembersSummary | None
    top_members: tuple[TopMember, ...] | None
    spending_distribution: tuple[SpendingClass, ...] | None


@dataclass(frozen=True, slots=True)
class RankSummary:
    """How a model's rank moved; 1 is best, the sign of the change is not documented."""

    first_rank: int | None
    last_rank: int | None
    best_rank: int | None
    worst_rank: int | None
    rank_change: int | None
    rank_change_percent: float | None
    trend: str | None
    total_tokens: int | None
    total_usd: float | None


@dataclass(frozen=True, slots=True)
class DayRank:
    """A day's rank; days may be missing."""

    date: date | None
    rank: int | None
    tokens: int | None


@dataclass(frozen=True, slots=True)
class ModelRank:
    """A model's ranks."""

    name: Username | None
    rid: int | None
    gender: Gender | None
    summary: RankSummary | None
    ranks: tuple[DayRank, ...] | None


@dataclass(frozen=True, slots=True)
class ModelTip:
    """A tip that a model got, and from whom."""

    time: datetime | None
    did: int | None
    tokens: int | None
    usd: float | None
    name: Username | None = field(
        metadata={
            "keys": (
                "name",
                "member",
                "member_name",
            )
        }
    )


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of the site."""

    tag: str | None
    models: int | None
    tokens: int | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class FoundTag:
    """A tag that was searched for."""

    tag: str | None
    name: str | None
    value: str | None
    models_count: int | None
