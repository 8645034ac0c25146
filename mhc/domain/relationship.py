"""What somebody is to the owner: the words for it, and how changes add up."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, get_args

Role = Literal["dom", "sub", "friend", "custom"]
Status = Literal["Potential", "Occasional", "Active", "On Hold", "Inactive", "Decommissioned", "Banished"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
FIRST_STATUS: Final = STATUSES[0]
# What is suggested; any other word may be typed.
TRAITS: Final = {
    "dom": ("Intellectual", "Aggressive", "TokenDaddy", "Daddy", "Master", "Sir"),
    "sub": ("Pup", "Boi", "Brat", "Slave", "Servant", "Pet"),
    "friend": ("Special", "Regular", "Tipper", "Drive-By"),
}


@dataclass(frozen=True, slots=True)
class Relationship:
    """What somebody is; nothing where there is no status. `label` is the owner's word for the role custom."""

    roles: tuple[str, ...] = ()
    label: str | None = None
    status: str | None = None
    traits: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


FIELDS: Final = ("roles", "label", "status", "traits", "since", "until")


def added_up(changes: Iterable[tuple[str, Any]]) -> Relationship:
    """Give what follows from changes (field and new value) in the order in which they happened."""
    return replace(Relationship(), **dict(changes))
