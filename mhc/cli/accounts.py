"""Which rooms are captured, each with its token."""

import logging

from mhc.cli.lookups import username
from mhc.config import Secret, Settings
from mhc.errors import AccessError, UsageError

log = logging.getLogger("mhc.listen")


def chosen(loaded: Settings, rooms: tuple[str, ...], *, everything: bool) -> dict[str, Secret]:
    """Give the rooms that were named, every configured one, or the own one. Raises UsageError, AccessError."""
    if everything and rooms:
        raise UsageError("--all is every configured room: give it without --room")
    return every(loaded) if everything else dict(account(loaded, name) for name in rooms or (own(loaded),))


def own(loaded: Settings) -> str:
    """Give the own room. Raises UsageError where none is set."""
    if loaded.room is None:
        raise UsageError(
            "which room?", hint="set CHATURBATE_USERNAME, or give --room; to try mhc out: mhc sandbox demo"
        )
    return loaded.room


def every(loaded: Settings) -> dict[str, Secret]:
    """Give each configured room that has a token; one that has none is named and left out, unless none has one."""
    if not loaded.rooms:
        own(loaded)
    found: dict[str, Secret] = {}
    missing: list[AccessError] = []
    for one in loaded.rooms:
        try:
            room, token = account(loaded, one.name)
        except AccessError as error:
            missing.append(error)
        else:
            found[room] = token
    if not found:
        raise missing[0]
    for refused in missing:
        log.error("%s: this room is left out", refused.message)
    return found


def account(loaded: Settings, name: str) -> tuple[str, Secret]:
    """Give a room's name and its token. Raises AccessError where it has none."""
    room = username(name)
    token = next((one.events_token for one in loaded.rooms if one.name == room), None)
    if token is None and len(loaded.rooms) <= 1 and loaded.room in {None, room}:
        token = loaded.events_token
    if token is None:
        hint = "set CB_AUTH_TOKEN to a token with the scope Events API; to try mhc out: mhc sandbox demo"
        raise AccessError(f"no token for {room}", hint=hint)
    return room, token
