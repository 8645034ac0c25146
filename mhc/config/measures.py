"""Settings that measure or count something: each kind's parser, which raises ValueError with the reason."""

import re
from datetime import timedelta

from mhc.patterns import Pattern

_DURATION = Pattern(r"(?:([0-9]{1,3})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?", re.ASCII)
_AGE = Pattern(r"([0-9]{1,5})\s*([dwy])", re.ASCII)
_DAYS = {"d": 1, "w": 7, "y": 365}
_OLDEST = 36_500
_SIZE = Pattern(r"([0-9]{1,9})\s*([kmgt])(?:i?b)?", re.ASCII)
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_FLAGS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


def parse_flag(text: str) -> bool:
    """Give whether a setting is on: 1 or 0, true or false, yes or no, on or off."""
    word = text.strip().lower()
    if word not in _FLAGS:
        raise ValueError("must be 1 or 0")
    return _FLAGS[word]


def parse_scale(text: str) -> float:
    """Give the factor of every back-off: above 0, 1000 at most."""
    try:
        scale = float(text)
    except ValueError:
        scale = -1.0
    if not 0 < scale <= 1000:
        raise ValueError("must be a number above 0, 1000 at most")
    return scale


def parse_rate(text: str) -> float:
    """Give what a token is worth in dollars: above 0, 1 at most."""
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 < rate <= 1:
        raise ValueError("must be dollars a token, such as 0.05: above 0, 1 at most")
    return rate


def parse_count(text: str) -> int:
    """Give a whole number from 0 to 10000."""
    if not re.fullmatch(r"[0-9]{1,4}|10000", text.strip(), re.ASCII):
        raise ValueError("must be a whole number from 0 to 10000")
    return int(text)


def parse_gap(text: str) -> timedelta:
    """Give a length of time such as 30m, 1h30m or 90s: a day at most."""
    match = _DURATION.fullmatch(text.strip().lower())
    if not match or not any(match.groups()):
        raise ValueError('must be a length of time such as "30m", "1h30m" or "90s"')
    hours, minutes, seconds = (int(number or 0) for number in match.groups())
    gap = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if gap > timedelta(days=1):
        raise ValueError("must be a day at most")
    return gap


def parse_age(text: str) -> timedelta:
    """Give how old something may get, such as 365d, 52w or 2y (of 365 days): a day at least."""
    match = _AGE.fullmatch(text.strip().lower())
    days = int(match[1]) * _DAYS[match[2]] if match else 0
    if not 0 < days <= _OLDEST:
        raise ValueError('must be a time such as "90d", "52w" or "2y", from a day to 100 years')
    return timedelta(days=days)


def parse_size(text: str) -> int:
    """Give a number of bytes, such as 500MiB or 1GiB: 1 MiB at least."""
    match = _SIZE.fullmatch(text.strip().lower())
    size = int(match[1]) * _UNITS[match[2]] if match else 0
    if size < _UNITS["m"]:
        raise ValueError('must be a size such as "500MiB" or "1GiB", 1 MiB at least')
    return size
