"""Settings that say when a job runs, and for whom: each kind's parser, which raises ValueError with the reason."""

import re
from datetime import time, timedelta

from mhc.patterns import Pattern

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_SPAN = Pattern(r"(?:([0-9]{1,2})w)?(?:([0-9]{1,3})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?", re.ASCII)
_CLOCK = Pattern(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_TAG = Pattern(r"#?([a-z0-9_-]{1,50})", re.ASCII)
_LONGEST = timedelta(days=366)
_GENDERS = {"f": "f", "m": "m", "t": "t", "c": "c", "female": "f", "male": "m", "trans": "t", "couple": "c"}
SEGMENTS = ("tippers", "followers", "models")


def parse_span(text: str) -> timedelta:
    """Give a length of time such as 5m, 6h, 1d or 2w: a minute at least, a year at most."""
    match = _SPAN.fullmatch(text.strip().lower())
    weeks, days, hours, minutes = (int(part or 0) for part in match.groups()) if match else (0, 0, 0, 0)
    span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    if not timedelta(minutes=1) <= span <= _LONGEST:
        raise ValueError('must be a length of time such as "5m", "6h", "1d" or "2w", a minute at least')
    return span


def parse_clock(text: str) -> time:
    """Give a time of day, such as 04:15."""
    match = _CLOCK.fullmatch(text.strip())
    if not match:
        raise ValueError('must be a time of day such as "04:15"')
    return time(int(match[1]), int(match[2]))


def parse_weekday(text: str) -> int:
    """Give the number of a day of the week, Monday being 0; three letters of its name are enough."""
    word = text.strip().lower()
    found = [number for number, name in enumerate(DAYS) if len(word) > 2 and name.startswith(word)]
    if not found:
        raise ValueError(f"must be a day of the week: {', '.join(DAYS)}")
    return found[0]


def parse_hours(text: str) -> tuple[time, time]:
    """Give the beginning and the end of some hours of the day, such as 23:00-08:00."""
    begin, dash, end = text.partition("-")
    try:
        hours = parse_clock(begin), parse_clock(end)
    except ValueError:
        dash = ""
    if not dash or hours[0] == hours[1]:
        raise ValueError('must be hours of the day such as "23:00-08:00"')
    return hours


def parse_number(text: str) -> int:
    """Give a whole number, a thousand million at most."""
    if not re.fullmatch(r"[0-9]{1,9}", text.strip(), re.ASCII):
        raise ValueError("must be a whole number")
    return int(text)


def parse_budget(text: str) -> int:
    """Give how many at most: 1 at least."""
    number = parse_number(text)
    if not number:
        raise ValueError("must be 1 at least")
    return number


def parse_name(text: str) -> str:
    """Give the name of a list."""
    name = text.strip()
    if not name or not name.isprintable():
        raise ValueError("must be the name of a list")
    return name


def parse_segment(text: str) -> str:
    """Give a segment of people: tippers, followers or models."""
    word = text.strip().lower()
    if word not in SEGMENTS:
        raise ValueError(f"must be {', '.join(SEGMENTS[:-1])} or {SEGMENTS[-1]}")
    return word


def parse_gender(text: str) -> str:
    """Give a gender as the site writes it: f, m, t or c."""
    word = text.strip().lower()
    if word not in _GENDERS:
        raise ValueError("must be f, m, t or c (female, male, trans, couple)")
    return _GENDERS[word]


def parse_tag(text: str) -> str:
    """Give a tag in lower case, without its #."""
    match = _TAG.fullmatch(text.strip().lower())
    if not match:
        raise ValueError("must be a tag: letters, digits, _ and -")
    return match[1]
