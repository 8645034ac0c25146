"""Instants: aware UTC in the program, whole epoch milliseconds in the database."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Give the epoch milliseconds of an aware time, rounded down. Raises ValueError for a naive one."""
    if at.tzinfo is None:
        message = f"a time without a zone: {at.isoformat()}"
        raise ValueError(message)
    return (at - EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    """Give the aware UTC time of epoch milliseconds, exactly."""
    return EPOCH + timedelta(milliseconds=ms)


def known(at: datetime) -> datetime | None:
    """Give a time as it is stored; None for the epoch, at which a pasted line of unknown time stands."""
    return None if at == EPOCH else at


def iso_z(at: datetime) -> str:
    """Write an instant as 2026-01-01T00:00:00Z; milliseconds only where there are some."""
    if at.tzinfo is None:
        raise ValueError(f"a time without a zone: {at.isoformat()}")
    precision = "milliseconds" if at.microsecond >= 1000 else "seconds"
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision) + "Z"
