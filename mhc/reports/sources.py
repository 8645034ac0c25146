"""Checks of the sources: which tokens there are, and what works without each."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mhc.config import RoomSettings, Settings
from mhc.reports.findings import Finding, error, off, ok, warning

TOKENS_AT = "https://chaturbate.com/statsapi/authtoken/"
CLOCK_WARNING, CLOCK_ERROR = timedelta(seconds=5), timedelta(minutes=5)


def check(loaded: Settings) -> Iterator[Finding]:
    """Say of each token whether it is there, and what its absence disables."""
    if not loaded.rooms:
        yield off(
            "room", "no own room: nothing is captured, figures are of all rooms", "set CHATURBATE_USERNAME"
        )
    for room in loaded.rooms:
        yield events_token(loaded, room)
        yield _set_or_off(
            "statistics token",
            room.stats_token,
            f"{room.name}: ",
            "statistics of the account, no affiliate earnings",
            "CB_STATS_TOKEN",
        )
    if loaded.events_token is not None and not any(room.events_token for room in loaded.rooms):
        yield warning("events token", "a token, but no room that it is for", "set CHATURBATE_USERNAME")
    yield _set_or_off("statbate token", loaded.statbate_token, "", "Statbate history", "STATBATE_API_TOKEN")
    yield _set_or_off("affiliate code", loaded.affiliate_wm, "", "public room feed", "MHC_AFFILIATE_WM")
    yield _set_or_off("erasure key", loaded.erasure_key, "", "person forget", "MHC_ERASURE_KEY")


def events_token(loaded: Settings, room: RoomSettings) -> Finding:
    """Say whether a room can be captured."""
    if room.events_token is None:
        hint = f"make one with the scope Events API at {TOKENS_AT} and set CB_AUTH_TOKEN"
        return off("events token", f"{room.name}: not set: mhc listen cannot capture the room", hint)
    single = room.events_token == loaded.events_token
    return ok("events token", f"{room.name}: set ({loaded.origin('CB_AUTH_TOKEN') if single else 'file'})")


def _set_or_off(check: str, value: object, whose: str, what: str, variable: str) -> Finding:
    if value is None:
        return off(check, f"{whose}not set: no {what}", f"set {variable}")
    return ok(check, f"{whose}set")


def clock(check: str, theirs: datetime, ours: datetime, *, doubt: timedelta) -> Finding:
    """Judge the difference between two clocks; `doubt` is how far apart the looks at them may have been."""
    apart = ours - theirs
    sure = max(abs(apart) - doubt, timedelta())
    if sure <= CLOCK_WARNING:
        return ok(check, "agrees")
    way = "ahead" if apart > timedelta() else "behind"
    said = f"{abs(apart).total_seconds():.0f} s {way}"
    return (error if sure > CLOCK_ERROR else warning)(check, said, "set this machine's clock (NTP)")
