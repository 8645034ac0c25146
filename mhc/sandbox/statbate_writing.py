"""How Statbate's API writes: sums in dollars, times in the zone asked for, pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from mhc.sandbox.ledger import Ledger, Tip
from mhc.sandbox.statbate_rules import Wish

_TOKENS_IN_A_DOLLAR: Final = 20


def usd(tokens: int) -> int | float:
    """Give tokens in dollars; whole ones come without a fraction."""
    return tokens // _TOKENS_IN_A_DOLLAR if tokens % _TOKENS_IN_A_DOLLAR == 0 else tokens * 5 / 100


def total(tips: Iterable[Tip]) -> int:
    """Add tips up."""
    return sum(tip.tokens for tip in tips)


@dataclass(frozen=True)
class Writing:
    """One answer: what was asked, of whom, and the form. `naive` leaves the zone out of times and says `model_name`."""

    wish: Wish
    ledger: Ledger
    naive: bool

    def local(self, at: int) -> datetime:
        """Give a moment in the zone asked for."""
        return datetime.fromtimestamp(at, UTC).astimezone(self.wish.zone)

    def day(self, at: int) -> date:
        """Give the day of a moment there."""
        return self.local(at).date()

    def instant(self, at: int | None) -> str | None:
        """Write a moment."""
        if at is None:
            return None
        local = self.local(at)
        return f"{local:%Y-%m-%d %H:%M:%S}" if self.naive else local.isoformat()

    def days(self) -> int:
        """Give how many days the range has, until now."""
        last = min(self.wish.last, self.ledger.now)
        return max(1, (self.day(last) - self.day(self.wish.first)).days + 1)

    def meta(self, *parts: str, **more: Any) -> dict[str, Any]:
        """Give what an answer says about itself: the site, and of zone and range what is among the parts."""
        found: dict[str, Any] = {"site": self.wish.site, **more}
        if "timezone" in parts:
            found["timezone"] = self.wish.zone.key
        if "range" in parts:
            found["range"] = [self.instant(self.wish.first), self.instant(self.wish.last)]
        return found

    def member_name(self, member: int) -> dict[str, Any]:
        """Give a member as `meta` has it."""
        return {"id": self.ledger.did(member), "name": self.ledger.members[member]}

    def page(self, rows: Sequence[Any]) -> tuple[Sequence[Any], dict[str, int | None]]:
        """Give the page of rows that was asked for, and what is said about it."""
        number, size = self.wish.page, self.wish.per_page
        some = rows[(number - 1) * size : number * size]
        begins = (number - 1) * size + 1 if some else None
        return some, {
            "total": len(rows),
            "per_page": size,
            "current_page": number,
            "last_page": max(1, -(-len(rows) // size)),
            "from": begins,
            "to": None if begins is None else begins + len(some) - 1,
        }
