"""Values of settings as people read them: as the file would have them."""

from datetime import time, timedelta

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def value_text(kind: str, value: object) -> str | None:
    """Write a value of a kind; None where there is none."""
    if value is None or value == ():
        return None
    if isinstance(value, tuple):
        return ("-" if kind == "hours" else ", ").join(str(value_text("", one)) for one in value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, timedelta):
        return length_text(value)
    if isinstance(value, int) and kind == "size":
        return f"{value >> 30}GiB" if value % (1 << 30) == 0 else f"{value >> 20}MiB"
    return f"{value:g}" if isinstance(value, float) else str(value)


def length_text(length: timedelta) -> str:
    """Write a length of time, to the second: 90s is 1m30s."""
    left, parts = int(length.total_seconds()), ""
    for size, unit in _UNITS:
        number, left = divmod(left, size)
        parts += f"{number}{unit}" if number else ""
    return parts or "0m"
