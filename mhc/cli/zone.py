"""The display time zone: what `--tz` names, and the system's own."""

import os
from datetime import UTC, tzinfo

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
    """Give the system's zone, or UTC where $TZ names none."""
    from mhc.config.system_zone import system_zone as of  # not at start-up

    try:
        return of(os.environ)
    except ValueError:
        return UTC
