"""What a run of the listener must have left: all that was served, once, as it was; and nothing else."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

from sqlalchemy import select

from faults.canary import leaks
from faults.numbered import id_of
from faults.server import FaultServer
from faults.turn import Element
from mhc.domain.events import id_text
from mhc.domain.packing import unpack
from mhc.store import coverage, inventory
from mhc.store.coverage import MAX_REJECTED
from mhc.store.database import Database
from mhc.store.schema import event, rejected_event

MERGE_GAP = timedelta(minutes=30)
Known = tuple[str, str]  # a gap's cause and certainty


@dataclass
class Verdict:
    """The differences between what was served and what is stored; each empty where nothing is wrong."""

    served: int
    stored: int
    lost: list[str] = field(default_factory=list)  # ids of events that are not stored
    doubled: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)  # stored, and never served
    changed: list[str] = field(default_factory=list)  # another payload than the first that was served
    rejected: list[str] = field(default_factory=list)  # kept aside and should not be, or the other way round
    gaps: list[Known] = field(default_factory=list)  # there and not expected, or the other way round
    problems: list[str] = field(default_factory=list)  # what `db check` says
    leaks: list[str] = field(default_factory=list)  # where a token stands

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    @property
    def wrong(self) -> dict[str, Any]:
        """Give what is wrong, by its kind."""
        rest = {name: value for name, value in vars(self).items() if isinstance(value, list)}
        return {name: value for name, value in rest.items() if value}


def judge(
    db: Database,
    server: FaultServer,
    home: Path | None = None,
    *,
    lost: Collection[int] = (),
    gaps: Sequence[Known] = (),
    canaries: Collection[str] = (),
) -> Verdict:
    """Hold the database, and the files under `home`, against the server's journal.

    `lost` are the numbers of events that a declared gap took; `gaps` the gaps there should be beside that of the
    first start. The server's own tokens are canaries always. Ask when the feed is read up.
    """
    events, aside = _expected(server)
    rows, kept_aside = _stored(db)
    bodies = dict(rows)
    missing_by_right = {id_of(number) for number in lost}
    tokens = {*server.tokens, *canaries}
    return Verdict(
        served=len(events),
        stored=len(rows),
        lost=sorted(events.keys() - bodies.keys() - missing_by_right),
        doubled=sorted(name for name, count in Counter(name for name, _ in rows).items() if count > 1),
        foreign=sorted(bodies.keys() - events.keys()),
        changed=sorted(name for name in events.keys() & bodies.keys() if events[name] != bodies[name]),
        rejected=[repr(one[:80]) for one in sorted(aside ^ kept_aside)],
        gaps=_difference(_gaps(db), gaps),
        problems=inventory.problems(db, MERGE_GAP),
        leaks=leaks(tokens, home, db),
    )


def assert_all_is_stored(
    db: Database,
    server: FaultServer,
    home: Path | None = None,
    *,
    events: int,
    lost: Collection[int] = (),
    gaps: Sequence[Known] = (),
    canaries: Collection[str] = (),
) -> None:
    """Fail where anything is wrong, or where other than so many events are stored."""
    found = judge(db, server, home, lost=lost, gaps=gaps, canaries=canaries)
    if not found.sound or found.stored != events:
        _fail(found, events)


def _fail(found: Verdict, events: int) -> NoReturn:
    shown = {name: value[:5] for name, value in found.wrong.items()}
    message = f"{found.stored} stored of {events} expected and {found.served} served: {shown}"
    raise AssertionError(message)


def _expected(server: FaultServer) -> tuple[dict[str, bytes], set[bytes]]:
    """Give the events that went out whole, by id, each as it was the first time; and what is to be kept aside."""
    events: dict[str, bytes] = {}
    aside: set[bytes] = set()
    for page in list(server.journal):
        if not page.whole:
            continue
        equals: Counter[bytes] = Counter()
        for element in page.elements:
            masked = _masked(element[1], server)
            equals[masked] += 1
            name = _id_of(element, masked, equals[masked])
            if name is None or json.loads(events.setdefault(name, masked)) != json.loads(masked):
                aside.add(masked[:MAX_REJECTED])
    return events, aside


def _masked(body: bytes, server: FaultServer) -> bytes:
    for token in server.tokens:
        for form in {token, quote(token, safe="")}:
            body = body.replace(form.encode(), b"***")
    return body


def _id_of(element: Element, body: bytes, ordinal: int) -> str | None:
    """Give the id under which an element is to be stored; None where it can be no event."""
    number, _ = element
    if number and b'"id":' in body:
        return id_of(number)
    try:
        read = json.loads(body.decode(), parse_constant=_no_json)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict) or not isinstance(read.get("method"), str):
        return None
    given = read.get("id")
    usable = isinstance(given, str) and 0 < len(given) <= 255
    return given if usable else f"h:{hashlib.sha256(body).hexdigest()[:32]}:{ordinal}"


def _no_json(name: str) -> NoReturn:
    raise ValueError(name)


def _stored(db: Database) -> tuple[list[tuple[str, bytes]], set[bytes]]:
    columns = (event.c.id_ms, event.c.id_seq, event.c.source_id, event.c.raw)
    with db.read() as conn:
        rows = [(id_text(*row[:3]), unpack(row.raw)) for row in conn.execute(select(*columns))]
        return rows, {bytes(one) for one in conn.execute(select(rejected_event.c.body)).scalars()}


def _gaps(db: Database) -> list[Known]:
    with db.read() as conn:
        found = [(gap.cause, gap.certainty) for gap in reversed(coverage.gaps(conn))]
    return [gap for gap in found if gap[0] != "first start"]


def _difference(found: Sequence[Known], expected: Sequence[Known]) -> list[Known]:
    return [*(Counter(found) - Counter(expected)), *(Counter(expected) - Counter(found))]
