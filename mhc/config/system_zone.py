"""The machine's own time zone, by name where it has one."""

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from mhc.config.values import parse_zone

_LOCALTIME = Path("/etc/localtime")


def system_zone(environ: Mapping[str, str], localtime: Path = _LOCALTIME) -> ZoneInfo:
    """Give the zone of $TZ, else of /etc/localtime, else UTC. Raise ValueError for a TZ that is no name."""
    text = environ.get("TZ", "").removeprefix(":")
    if text.startswith("/"):
        return _zone_of(Path(text))
    return parse_zone(text) if text else _zone_of(localtime)


def _zone_of(path: Path) -> ZoneInfo:
    """Give the zone that a file holds, with its name if the file lies (or links) among the system's."""
    try:
        real = str(path.resolve())
        _, found, name = real.partition("/zoneinfo/")
        if found:
            return parse_zone(name)
        with path.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError, RuntimeError):
        return ZoneInfo("UTC")
