"""Where the tables speak of people: found by walking the schema, so that a new table cannot be passed over.

A foreign key to a person is found by itself. What has none, and what holds text of which nobody can tell whether it
names somebody, is listed here; a column that is neither found nor listed stops the commands that need to know.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import BigInteger

from mhc.errors import MhcError
from mhc.store.schema import Instant, metadata

ROOM = "room_id"
# Ids without a foreign key: of people; of rows that are found by another way; of nobody.
_PEOPLE = {"event": ("actor_id", "partner_id", ROOM), "observation": ("person_id",)}
_OTHER_IDS = {
    "event": ("stream_id", "method_id"),
    "message_word": ("stream_id", "source_id"),
    "observation": ("text_id",),
    "room_latest": ("text_id",),
    "snapshot": ("payload_id",),
}
_BATCH = "batch_id"
# Tables whose rows belong to a row of another one: (their column, the table, its key).
PARTS = {"note_word": ("note_id", "note"), "message_word": (None, "event")}
# Text that is written by mhc itself, or is a word of a fixed list: no name can stand in it. The names of people, too,
# which are theirs alone: where two have one name it is not for one of them to take it from the other.
_WORDS = {
    "alembic_version": ("version_num",),
    "alert_sent": ("rule",),
    "alias": ("platform", "username", "source"),
    "attribute": ("key", "confidence", "evidence"),
    "attribute_key": ("key", "kind"),
    "capture_gap": ("cause", "certainty"),
    "erasure": ("hash",),
    "event": ("source_id",),
    "event_method": ("name",),
    "follow_change": ("direction", "state", "source"),
    "import_batch": ("kind", "hash", "counts"),
    "job_run": ("job", "host", "state", "counts"),
    "job_switch": ("job",),
    "ledger_entry": ("stamp", "kind"),
    "link": ("kind", "source"),
    "lookup_miss": ("platform", "source"),
    "message_word": ("word", "source_id"),
    "note": ("category", "source"),
    "note_word": ("word",),
    "pair": ("kind",),
    "payload": ("hash",),
    "payment_quarter": ("records",),
    "person": ("platform", "username", "role"),
    "person_name": ("kind",),
    "profile_change": ("field", "source"),
    "rejected_event": ("hash", "reason"),
    "relationship": ("roles", "status"),
    "relationship_change": ("field", "by"),
    "room_poll": ("scope",),
    "room_state": ("state",),
    "room_text": ("hash",),
    "snapshot_source": ("source", "range"),
    "stream": ("kind", "host", "lock_name", "cursor", "owner"),
    "stream_session": ("origin",),
    "tip_menu": ("source",),
    "visit": ("ending",),
}
# Free text in tables that name nobody by a number.
_FREE = {
    "attribute_key": ("label",),
    "job_run": ("error",),
    "job_switch": ("note",),
    "lookup_miss": ("username",),
    "payload": ("metrics",),
    "room_text": ("subject", "tags"),
    "snapshot_source": ("subject",),
    "watchlist": ("name",),
}
# Bytes: what is packed in them, and who cleans them.
_BYTES = {
    "event": ("raw",),
    "payload": ("hash", "body"),
    "payment_quarter": (
        "records",
    ),  # rows of people by their number: made anew from the events that are left
    "rejected_event": ("body",),
    "room_text": ("hash",),
}


class UnclassifiedError(MhcError):
    """The schema has a column of which nobody said whether it is about people."""


@dataclass(frozen=True, slots=True)
class Personal:
    """A table with the columns that name a person; `about` are those whose person a row is about."""

    table: Table
    columns: tuple[Column[int], ...]

    @property
    def about(self) -> tuple[Column[int], ...]:
        """The columns whose person a row is about: not the room where another did something."""
        others = tuple(one for one in self.columns if one.name != ROOM)
        return others or self.columns


def tables(of: MetaData = metadata) -> list[Personal]:
    """Give the tables that name people, each after those that it refers to. Raises UnclassifiedError."""
    refuse_unclassified(of)
    found = (Personal(one, tuple(_people_in(one))) for one in of.sorted_tables if one.name != "erasure")
    return [one for one in found if one.columns]


def _people_in(table: Table) -> Iterator[Column[int]]:
    listed = _PEOPLE.get(table.name, ())
    for column in table.columns:
        if column.name in listed or any(key.column.table.name == "person" for key in column.foreign_keys):
            yield column
    if table.name == "person":
        yield table.c.id


def texts(of: MetaData = metadata) -> list[Column[str]]:
    """Give the columns of free text: what a name can stand in, though the row is about somebody else."""
    return [
        column
        for table in of.sorted_tables
        for column in table.columns
        if isinstance(column.type, Text) and column.name not in _WORDS.get(table.name, ())
    ]


def refuse_unclassified(of: MetaData = metadata) -> None:
    """Raise UnclassifiedError where a column was added of which nobody said what it is."""
    wrong = sorted(f"{column.table.name}.{column.name}" for column in _unclassified(of))
    if wrong:
        raise UnclassifiedError(
            f"nobody said whether these columns are about people: {', '.join(wrong)}",
            hint="list them in mhc/store/personal.py",
        )


def _unclassified(of: MetaData) -> Iterator[Column[object]]:
    for table in of.sorted_tables:
        people = {column.name for column in _people_in(table)}
        for column in table.columns:
            if column.name not in people and _is_unknown(table, column, free=not people):
                yield column


def _is_unknown(table: Table, column: Column[object], *, free: bool) -> bool:
    """Whether nobody said what a column is that names nobody by a number; `free`: as its whole table."""
    match column.type:
        case Instant():
            return False
        case LargeBinary():
            return column.name not in _BYTES.get(table.name, ())
        case Text():
            return free and column.name not in _listed(table.name)
        case Integer() | BigInteger():
            return _is_loose(table, column)
    return False


def _listed(table: str) -> tuple[str, ...]:
    return (*_WORDS.get(table, ()), *_FREE.get(table, ()))


def _is_loose(table: Table, column: Column[object]) -> bool:
    """Whether a number looks like an id, and leads nowhere that is known."""
    if not column.name.endswith("_id") or column.foreign_keys or column.name == _BATCH:
        return False
    return column.name not in (*_PEOPLE.get(table.name, ()), *_OTHER_IDS.get(table.name, ()))
