"""A person whose names and words stand in every table, and in a spool; and the look for them in every byte of the files."""

import contextlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Connection, LargeBinary, Table, Text, insert, select, text

from factories import ROOM, T0, chat, happening, minute, private, store, tell_story, tip
from mhc.capture import spool as spools
from mhc.capture.entry import Entry, Header, Place
from mhc.capture.envelope import read_events
from mhc.capture.spool import Spool
from mhc.domain import rooms
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.packing import _DICTIONARY_1, _WINDOW, unpack
from mhc.store import coverage, derived, events, follows, observations, people, personal, snapshots, streams
from mhc.store.database import Database
from mhc.store.observations import Poll
from mhc.store.pages import Page
from mhc.store.schema import Instant, event, message_word, metadata, note, person, person_merge
from mhc.store.snapshots import Asked, Reading
from mhc.store.streams import Kind, Moved

NAME, OLD, MERGED, SECRET = "zqname_zqpart", "zqold_zqformer", "zqmerged", "zqsecret"
CANARIES = tuple(word.encode() for word in ("zqname", "zqpart", "zqold", "zqformer", "zqmerged", "zqsecret"))
# What follows from events: `fill` lets it follow. And what no person is in.
DERIVED = {
    "broadcast",
    "person_total",
    "payment_quarter",
    "room_quarter",
    "room_state",
    "visit",
    "event",
    "rejected_event",
    "message_word",
}
MADE = {
    "person",
    "alias",
    "stream",
    "stream_session",
    "person_merge",
    "watchlist",
    "attribute_key",
    "note_word",
    "payload",
    "snapshot_source",
    "snapshot",
    "lookup_miss",
    "job_switch",
    "room_text",
    "room_poll",
    "room_latest",
    "observation",
}
NOBODYS = {
    "schema_compat",
    "event_method",
    "capture_gap",
    "capture_coverage",
    "erasure",
    "import_batch",
    "job_run",
}


def fill(db: Database) -> None:
    """Put the person everywhere: what they did, what others said of them, a row in each table that may have one."""
    tell_story(db)
    with db.write() as conn:
        store(conn, _did(), page=4)
        who = people.ids_of(conn, [NAME])[NAME]
        source = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", T0)
        odd = [
            f'{{"method":"tip","object":{{"user":{{"username":"{NAME}"}},"tip":{{"tokens":7}}}}}}'.encode()
        ]
        found = events.add_new(conn, source.id, read_events(odd)[0], minute(60), made_by="events")
        derived.add(conn, source, found.new, MERGE_GAP)
        coverage.reject(conn, source.id, f'{{"user":"{NAME}","x":"{SECRET}"'.encode(), "not JSON", minute(61))
        _merge(conn, who)
        old = people.by_id(conn, who)
        assert old is not None
        people.add_alias(conn, old, OLD, source="manual", at=T0, current=False)
        _words(conn)
        other = people.ids_of(conn, ["viewer_two"])["viewer_two"]
        for table in metadata.sorted_tables:
            if table.name not in DERIVED | MADE | NOBODYS:
                conn.execute(insert(table).values(**_row(conn, table, who, f"{SECRET} {NAME} {OLD}")))
                conn.execute(
                    insert(table).values(**_row(conn, table, other, f"with {NAME.title()}, so {OLD}"))
                )
        follows.mend(conn, T0)  # those rows came past it
        _beside(conn)
        _said(conn, who, other)


def _said(conn: Connection, who: int, other: int) -> None:
    """Let other sources speak of the person: of themselves, in what was asked, and among others; that they know nobody."""
    info, ranking = Asked("statbate.member_info"), Asked("statbate.models", "30d")
    spent = Asked("statbate.member_model", "30d", NAME)
    listed = [{"name": NAME, "note": SECRET}] * 9
    given = [
        Reading(who, info, minute(1), _body(listed), {"name": NAME, "models": [SECRET]}),
        Reading(who, spent, minute(1), b'{"said":"the same of both"}'),
        Reading(other, info, minute(1), b'{"said":"the same of both"}'),
        Reading(other, spent, minute(2), _body([{"name": "viewer_two"}, {"model": NAME.upper()}] * 9), {"model": NAME}),
        Reading(other, Asked("statbate.member_model", "30d", OLD), minute(2), _body([OLD, "with"])),
        Reading(other, info, minute(3), _body(["(forgotten)"]), {"list": ["(forgotten)"]}),
        Reading(other, info, minute(4), _body([OLD]), {"list": [OLD]}),
        Reading(None, ranking, minute(5), _body([{"name": f"viewer_{n}"} for n in range(99)] + [{"name": NAME}])),
    ]  # fmt: skip
    assert snapshots.add(conn, given) == len(given)
    miss = {"platform": "chaturbate", "username": OLD, "source": "statbate.model_info", "times": 1}
    conn.execute(insert(metadata.tables["lookup_miss"]).values(**miss, last_at=T0, next_try_at=T0))
    seen = [
        rooms.Reading(NAME, show=rooms.Show.PUBLIC, subject=f"{SECRET} of {NAME}", tags=(SECRET,)),
        rooms.Reading(
            "viewer_two", show=rooms.Show.AWAY, subject=f"Here with {NAME.title()}!", tags=(OLD, "music")
        ),
    ]
    poll = Poll(minute(6), rooms.Source.AFFILIATE, 2, 2, rooms.Scope.TRACKED, complete=True)
    observations.add_poll(conn, poll, seen)


def _body(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _did() -> list[Any]:
    nested: dict[str, Any] = {
        "message": {"message": SECRET, "orig": [NAME, {NAME: "x"}]},
        "user": {"username": NAME.upper()},
    }
    return [
        happening(1.5, "userEnter", NAME), chat(3.5, NAME, f"{SECRET} it is"), tip(5.5, NAME, 333),
        tip(6.5, NAME, 444, anonymous=True), private(10.5, NAME, ROOM, SECRET), private(11.5, ROOM, NAME, SECRET),
        chat(12.5, "viewer_two", f"hello {NAME.upper()}, @{OLD}!"), happening(13.5, "follow", NAME),
        happening(14.5, "newThing", None, **nested), happening(15.5, "newThing", None, of={"by": NAME}),
        happening(21, "userLeave", NAME), tip(22, MERGED, 55), chat(23, MERGED, SECRET),
    ]  # fmt: skip


def _merge(conn: Connection, who: int) -> None:
    other = people.ids_of(conn, [MERGED])[MERGED]
    row = {"keep_id": who, "other_id": other, "reason": f"{SECRET} of {NAME}", "at": T0}
    conn.execute(insert(person_merge).values(**row))
    conn.execute(person.update().where(person.c.id == other).values(canonical_id=who))


def _words(conn: Connection) -> None:
    """Index messages as a search would find them."""
    keys = [column.name for column in event.primary_key]
    for row in conn.execute(select(event).where(event.c.text.is_not(None))).mappings():
        for word in sorted(
            {part for part in row["text"].lower().replace("_", " ").split() if part.isalnum()}
        ):
            conn.execute(insert(message_word).values(word=word, at=row["at"], **{k: row[k] for k in keys}))


def _row(conn: Connection, table: Table, who: int, words: str) -> dict[str, Any]:
    """Give a row about a person with words in every text."""
    row = {
        column.name: _value(conn, column, who, words)
        for column in table.columns
        if column.name != "id" or not column.primary_key
    }
    if table.name == "pair":
        row["low_id"] = conn.execute(select(person.c.id).order_by(person.c.id)).scalars().first()
    if "room_id" in row and "person_id" in row:
        row["room_id"] = people.ids_of(conn, [ROOM])[ROOM]
    if table.name == "ledger_entry":  # whose amounts stay, with when and what they were
        row |= {"stamp": "2026-01-01 10:00:00.000000", "kind": "Tip received"}
    return row


def _value(conn: Connection, column: Column[Any], who: int, words: str) -> object:
    target = next((key.column.table for key in column.foreign_keys), None)
    if target is person:
        return who
    if target is not None:
        return conn.execute(select(target.c.id).order_by(target.c.id)).scalars().first()
    match column.type:
        case Text() if column.name == "key":
            return "location"
        case Text():
            free = column.name not in personal._WORDS.get(column.table.name, ())
            return words if free or words.startswith(SECRET) else "word"
        case Instant():
            return T0
        case Boolean():
            return False
    assert not isinstance(column.type, LargeBinary), f"{column}: bytes of what?"
    return None if column.nullable else 1


def _beside(conn: Connection) -> None:
    """Name the person where no row is about them: titles, lists, labels, failures, files."""
    said = f"with {NAME}"
    rows: dict[str, dict[str, Any]] = {
        "watchlist": {"name": said, "system": False},
        "attribute_key": {"key": "like", "label": said, "kind": "text"},
        "job_run": {
            "job": "x",
            "host": "h",
            "started_at": T0,
            "state": "failed",
            "error": said,
            "counts": "{}",
        },
        "job_switch": {"job": "x", "enabled": False, "at": T0, "note": said},
        "import_batch": {"kind": "chat", "name": f"{NAME}.txt", "hash": "0", "at": T0, "counts": "{}"},
    }
    for table, row in rows.items():
        conn.execute(insert(metadata.tables[table]).values(**row))
    session = metadata.tables["stream_session"]
    conn.execute(session.update().values(title=said, tags=said, theme=said))
    written = conn.execute(select(note.c.id, note.c.body)).all()
    ids = [row.id for row in written if "zqname" in row.body.lower()]
    for number in ids:
        for word in ("zqname", "zqpart", "with"):
            conn.execute(insert(metadata.tables["note_word"]).values(word=word, note_id=number))


def spool(db: Database, state: Path) -> Spool:
    """Leave pages in a spool, as a listener does that was killed while the database was away."""
    with db.read() as conn:
        source = streams.list_all(conn)[0]
    items = [
        {"method": "tip", "id": "1767290000000-0", "object": {"broadcaster": ROOM, "user": {"username": NAME}, "tip": {"tokens": 9, "message": SECRET}}},
        {"method": "chatMessage", "id": "1767290000001-0", "object": {"broadcaster": ROOM, "user": {"username": "viewer_two"}, "message": {"message": f"bye {NAME}"}}},
    ]  # fmt: skip
    elements = [json.dumps(one).encode() for one in items] + [f"no JSON of {NAME}".encode()]
    found, refused = read_events(elements)
    place = Place.of(source)
    header = Header(
        source.room, source.kind, source.host, spools.digest(db.name), source.id, source.room_id, source.lock_name,
        source.epoch, source.owner, place,
    )  # fmt: skip
    page = Page(minute(900), found, [(one.body, one.reason) for one in refused], Moved("i=9", 0))
    made = Spool(state / "spool" / f"{source.lock_name}.jsonl", 1 << 20)
    made.append(header, Entry.of(page, elements, place))
    made.close()
    return made


def files_of(db: Database) -> list[Path]:
    """Give the files in which a database lies, after the server has written what it holds in memory."""
    if db.path is not None:
        db.close()
        return sorted(db.path.parent.glob(f"{db.path.name}*"))
    with db.outside() as conn:
        conn.execute(text("CHECKPOINT"))
        query = "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
        folder, number = conn.execute(text(query)).one()
    return sorted(path for path in (Path(folder) / "base" / str(number)).iterdir() if path.is_file())


def traces(paths: list[Path]) -> list[str]:
    """Give each file with the canaries in it, whatever is packed in it unpacked first; none is what should be."""
    found = []
    for path in paths:
        data = path.read_bytes()
        layers = [data, *_inflated(data), *_spooled(path, data)]
        found += [
            f"{path.name}: {word.decode()}" for word in CANARIES if any(word in one.lower() for one in layers)
        ]
    return found


def _inflated(data: bytes) -> Iterator[bytes]:
    """Give what every byte that may begin what is packed unpacks to, as far as that goes: pages that were freed, too."""
    for kind, unpacker in ((b"\x01", lambda: zlib.decompressobj(_WINDOW, _DICTIONARY_1)), (b"\x02", _plain)):
        place = data.find(kind)
        while place >= 0:
            with contextlib.suppress(zlib.error):
                yield unpacker().decompress(data[place + 1 : place + 2000], 8000)
            place = data.find(kind, place + 1)


def _plain() -> Any:
    return zlib.decompressobj(-15)


def _spooled(path: Path, data: bytes) -> Iterator[bytes]:
    if path.suffix == ".jsonl" and data.startswith(b'{"sum"'):
        for entry in Spool(path, 1 << 20).entries():
            yield from entry.raw_elements() if entry else ()


def cells(db: Database) -> set[str]:
    """Give the columns of text that hold a canary, in the tables as they are."""
    found = set()
    with db.read() as conn:
        for table in metadata.sorted_tables:
            for row in conn.execute(select(table)).mappings():
                for name, value in row.items():
                    packed = (table.name, name) in {("event", "raw"), ("payload", "body")}
                    raw = unpack(value) if packed else value
                    data = raw.encode() if isinstance(raw, str) else raw
                    if isinstance(data, bytes) and any(word in data.lower() for word in CANARIES):
                        found.add(f"{table.name}.{name}")
    return found


def texts() -> set[str]:
    """Give every column of the schema that can hold text."""
    return {
        f"{column.table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Text | LargeBinary)
    }
