"""Pasted chat, private messages and tips, line by line: who said what, when, and what nobody said.

Two shapes are read, mixed as they come: what the bookmarklet writes
(`[ChatType] … Timestamp: […] | Username: […] | Message: […] | isBroadcaster: […]`), and what is marked and copied from
the page itself (`name: message`). Each line is read by itself, so that a paste cut in two says the same.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import NamedTuple

from mhc.domain.paste_names import LONGEST, name_at_start
from mhc.domain.paste_notices import notice_in
from mhc.domain.paste_times import Days, read_stamp, split_stamp
from mhc.domain.paste_tips import Tip, amount, parse_tip
from mhc.domain.text import clean

LONGEST_LINE = 10_000  # characters: a chat takes a tenth of it

CHAT, PRIVATE, TIP = "chatMessage", "privateMessage", "tip"


class What(StrEnum):
    """What a paste is said to hold."""

    CHAT = "chat"
    PM = "pm"
    TIPS = "tips"


class Said(NamedTuple):
    """One line that somebody said, or by which somebody tipped."""

    number: int
    method: str
    username: str | None  # None: the room's owner where `owner`, else somebody who is not named
    text: str | None
    tokens: int | None = None
    at: datetime | None = None  # None: the line does not say
    owner: bool = False
    sure: bool = True  # False: the name was guessed


class LeftOut(NamedTuple):
    """One line that is not kept, and why."""

    number: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a paste is, who is known, the zone of times that name none, and the day on which times without one begin."""

    what: What
    known: Collection[str]
    tz: tzinfo
    day: date | None = None


class _Line(NamedTuple):
    """What the bookmarklet says of one line."""

    chat_type: str
    stamp: str
    username: str
    message: str
    owner: bool


def parse(text: str, how: Reading) -> Iterator[Said | LeftOut]:
    """Read a paste; give each line that is not blank, in order. Lines count from 1."""
    days = Days(how.day, how.tz)
    for number, line in enumerate(_lines(text), 1):
        words = clean(line.strip())
        if not words:
            continue
        if len(words) > LONGEST_LINE:
            yield LeftOut(number, "too long", words[:LONGEST])
            continue
        marked = _of_bookmarklet(words)
        yield _copied(number, words, how, days) if marked is None else _marked(number, words, marked, how)


def _lines(text: str) -> list[str]:
    """Part a text at line ends only: a form feed, or a separator of Unicode, is part of what somebody said."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _of_bookmarklet(line: str) -> _Line | None:
    """Take a bookmarklet's line apart; a message may hold what looks like a field, so the last one is last."""
    before, found, rest = line.partition("Timestamp:")
    stamp, has_name, rest = rest.partition("| Username:")
    username, has_message, rest = rest.partition("| Message:")
    if not (found and has_name and has_message):
        return None
    message, has_owner, owner = rest.rpartition("| isBroadcaster:")
    message = message if has_owner else rest
    stamp, owner = stamp.strip(), owner if has_owner else ""
    bare = _bare if stamp.startswith("[") else str.strip
    kind = before.strip()
    kind = kind[1:].partition("]")[0] if kind.startswith("[") else ""
    says_so = _bare(owner).casefold() in {"true", "1", "yes"}
    return _Line(kind.casefold(), bare(stamp), bare(username), bare(message), says_so)


def _bare(text: str) -> str:
    """Take the brackets off a field."""
    text = text.strip()
    return text[1:-1].strip() if text.startswith("[") and text.endswith("]") else text


def _marked(number: int, line: str, marked: _Line, how: Reading) -> Said | LeftOut:
    at = read_stamp(marked.stamp, how.tz)
    name = marked.username.lstrip("@").lower()
    if not name or "notice" in marked.chat_type or "system" in marked.chat_type:
        return _nobodys(number, marked.message, at, how)
    if not _is_name(name):
        return LeftOut(number, "no name", line)
    tip = None
    if "tip" in marked.chat_type or how.what is What.TIPS:
        tip = amount(marked.message, short=True) or _own_tip(marked.message, name)
    if tip is not None:
        return Said(number, TIP, name, tip[1], tip[0], at, marked.owner)
    if how.what is What.TIPS:
        return LeftOut(number, "no tip", line)
    private = "pm" in marked.chat_type or "private" in marked.chat_type
    return _said(number, name, marked.message, at, how, owner=marked.owner, private=private)


def _own_tip(message: str, name: str) -> tuple[int, str | None] | None:
    tip = parse_tip(message, (name,))
    return (tip.tokens, tip.note) if tip is not None and tip.username == name else None


def _is_name(name: str) -> bool:
    return len(name) <= LONGEST and name.isascii() and name.replace("_", "a").isalnum()


def _nobodys(number: int, message: str, at: datetime | None, how: Reading) -> Said | LeftOut:
    """Read what the site says: that somebody tipped, or a notice."""
    tip = parse_tip(message, how.known)
    if tip is not None and how.what is not What.PM:
        return _tipped(number, tip, at)
    return LeftOut(number, notice_in(message) or "no name", message)


def _tipped(number: int, tip: Tip, at: datetime | None) -> Said:
    return Said(number, TIP, tip.username, tip.note, tip.tokens, at)


def _copied(number: int, line: str, how: Reading, days: Days) -> Said | LeftOut:
    stamp, rest, clock = split_stamp(line)
    at = days.at(clock) if stamp is None else read_stamp(stamp, how.tz)
    if how.what is What.TIPS:
        tip = parse_tip(rest, how.known, short=True)
        return LeftOut(number, notice_in(rest) or "no tip", line) if tip is None else _tipped(number, tip, at)
    named = name_at_start(rest, how.known)
    if named is None or not named.marked:
        tip = parse_tip(rest, how.known) if how.what is What.CHAT else None
        if tip is not None:
            return _tipped(number, tip, at)
        reason = notice_in(rest)
        if reason is not None or named is None:
            return LeftOut(number, reason or "no name", line)
    return _said(number, named.username, named.rest, at, how, sure=named.sure)


def _said(
    number: int,
    name: str,
    message: str,
    at: datetime | None,
    how: Reading,
    *,
    owner: bool = False,
    private: bool = False,
    sure: bool = True,
) -> Said | LeftOut:
    if not message:
        return LeftOut(number, "empty", name)
    method = PRIVATE if private or how.what is What.PM else CHAT
    return Said(number, method, name, message, None, at, owner, sure)
