"""The display time zone: what `--tz` names, and the system's own."""

import os
from datetime import UTC, tzinfo
from pathlib import Path

from mhc.domain.text import encode
from mhc.errors import UsageError


def find_zone(name: str) -> tzinfo:
    """Give the zone that `--tz` names: `utc`, `local` (the system's) or an IANA name."""
    if name.lower() == "utc":
        return UTC
    if name.lower() == "local":
        return system_zone()
    from zoneinfo import ZoneInfo  # not at start-up

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        hint = "give utc, local or a name such as Europe/Berlin"
        raise UsageError(encode(f"no time zone named {name!r}"), hint=hint) from None


def system_zone() -> tzinfo:
    """Give the system's zone with its rules (a fixed offset would be wrong for half of the year), or UTC."""
    from zoneinfo import ZoneInfo  # not at start-up

    named = os.environ.get("TZ", "").removeprefix(":")
    try:
        if named:
            return ZoneInfo(named)
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file, key="local")
    except (KeyError, ValueError, OSError):
        return UTC
