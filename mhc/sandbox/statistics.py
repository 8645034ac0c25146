"""The site's statistics of an own account: `/statsapi/` and `/affiliates/apistats/` of the sandbox."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

from mhc.sandbox import reply, token_statistics
from mhc.sandbox.account import SITE_ZONE, Account
from mhc.sandbox.limits import Limit
from mhc.sandbox.people import dice
from mhc.sandbox.reply import Reply
from mhc.sandbox.story import Story

ROOM_STATISTICS: Final = "/statsapi/"
EARNINGS: Final = "/affiliates/apistats/"
EVERY_SECONDS: Final = 300
# What two requests may lose on their way.
_GRACE: Final = 15
_TOKENS_IN_A_DOLLAR: Final = 20
_REVSHARE: Final = "Revshare: 20% of Money Spent + $50 per broadcaster + 5% Referred Affiliate Income"
_COLUMNS: Final = (
    "Date", "Raw Hits", "Engaged Hits", "Free Registrations", "Referred Broadcasters ($50.00)", "Total Money Spent",
    "Payout",
)  # fmt: skip
SLOW_DOWN: Final = reply.text(403, "Try slowing down a little.", reply.HTML)

Row = list[str | int | float]


def said_with(status: int) -> Reply:
    """Give what the site says with a status."""
    known = {401: reply.UNAUTHORIZED, 403: SLOW_DOWN, 404: reply.NOT_FOUND}
    return known.get(status) or reply.text(status, "Rate limit exceeded" if status == 429 else "refused")


class StatisticsApi:
    """Answers for one account and its token, each address once in five minutes."""

    def __init__(
        self, story: Story, token: str, *, seed: int, speed: float, clock: Callable[[], float]
    ) -> None:
        self._story = story
        self._token = token
        self._seed = seed
        self._limit = Limit(1, EVERY_SECONDS - _GRACE, speed, clock)

    def answer(self, path: str, query: str) -> Reply:
        """Give the answer to a GET."""
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        room = self._story.show.room
        if (given.get("username", "").lower(), given.get("token")) != (room.lower(), self._token):
            return reply.UNAUTHORIZED
        if self._limit.wait(path):
            return SLOW_DOWN
        with self._story.now() as (_, account):
            if path == ROOM_STATISTICS:
                return reply.envelope(200, statistics(room, account))
            return reply.envelope(200, earnings(account, given.get("stats_breakdown"), room, self._seed))

    def token_statistics(self) -> Reply:
        """Give the file of the token statistics, which is no API: whoever is on this machine is logged in."""
        return token_statistics.answer(self._story)


def statistics(room: str, account: Account) -> dict[str, Any]:
    """Give the account as it is: -1 for never and offline, times of the site's own zone without saying so."""
    up, down = account.votes()
    on_air = account.on_since is not None
    last = account.last_on
    return {
        "username": room,
        "token_balance": account.balance,
        "tips_in_last_hour": account.tokens_in_last_hour() if on_air else None,
        "votes_up": up,
        "votes_down": down,
        "satisfaction_score": round(100 * up / (up + down)) if up + down else None,
        "last_broadcast": -1
        if last is None
        else f"{datetime.fromtimestamp(last, SITE_ZONE):%Y-%m-%dT%H:%M:%S}",
        "time_online": (account.now - account.on_since) // 60 if account.on_since is not None else -1,
        "num_followers": account.followers,
        "num_viewers": account.strangers + len(account.crowd),
        "num_registered_viewers": len(account.crowd),
        "num_tokened_viewers": sum(account.crowd.values()),
    }


def earnings(account: Account, breakdown: str | None, room: str, seed: int) -> dict[str, Any]:
    """Give the tables of the half of the month that it is; what was paid out is what left the balance."""
    today = datetime.fromtimestamp(account.now, SITE_ZONE).date()
    start = today.replace(day=1 if today.day < 16 else 16)
    days = [start + timedelta(days=number) for number in range((today - start).days + 1)]
    paid = {day: account.paid_out[day] for day in days if day in account.paid_out}
    by_account = breakdown == "sub_account__username"
    spent = [_traffic(seed, day) for day in days if day < today]
    cashed: list[Row] = [[day.isoformat(), tokens, _dollars(tokens)] for day, tokens in paid.items()]
    if by_account:
        cashed = [[room, sum(paid.values()), _dollars(sum(paid.values()))]] if paid else []
    requests: list[Row] = [[day.isoformat(), -_dollars(tokens)] for day, tokens in paid.items()]
    return {
        "stats": [
            _table(_REVSHARE, list(_COLUMNS), [] if by_account else spent),
            _table("10 Tokens Per Registration + 500 Per Broadcaster", ["Date", "Raw Hits", "Payout"], []),
            _table("Cashed-Out Tokens", ["Username" if by_account else "Date", "Tokens", "Payout"], cashed),
            _table("Daily Payout Request", ["Date", "Payout"], [] if by_account else requests),
        ],
        "range": {"start_date": start.isoformat(), "end_date": today.isoformat()},
        "breakdown": breakdown or "date",
    }


def _traffic(seed: int, day: date) -> Row:
    """Give what visitors of a day brought; a day without sales has no figure, which is not 0."""
    rng = dice(seed, "affiliate", day.isoformat())
    hits = rng.randint(20, 120)
    dollars = rng.choice((0, 0, 20, 40, 65))
    money: Row = [float(dollars), dollars / 5] if dollars else ["", ""]
    return [day.isoformat(), hits, rng.randint(0, 4), rng.randint(0, 1), 0, *money]


def _table(programme: str, columns: list[str], rows: list[Row]) -> dict[str, Any]:
    totals: dict[str, str | float] = {}
    for number, column in enumerate(columns[1:], 1):
        figures = [cell for row in rows if not isinstance(cell := row[number], str)]
        totals[column] = round(sum(figures), 2) if figures else ""
    return {"program": programme, "columns": columns, "rows": rows, "totals": totals}


def _dollars(tokens: int) -> float:
    return tokens / _TOKENS_IN_A_DOLLAR
