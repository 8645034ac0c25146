"""What a program without layers makes of a page: the rows of the raw drivers' side of the comparison."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from struct import Struct
from typing import NamedTuple

import msgspec

from mhc.domain.events import METHODS
from mhc.domain.month_bits import month_bit
from mhc.domain.packing import pack

_NUMBER = {name: number for number, name in METHODS.items()}
_TIP, _CHAT, _PRIVATE = (_NUMBER[name] for name in ("tip", "chatMessage", "privateMessage"))
_ENTER, _LEAVE = (_NUMBER[name] for name in ("userEnter", "userLeave"))
_START, _STOP = (_NUMBER[name] for name in ("broadcastStart", "broadcastStop"))
_GUEST = "Anonymous"
_RECORD = Struct("<Iii")
ANONYMOUS, GUEST = 1, 2
LEASE_MS, QUARTER_MS = 300_000, 900_000


class _User(msgspec.Struct):
    username: str | None = None


class _Message(msgspec.Struct):
    message: str | None = None
    fromUser: str | None = None  # noqa: N815 - the API's name
    toUser: str | None = None  # noqa: N815


class _Paid(msgspec.Struct):
    tokens: int | None = None
    isAnon: bool = False  # noqa: N815
    message: str | None = None
    name: str | None = None


class _Payload(msgspec.Struct):
    broadcaster: str | None = None
    user: _User | None = None
    message: _Message | None = None
    tip: _Paid | None = None
    media: _Paid | None = None
    subject: str | None = None


class _Event(msgspec.Struct):
    id: str
    method: str
    object: _Payload


class Read(NamedTuple):
    """One event, as far as columns have it; names are not yet people."""

    id_ms: int
    id_seq: int
    method_id: int
    room: str | None
    actor: str | None
    partner: str | None
    tokens: int | None
    flags: int
    text: str | None
    raw: bytes


_decoder = msgspec.json.Decoder(_Event)


def read(raws: Iterable[bytes]) -> list[Read]:
    """Read and pack a page."""
    return [_read(raw) for raw in raws]


def _read(raw: bytes) -> Read:
    e = _decoder.decode(raw)
    o = e.object
    ms, _, seq = e.id.partition("-")
    method = _NUMBER[e.method]
    actor = o.user.username if o.user else None
    flags = GUEST if actor == _GUEST else 0
    actor = None if flags else actor
    partner, text, tokens = None, o.subject, None
    if o.message:
        text = o.message.message
        if method == _PRIVATE:
            actor, partner = o.message.fromUser, o.message.toUser
    elif paid := o.tip or o.media:
        tokens, text = paid.tokens, paid.message or paid.name
        flags |= ANONYMOUS if paid.isAnon else 0
    return Read(
        int(ms), int(seq), method, o.broadcaster, actor, partner, tokens, flags, text or None, pack(raw)
    )


def names(page: Iterable[Read]) -> set[str]:
    """Give everyone whom a page names."""
    return {name for e in page for name in (e.room, e.actor, e.partner) if name}


def totals(page: Sequence[Read], ids: dict[str, int], owner: int) -> list[list[int | None]]:
    """Sum what each person did: person, room, six sums, first and last seen, private messages, tips openly and hidden."""
    sums: dict[tuple[int, int], list[int | None]] = {}
    for e in page:
        who = ids.get(e.actor or "")
        theirs = who == owner and e.method_id == _PRIVATE
        subject = ids.get(e.partner or "") if theirs else who
        if subject is None:
            continue
        key = subject, ids.get(e.room or "", owner)
        row = sums.setdefault(
            key, [*key, 0, 0, 0, 0, 0, 0, None, None, 0, 0, 0, None, None, None, None, None, 0, 0]
        )
        _count(row, e, seen=not theirs)
        if e.method_id == _PRIVATE and owner in (who, ids.get(e.partner or "")):
            _count_private(row, e, sent=theirs)
    return [sums[key] for key in sorted(sums)]


def _count(row: list[int | None], e: Read, *, seen: bool) -> None:
    hidden = 2 if e.flags & ANONYMOUS else 0
    row[2 + hidden] = (row[2 + hidden] or 0) + (e.tokens or 0)
    row[3 + hidden] = (row[3 + hidden] or 0) + (e.method_id == _TIP)
    if e.method_id == _TIP:
        row[14 + hidden] = _least(row[14 + hidden], e.id_ms)
        row[15 + hidden] = _most(row[15 + hidden], e.id_ms)
        row[18 + hidden // 2] = (row[18 + hidden // 2] or 0) | month_bit(e.id_ms)
    if hidden:
        return
    row[6] = (row[6] or 0) + (e.method_id == _CHAT)
    row[7] = (row[7] or 0) + (e.method_id == _PRIVATE)
    if seen:
        row[8], row[9] = _least(row[8], e.id_ms), _most(row[9], e.id_ms)


def _count_private(row: list[int | None], e: Read, *, sent: bool) -> None:
    row[10] = (row[10] or 0) + (not sent)
    row[11] = (row[11] or 0) + sent
    row[12] = (row[12] or 0) + (not e.room)
    row[13] = _most(row[13], e.id_ms)


def _least(one: int | None, other: int) -> int:
    return other if one is None else min(one, other)


def _most(one: int | None, other: int) -> int:
    return other if one is None else max(one, other)


def quarters(page: Iterable[Read], ids: dict[str, int], owner: int) -> list[tuple[int, int, int]]:
    """Count the public lines: room, quarter of an hour, how many."""
    found = Counter(
        (ids.get(e.room or "", owner), e.id_ms // QUARTER_MS * QUARTER_MS)
        for e in page
        if e.method_id == _CHAT
    )
    return [(*key, found[key]) for key in sorted(found)]


def payments(page: Iterable[Read], ids: dict[str, int], owner: int) -> list[tuple[int, int, bytes]]:
    """Pack what was paid: room, quarter of an hour, twelve bytes a payment."""
    found: defaultdict[tuple[int, int], bytes] = defaultdict(bytes)
    for e in page:
        if e.tokens is not None:
            who, begins = ids.get(e.actor or "", 0), e.id_ms // QUARTER_MS * QUARTER_MS
            time = (e.id_ms - begins) * 2 + (e.method_id == _TIP)
            found[ids.get(e.room or "", owner), begins] += _RECORD.pack(
                time, ~who if e.flags & ANONYMOUS else who, e.tokens
            )
    return [(*key, found[key]) for key in sorted(found)]


class Room:
    """What is live in the room, kept in memory; what a page changes of it, as rows."""

    def __init__(self) -> None:
        self._open_at: int | None = None
        self._stopped_at: int | None = None

    def state(self, page: Sequence[Read]) -> tuple[int, str]:
        """Read starts and stops; give when the last event was, and what is to be kept."""
        for e in page:
            if e.method_id == _START:
                self._open_at, self._stopped_at = e.id_ms, None
            elif e.method_id == _STOP:
                self._open_at, self._stopped_at = None, e.id_ms
        kept = {"open": self._open_at, "stopped_at": self._stopped_at, "last_at": page[-1].id_ms}
        return page[-1].id_ms, json.dumps(kept)


def moves(page: Iterable[Read], ids: dict[str, int]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Give who came and who left: person and time, in order."""
    came, left = (
        [(ids[e.actor], e.id_ms) for e in page if e.method_id == method and e.actor]
        for method in (_ENTER, _LEAVE)
    )
    return came, left
