"""What Statbate's answers say about themselves, whatever was asked (contract statbate 4.3). None is what one does not say."""

from dataclasses import dataclass, field
from datetime import datetime

from mhc.clients.fields import Gender, Username


@dataclass(frozen=True, slots=True)
class MemberName:
    """A member and its id."""

    name: Username | None
    did: int | None = field(
        metadata={
            "keys": (
                "did",
                "id",
            )
        }
    )


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model and its id."""

    name: Username | None
    gender: Gender | None
    rid: int | None = field(
        metadata={
            "keys": (
                "rid",
                "id",
            )
        }
    )


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page this is, and of how many."""

    total: int | None
    per_page: int | None
    current_page: int | None
    last_page: int | None


@dataclass(frozen=True, slots=True)
class Meta:
    """What an answer says about itself; no operation says all of it."""

    site: str | None
    timezone: str | None
    range: tuple[datetime, ...] | None
    pagination: Paging | None
    member: MemberName | None
    model: ModelName | None
    found: int | None
    requested: int | None
