"""Where the reading of each room stands, as it is stored: so that a new event continues what the last one left."""

import json
from datetime import datetime

from sqlalchemy import Connection, select

from mhc.domain.broadcasts import Broadcast, RoomState, Run
from mhc.domain.clock import from_ms, to_ms
from mhc.store.bulk import bulk_insert
from mhc.store.schema import room_state

SAVE = bulk_insert(
    room_state,
    ("room_id", "last_at", "state"),
    "ON CONFLICT (room_id) DO UPDATE SET last_at = excluded.last_at, state = excluded.state",
)


def load(conn: Connection, room_id: int) -> RoomState:
    """Give where the reading of a room stands."""
    return read(conn.execute(select(room_state.c.state).where(room_state.c.room_id == room_id)).scalar())


def read(text: str | None) -> RoomState:
    """Read what is stored of a room; None is nothing."""
    if text is None:
        return RoomState()
    kept = json.loads(text)
    run, opened = kept["run"], kept["open"]
    return RoomState(
        last_at=_from_ms(kept["last_at"]),
        open=Broadcast(from_ms(opened["started_at"]), None, opened["start_inferred"]) if opened else None,
        active_at=_from_ms(kept["active_at"]),
        stopped_at=_from_ms(kept["stopped_at"]),
        silent=kept.get("silent", False),
        run=Run(from_ms(run["first_at"]), from_ms(run["last_at"]), run["count"], tuple(run["people"]))
        if run
        else None,
    )


def _from_ms(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)


def _to_ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def _state_text(state: RoomState) -> str:
    opened, run = state.open, state.run
    kept = {
        "active_at": _to_ms(state.active_at),
        "last_at": _to_ms(state.last_at),
        "open": opened and {"start_inferred": opened.start_inferred, "started_at": to_ms(opened.started_at)},
        "run": run
        and {
            "count": run.count,
            "first_at": to_ms(run.first_at),
            "last_at": to_ms(run.last_at),
            "people": run.people,
        },
        "stopped_at": _to_ms(state.stopped_at),
    }
    if state.silent:
        kept["silent"] = True
    return json.dumps(kept, separators=(",", ":"))


def row(room_id: int, state: RoomState) -> list[tuple[int, int, str]]:
    """Give the row of a room's state; none where it says nothing yet."""
    return [] if state.last_at is None else [(room_id, to_ms(state.last_at), _state_text(state))]
