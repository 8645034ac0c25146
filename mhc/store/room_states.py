"""Where the reading of each room stands, kept as JSON: every page reads it and writes it anew."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from mhc.domain.broadcasts import Broadcast, RoomState, Run
from mhc.domain.clock import from_ms, to_ms
from mhc.store.bulk import Call, Rows, bulk_insert
from mhc.store.schema import room_state

_SAVE = bulk_insert(
    room_state,
    ("room_id", "last_at", "state"),
    "ON CONFLICT (room_id) DO UPDATE SET last_at = excluded.last_at, state = excluded.state",
)


class _Open(msgspec.Struct):
    start_inferred: bool
    started_at: int


class _Run(msgspec.Struct):
    count: int
    first_at: int
    last_at: int
    people: tuple[int, ...]


class _Lapsed(msgspec.Struct):
    ended_at: int
    started_at: int


class _Kept(msgspec.Struct, omit_defaults=True):
    active_at: int | None
    last_at: int | None
    open: _Open | None
    run: _Run | None
    stopped_at: int | None
    silent: bool = False
    lapsed: _Lapsed | None = None


_decoder = msgspec.json.Decoder(_Kept)
_encoder = msgspec.json.Encoder()
# What was written last is mostly what is read next.
_written: dict[str, RoomState] = {}
_MOST_WRITTEN = 64  # rooms that one process listens to are fewer


def load(conn: Connection, room_id: int) -> RoomState:
    """Give how a room stands."""
    return read(conn.execute(select(room_state.c.state).where(room_state.c.room_id == room_id)).scalar())


def read(text: str | None) -> RoomState:
    """Read how a room stands; None: nothing is kept of it yet."""
    if text is None:
        return RoomState()
    written = _written.pop(text, None)
    if written is not None:
        return written
    kept = _decoder.decode(text)
    opened, run, lapsed = kept.open, kept.run, kept.lapsed
    return RoomState(
        last_at=_from_ms(kept.last_at),
        open=Broadcast(from_ms(opened.started_at), None, opened.start_inferred) if opened else None,
        active_at=_from_ms(kept.active_at),
        stopped_at=_from_ms(kept.stopped_at),
        silent=kept.silent,
        lapsed=Broadcast(from_ms(lapsed.started_at), from_ms(lapsed.ended_at), end_inferred=True)
        if lapsed
        else None,
        run=Run(from_ms(run.first_at), from_ms(run.last_at), run.count, run.people) if run else None,
    )


def saving(room_id: int, state: RoomState) -> Call:
    """Give the statement that keeps how a room stands; of no rows where there is nothing to keep yet."""
    rows: Rows = [] if state.last_at is None else [(room_id, to_ms(state.last_at), _text(state))]
    return _SAVE, rows


def _text(state: RoomState) -> str:
    opened, run, lapsed = state.open, state.run, state.lapsed
    kept = _Kept(
        active_at=_to_ms(state.active_at),
        last_at=_to_ms(state.last_at),
        open=_Open(opened.start_inferred, to_ms(opened.started_at)) if opened else None,
        run=_Run(run.count, to_ms(run.first_at), to_ms(run.last_at), run.people) if run else None,
        stopped_at=_to_ms(state.stopped_at),
        silent=state.silent,
        lapsed=_Lapsed(to_ms(lapsed.ended_at), to_ms(lapsed.started_at))
        if lapsed and lapsed.ended_at
        else None,
    )
    said = _encoder.encode(kept).decode()
    if len(_written) >= _MOST_WRITTEN:
        _written.clear()
    _written[said] = state
    return said


def _from_ms(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)


def _to_ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)
