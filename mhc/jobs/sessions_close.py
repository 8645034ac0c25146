"""`sessions-close`: ends the live sessions whose stop never came, and begins those that only the feed of rooms shows."""

from mhc.jobs.work import Work
from mhc.store import derived, sessions, silence


def run(work: Work) -> None:
    """End, just after its last event, what goes on in a room from which nothing came for longer than the merge gap.

    A room is a transaction. A session made by hand in a room of which nothing was captured since goes on.
    """
    with work.db.read() as conn:
        rooms = sorted({*derived.rooms(conn), *(one.room_id for one in sessions.list_all(conn, live=True))})
    for room_id in rooms:
        if work.stop.is_set():
            return
        with work.db.write() as conn:
            room = (conn, room_id, work.now(), work.settings.merge_gap)
            ended = silence.end_silent(*room)
            begun = silence.begin_observed(*room)
        work.counts["rooms"] += 1
        if begun:
            work.counts["observed"] += 1
        work.counts["ended"] += ended is not None
