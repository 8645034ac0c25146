"""The tables. Every query names them through this package; the migrations build them."""

from mhc.store.schema.capture import (
    broadcast,
    capture_coverage,
    capture_gap,
    event,
    event_method,
    payment_quarter,
    person_total,
    rejected_event,
    room_quarter,
    room_state,
    stream,
    stream_session,
    visit,
)
from mhc.store.schema.columns import Instant, String, metadata
from mhc.store.schema.memory import (
    attribute,
    attribute_key,
    follow_change,
    link,
    message_word,
    note,
    note_word,
    pair,
    relationship,
    relationship_change,
    session_note,
    tip_menu,
    watchlist,
    watchlist_member,
)
from mhc.store.schema.outside import ledger_entry, profile_change
from mhc.store.schema.people import alias, person, person_merge, person_name, rating_change
from mhc.store.schema.rooms import observation, room_latest, room_poll, room_text
from mhc.store.schema.snapshots import lookup_miss, payload, snapshot, snapshot_source
from mhc.store.schema.work import alert_sent, erasure, import_batch, job_run, job_switch, schema_compat

__all__ = [
    "COMPATIBILITY",
    "EXCLUDED",
    "REVISION",
    "SYSTEM_LISTS",
    "UNFINISHED",
    "Instant",
    "String",
    "alert_sent",
    "alias",
    "attribute",
    "attribute_key",
    "broadcast",
    "capture_coverage",
    "capture_gap",
    "erasure",
    "event",
    "event_method",
    "follow_change",
    "import_batch",
    "job_run",
    "job_switch",
    "ledger_entry",
    "link",
    "lookup_miss",
    "message_word",
    "metadata",
    "note",
    "note_word",
    "observation",
    "pair",
    "payload",
    "payment_quarter",
    "person",
    "person_merge",
    "person_name",
    "person_total",
    "profile_change",
    "rating_change",
    "rejected_event",
    "relationship",
    "relationship_change",
    "room_latest",
    "room_poll",
    "room_quarter",
    "room_state",
    "room_text",
    "schema_compat",
    "session_note",
    "snapshot",
    "snapshot_source",
    "stream",
    "stream_session",
    "tip_menu",
    "visit",
    "watchlist",
    "watchlist_member",
]

# The revision this program was written for, and the number that says whether it may run on a newer schema:
# a revision that an older program cannot live with raises it.
REVISION = "0009"
COMPATIBILITY = 1
UNFINISHED = 0  # the number of a database that is being copied: nobody may work with it

SYSTEM_LISTS = ("Friends", "Known Streamers", "Ones to Watch", "Banned But Craved", "Excluded")
EXCLUDED = "Excluded"
