"""The lines of an export: what each type of them holds, and how it is written and read.

JSON, one object a line, in printable ASCII. The first line says what it is, the last one what there was. A person is
a number in the file, given where they first occur; so is a stream.
"""

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated, Any, Literal, Union

import msgspec
from msgspec import Meta, Struct, field

from mhc.domain.sessions import Origin

FORMAT = 1
MAX_BYTES = (
    64 * 1024 * 1024
)  # of one line: a page of the feed has 8 MiB, and each byte of it may be written as six

At = Annotated[datetime, Meta(tz=True)]
Ref = Annotated[int, Meta(ge=1)]
Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Small = Annotated[int, Meta(ge=0, lt=2**31)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]


class LineError(ValueError):
    """A line that is none of an export; its text says why, without what stands in it."""


class Header(Struct, frozen=True):
    """The first line: what wrote the file, and what it was asked for (null: everything)."""

    mhc_export: int
    version: str
    schema: str
    exported_at: At
    rooms: list[str] | None = None
    since: At | None = None
    until: At | None = None


class _Line(Struct, frozen=True, tag_field="type"):
    pass


class Alias(Struct, frozen=True):
    """A name that a person goes by, or went by."""

    username: Name
    valid_from: At | None
    valid_to: At | None
    source: str


class Person(_Line, frozen=True, tag="person"):
    """A person, before the first line that names their number."""

    ref: Ref
    platform: Name
    username: Name
    role: Literal["viewer", "model", "both", "unknown"]
    role_by_hand: bool
    rid: Number | None
    did: Number | None
    rating: Annotated[int, Meta(ge=1, le=5)] | None
    created_at: At
    aliases: list[Alias]


class Stream(_Line, frozen=True, tag="stream"):
    """A room's feed. Its cursor is taken only where there is no such stream yet."""

    ref: Ref
    room: Ref
    kind: Literal["live", "testbed", "paste", "import"]
    host: Name
    cursor: Annotated[str, Meta(pattern='^[!"$-~]{1,2048}$')] | None
    cursor_at: At | None
    last_poll_ok_at: At | None
    served_age_max: Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Event(_Line, frozen=True, omit_defaults=True, tag="event"):
    """One event: whose it is here, and the very bytes that were received."""

    stream: Ref
    id: Annotated[str, Meta(min_length=1, max_length=255)]
    received_at: At
    room: Ref | None
    actor: Ref | None
    partner: Ref | None
    raw: str | None = None
    raw_base64: str | None = None


class Gap(_Line, frozen=True, tag="gap"):
    """A time for which events are, or may be, missing."""

    stream: Ref
    from_at: At | None = field(name="from")
    to_at: At = field(name="to")
    cause: str
    certainty: Literal["certain", "possible"]


class Coverage(_Line, frozen=True, tag="coverage"):
    """A time that was captured without a break."""

    stream: Ref
    from_at: At = field(name="from")
    to_at: At = field(name="to")


class Rejected(_Line, frozen=True, omit_defaults=True, tag="rejected"):
    """What could not become an event."""

    stream: Ref
    hash: Annotated[str, Meta(min_length=1, max_length=64)]
    received_at: At
    reason: str
    size: Small
    count: Small
    raw: str | None = None
    raw_base64: str | None = None


class Session(_Line, frozen=True, tag="session"):
    """A session, with what a person called it."""

    id: Annotated[int, Meta(ge=1, lt=2**31)]
    room: Ref
    started_at: At
    ended_at: At | None
    origin: Origin
    title: str | None
    tags: str | None
    theme: str | None


class SessionNote(_Line, frozen=True, tag="session_note"):
    """What was written down about the session that was on at its time."""

    room: Ref
    at: At
    body: str
    created_at: At
    edited_at: At | None


class Merge(_Line, frozen=True, tag="merge"):
    """A merge of two people, and whether it was undone."""

    keep: Ref
    other: Ref
    reason: str
    at: At
    undone_at: At | None


class List(_Line, frozen=True, tag="watchlist"):
    """A list of people."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    system: bool


class Member(_Line, frozen=True, tag="member"):
    """Who is, or was, on a list."""

    list: str
    person: Ref
    added_at: At
    removed_at: At | None
    note: str | None


class Note(_Line, frozen=True, tag="note"):
    """What was written down about a person."""

    person: Ref
    category: str
    body: str
    happened_at: At | None
    source: str
    created_at: At


class Erasure(_Line, frozen=True, omit_defaults=True, tag="erasure"):
    """The keyed hash of a name that was forgotten; `heir` has the amounts that were kept. One line tells the key."""

    hash: Annotated[str, Meta(pattern="^(key:)?[0-9a-f]{64}$")]
    at: At
    blocked: bool = False
    heir: Ref | None = None

    @property
    def is_check(self) -> bool:
        """Whether this is what tells one key from another, and no name."""
        return self.hash.startswith("key:")


class End(_Line, frozen=True, tag="end"):
    """The last line: how many lines of each type stand before it."""

    counts: dict[str, int]


Line = Union[  # noqa: UP007 - a union of classes at runtime, which msgspec reads
    Person,
    Stream,
    Event,
    Gap,
    Coverage,
    Rejected,
    Session,
    SessionNote,
    Merge,
    List,
    Member,
    Note,
    Erasure,
    End,
]
TYPES: dict[type[Struct], str] = {
    one: str(one.__struct_config__.tag)
    for one in (
        Person,
        Stream,
        Event,
        Gap,
        Coverage,
        Rejected,
        Session,
        SessionNote,
        Merge,
        List,
        Member,
        Note,
        Erasure,
        End,
    )
}

_encoder = msgspec.json.Encoder()
_lines = msgspec.json.Decoder(Line)
_header = msgspec.json.Decoder(Header)


def write(line: Struct) -> str:
    """Write a line, with its end."""
    data = _encoder.encode(line)
    text = data.decode()
    if not data.isascii():
        text = json.dumps(json.loads(text), separators=(",", ":"))
    return text.replace("\x7f", "\\u007f") + "\n"


def read(data: bytes) -> Line:
    """Read a line. Raises LineError."""
    try:
        found: Line = _lines.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise LineError(_why(error)) from None
    return found


def read_header(data: bytes) -> Header:
    """Read the first line. Raises LineError."""
    try:
        return _header.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise LineError(_why(error)) from None


def _why(error: Exception) -> str:
    """Say what is wrong in the reader's words where they tell what was expected; else where it stands, and no more."""
    said = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return "not JSON"
    if said.startswith(("Expected ", "Object missing ")):
        return said
    place = said.rpartition(" - at ")[2] if " - at " in said else "the line"
    return f"what stands at {place} does not fit"


def text_of(raw: bytes) -> dict[str, Any]:
    """Give bytes as the fields that carry them: text, or base64 where they are none."""
    try:
        return {"raw": raw.decode()}
    except UnicodeDecodeError:
        return {"raw_base64": base64.b64encode(raw).decode()}


def bytes_of(line: Event | Rejected) -> bytes:
    """Give the bytes that a line carries. Raises LineError."""
    if line.raw is not None:
        return line.raw.encode()
    try:
        return base64.b64decode(line.raw_base64 or "", validate=True)
    except binascii.Error:
        raise LineError("what was received is neither text nor base64") from None
