"""The rules of alerts, `[alerts.NAME]` in config.toml: what each waits for, and what it does then."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mhc.config import Secret, parse_hook
from mhc.config.sources import unknown
from mhc.domain.events import ALIASES, METHODS, method_named
from mhc.domain.names import near_matches, parse_username
from mhc.domain.times import parse_duration
from mhc.errors import ConfigError
from mhc.store.events import NewEvent

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
# How a digest may be told, and what a receiver is told that it is.
DIGESTS = {
    "markdown": "text/markdown; charset=utf-8",
    "text": "text/plain; charset=utf-8",
    "html": "text/html; charset=utf-8",
}
_LONGEST = timedelta(minutes=1)  # that one command may take: the others wait for it


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: every condition that is set must hold."""

    name: str
    events: tuple[str, ...] = ()  # methods; none: every kind
    rooms: tuple[str, ...] = ()  # none: every room
    min_tokens: int | None = None
    watchlist: str | None = None
    first_tip: bool = False
    first_visit: bool = False
    returns_after: timedelta | None = None
    late: bool = False  # tell of what happened long ago, too
    cooldown: timedelta = timedelta(minutes=1)  # a person
    command: tuple[str, ...] = ()
    timeout: timedelta = timedelta(seconds=10)
    url: Secret | None = None
    digest: str | None = None  # the form in which a digest is told, and not the event

    @property
    def asks_who(self) -> bool:
        """Whether it must know who did it: where nobody is named, such a rule never holds."""
        return (
            self.watchlist is not None or self.first_tip or self.first_visit or self.returns_after is not None
        )

    @property
    def methods(self) -> frozenset[str] | None:
        """The methods for which it can hold; None is all."""
        wanted = [frozenset(self.events)] if self.events else []
        wanted += [frozenset({"tip"})] if self.first_tip else []
        wanted += [frozenset({"userEnter"})] if self.first_visit else []
        return frozenset.intersection(*wanted) if wanted else None

    def may_hold(self, new: NewEvent, room: str) -> bool:
        """Whether it can hold for an event, as far as that can be said without the database."""
        methods = self.methods
        return (
            (methods is None or new.event.method in methods)
            and (not self.rooms or (new.event.room or room) in self.rooms)
            and (self.min_tokens is None or (new.event.tokens or 0) >= self.min_tokens)
        )


def read_rules(tables: Mapping[str, Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Read the tables of config.toml; raise ConfigError with every problem of every rule."""
    problems: list[str] = []
    rules = []
    for name, table in tables.get("alerts", {}).items():
        found = [f"[alerts.{name}]: {problem}" for problem in _name_problems(name, table)]
        if not found:
            rule, wrong = _read(name, table)
            found = [f"[alerts.{name}] {problem}" for problem in wrong]
            rules.append(rule)
        problems += found
    if problems:
        raise ConfigError.all_of(problems)
    return tuple(rules)


def _name_problems(name: str, table: object) -> list[str]:
    if not isinstance(table, dict):
        return ["must be a table"]
    return [] if _NAME.fullmatch(name) else ["a name has letters, digits, - and _, 64 at most"]


def _read(name: str, table: Mapping[str, object]) -> tuple[Rule, list[str]]:
    values: dict[str, Any] = {}
    problems = []
    for key, value in table.items():
        if key not in _KEYS:
            problems.append(f"{key}: {unknown(key, set(_KEYS))}")
            continue
        try:
            values[key] = _KEYS[key](value)
        except ValueError as error:  # never quotes a url
            problems.append(f"{key}: {error}")
    rule = Rule(name, **values)
    return rule, problems or _contradictions(rule)


def _contradictions(rule: Rule) -> list[str]:
    """Say why a rule of good parts does nothing."""
    problems = []
    if not rule.command and rule.url is None:
        problems.append("does nothing: give a command or a url")
    if rule.methods is None and rule.min_tokens is None and not rule.asks_who:
        problems.append("has no condition: give events, min_tokens, watchlist, …")
    if rule.methods is not None and not rule.methods:
        problems.append("can never hold: first_tip is of tip, first_visit of enter")
    return problems


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
        raise ValueError('must be a list of texts, such as ["tip"]')
    return tuple(value)


def _events(value: object) -> tuple[str, ...]:
    found = {word: method_named(word) for word in _words(value)}
    known = [*ALIASES, *METHODS.values()]
    for word, method in found.items():
        if method is None:
            near = near_matches(word, known) or known
            raise ValueError(f"no event is called {word!r}; one of: {', '.join(near)}")
    return tuple(method for method in found.values() if method is not None)


def _rooms(value: object) -> tuple[str, ...]:
    return tuple(parse_username(name) for name in _words(value))


def _command(value: object) -> tuple[str, ...]:
    words = _words(value)
    if "/" in words[0] and not words[0].startswith("/"):
        raise ValueError("must begin with an absolute path, or a program's name")
    if any("\0" in word for word in words):
        raise ValueError("has control characters")
    return words


def _tokens(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("must be a whole number above 0")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text in quotes")
    return value.strip()


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")


def _length(value: object) -> timedelta:
    return parse_duration(_text(value))


def _limit(value: object) -> timedelta:
    length = _length(value)
    if not timedelta() < length <= _LONGEST:
        raise ValueError("must be above 0 and a minute at most")
    return length


def _digest(value: object) -> str:
    if isinstance(value, str) and value in DIGESTS:
        return value
    raise ValueError(f"must be one of: {', '.join(DIGESTS)}")


def _url(value: object) -> Secret:
    return parse_hook(_text(value))


_KEYS: Mapping[str, Callable[[object], object]] = {
    "events": _events,
    "rooms": _rooms,
    "min_tokens": _tokens,
    "watchlist": _text,
    "first_tip": _flag,
    "first_visit": _flag,
    "returns_after": _length,
    "late": _flag,
    "cooldown": _length,
    "command": _command,
    "timeout": _limit,
    "url": _url,
    "digest": _digest,
}
