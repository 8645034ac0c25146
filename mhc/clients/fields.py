"""Reads an upstream's JSON into frozen dataclasses: by their annotations, one table of types.

A field that is missing, null or "" is None. One of another type is None, too, and is named among the problems, so that a
change of the upstream is seen and costs that field only. What the dataclass does not name is not looked at.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from mhc.domain.names import username_from_upstream
from mhc.patterns import Pattern

T = TypeVar("T")
Username = NewType("Username", str)
Gender = NewType("Gender", str)

# Everywhere but in /members/online (contract statbate 4.3); 0 may also mean that it is not known.
GENDERS: Final[Mapping[int, str]] = {0: "male", 1: "female", 2: "trans", 3: "couple"}
MOST_PROBLEMS: Final = 20
_MOST_INTEGER: Final = 2**63
_MOST_NUMBER: Final = 1e19
_NUMBER = Pattern(r"\s*[-+]?[0-9]{1,18}(?:\.[0-9]{1,18})?\s*", re.ASCII)
_DAY = Pattern(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?", re.ASCII | re.DOTALL)
_ROW = Pattern(r"\[[0-9]+\]")
_NO_DAY: Final = "0000-00-00"  # as databases of old write that there is none


class MisfitError(ValueError):
    """A value of another type."""


@dataclass(slots=True)
class Reading:
    """One payload that is being read: the zone of times that name none, and what did not fit.

    `lost` has where something did not fit, without numbers of rows: `data[].tokens`. What is made of all values there
    is unknown.
    """

    zone: tzinfo
    problems: list[str]
    lost: set[str] = field(default_factory=set)

    def misfit(self, at: str, value: object, wanted: str) -> None:
        """Note a value that does not fit, by its type: what it says is not ours to repeat."""
        self.lost.add(_ROW.sub("[]", at))
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(f"{at}: {_kind(value)} instead of {wanted}")


def read(kind: type[T], value: object, reading: Reading, at: str = "data") -> T | None:
    """Read one object as a dataclass; None where it is no object."""
    if not isinstance(value, dict):
        reading.misfit(at, value, "an object")
        return None
    found = {name: one(_first(value, keys), reading, f"{at}.{keys[0]}") for name, keys, one in _plan(kind)}  # type: ignore[arg-type]
    return kind(**found)


def integer(value: object, _zone: tzinfo = UTC) -> int:
    """Read a whole number, also where it is written as a fraction or a text."""
    found = _number(value)
    if found is None or found != int(found) or abs(found) >= _MOST_INTEGER:
        raise MisfitError("a whole number")
    return int(found)


def real(value: object, _zone: tzinfo = UTC) -> float:
    """Read a number, also where it is written as a text."""
    found = _number(value)
    if found is None:
        raise MisfitError("a number")
    return float(found)


def _number(value: object) -> int | float | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < _MOST_NUMBER else None  # neither infinite nor no number


def text(value: object, _zone: tzinfo = UTC) -> str:
    """Read a text."""
    if not isinstance(value, str):
        raise MisfitError("a text")
    return value


def flag(value: object, _zone: tzinfo = UTC) -> bool:
    """Read yes or no, also as 1 or 0."""
    if value not in (0, 1) or not isinstance(value, int):
        raise MisfitError("true or false")
    return bool(value)


def instant(value: object, zone: tzinfo) -> datetime:
    """Read a time with an offset, or one of `zone` without; aware UTC."""
    try:
        at = datetime.fromisoformat(text(value).strip())
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise MisfitError("a time") from None


def day(value: object, _zone: tzinfo = UTC) -> date:
    """Read a day, also where a time of day follows it."""
    try:
        found = _DAY.fullmatch(text(value).strip())
        if found:
            return date.fromisoformat(found[1])
    except ValueError:
        pass
    raise MisfitError("a day")


def _username(value: object, _zone: tzinfo) -> str:
    name = username_from_upstream(value)
    if name is None:
        raise MisfitError("a username")
    return name


def _gender(value: object, _zone: tzinfo) -> str:
    word = GENDERS.get(integer(value))
    if word is None:
        raise MisfitError("a known gender")
    return word


_One = Callable[[Any, Reading, str], Any]
_SIMPLE: Final[Mapping[object, Callable[[Any, tzinfo], Any]]] = {
    int: integer, float: real, str: text, bool: flag, datetime: instant, date: day,
    Username: _username, Gender: _gender,
}  # fmt: skip


@cache
def _plan(kind: type[Any]) -> tuple[tuple[str, tuple[str, ...], _One], ...]:
    """Give for each field its name, the keys it may stand under, and how it is read."""
    hints = get_type_hints(kind)
    return tuple((f.name, f.metadata.get("keys", (f.name,)), _reader(hints[f.name])) for f in fields(kind))


def _reader(hint: Any) -> _One:
    if get_origin(hint) in {UnionType, Union}:  # the second for what is named by NewType
        hint = next(one for one in get_args(hint) if one is not NoneType)
    if get_origin(hint) is tuple:
        return _list_reader(get_args(hint)[0])
    if hint in _SIMPLE:
        return _simple_reader(_SIMPLE[hint])
    return lambda value, reading, at: None if value is None else read(hint, value, reading, at)


def _simple_reader(one: Callable[[Any, tzinfo], Any]) -> _One:
    def reader(value: Any, reading: Reading, at: str) -> Any:
        if value is None or value == "" or (isinstance(value, str) and value.startswith(_NO_DAY)):
            return None
        try:
            return one(value, reading.zone)
        except MisfitError as error:
            reading.misfit(at, value, str(error))
            return None

    return reader


def _list_reader(hint: Any) -> _One:
    one = _reader(hint)

    def reader(values: Any, reading: Reading, at: str) -> Any:
        if values is None:
            return None
        if not isinstance(values, list):
            reading.misfit(at, values, "a list")
            return None
        found = (one(value, reading, f"{at}[{number}]") for number, value in enumerate(values))
        return tuple(value for value in found if value is not None)

    return reader


def _first(value: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((value[key] for key in keys if value.get(key) is not None), None)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    names = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "null")
