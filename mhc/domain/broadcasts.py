"""When a room was on: broadcasts read from its events, one step an event, in order of time.

The rules: a start opens, a stop closes, a second start closes the first. A broadcast with no event for longer than
the merge gap ended just after its last one, until a stop comes before any other broadcast begins: then it lasted, if its
start was seen, until that, unless nothing was written or paid for more than six hours. Without a start, five paid or chat events by
two people, none further apart than the merge gap, show that the room was on; enters, leaves and private messages alone
do not. Talk that follows a known stop within the merge gap is the room emptying, not a new show.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

MERGE_GAP = timedelta(minutes=30)
START, STOP = "broadcastStart", "broadcastStop"
ACTIVITY = frozenset({"chatMessage", "tip", "mediaPurchase", "fanclubJoin"})
JUST_AFTER = timedelta(milliseconds=1)  # ranges are half open: so an end at the last event leaves it in
# A stop after a longer silence is that of another show, of which nobody heard the start.
LONGEST_SILENCE = timedelta(hours=6)
_RUN_EVENTS = 5
_RUN_PEOPLE = 2


class Mark(NamedTuple):
    """What the derivation reads of an event."""

    at: datetime
    method: str
    person: int | None


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A time the room was on; `ended_at` None while it still is."""

    started_at: datetime
    ended_at: datetime | None = None
    start_inferred: bool = False
    end_inferred: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Paid and chat events while no broadcast is known to be on."""

    first_at: datetime
    last_at: datetime
    count: int
    people: tuple[int, ...]  # the first two


class RoomState(NamedTuple):
    """Where the reading of a room stands. A tuple: each page reads and makes some."""

    last_at: datetime | None = None  # its last event of any kind
    open: Broadcast | None = None
    active_at: datetime | None = (
        None  # the last paid or chat event of an inferred broadcast, or after a lapsed one
    )
    stopped_at: datetime | None = None  # the last known stop
    run: Run | None = None
    silent: bool = False  # the open broadcast counts as ended: nothing came for long, and no stop will
    lapsed: Broadcast | None = (
        None  # ended by silence before the last event; a stop would show that it lasted
    )

    @property
    def heard_at(self) -> datetime | None:
        """When the open broadcast last gave a sign of life; None without one."""
        if self.open is None:
            return None
        return self.active_at if self.open.start_inferred else self.last_at

    @property
    def shown(self) -> Broadcast | None:
        """The last broadcast as it counts, if more may come of it: a silent one ended just after its last sign of life."""
        if self.lapsed is not None:
            return self.lapsed
        heard = self.heard_at
        if self.open is None or heard is None or not self.silent:
            return self.open
        return replace(self.open, ended_at=heard + JUST_AFTER, end_inferred=True)

    def known_from(self, stored: Sequence[Broadcast]) -> "RoomState":
        """Give the state in which an open broadcast stays silent that is stored as such, as the last one."""
        silent = self._replace(silent=True)
        if self.open is None or silent.shown is None or not stored:
            return self
        as_before = replace(silent.shown, ended_at=self.heard_at)  # once an end lay at the last event
        return silent if stored[-1] in (silent.shown, as_before) else self

    def is_silent(self, now: datetime, gap: timedelta) -> bool:
        """Whether a broadcast is open that gave no sign of life for longer than the gap."""
        return self.heard_at is not None and now - self.heard_at > gap


def after(broadcast: Broadcast) -> RoomState:
    """Give the state in which a broadcast leaves its room that no start has ended: as of its last event."""
    ended_at = broadcast.ended_at
    if ended_at is None or not broadcast.end_inferred:
        return RoomState(last_at=ended_at, stopped_at=ended_at)
    heard = max(broadcast.started_at, ended_at - JUST_AFTER)
    going_on = replace(broadcast, ended_at=None, end_inferred=False)
    return RoomState(heard, going_on, active_at=heard if broadcast.start_inferred else None, silent=True)


def fold(
    state: RoomState, marks: Iterable[Mark], gap: timedelta = MERGE_GAP
) -> tuple[RoomState, list[Broadcast]]:
    """Read marks in order of time; give the new state and the broadcasts that ended, in order."""
    ended: list[Broadcast] = []
    last_at, is_silent = state.last_at, state.silent
    for mark in marks:
        is_silent = False
        state, silent = _expire(state, last_at, mark.at, gap)
        state, closed = _step(state, mark, gap)
        ended += [b for b in (silent, closed) if b is not None]
        last_at = mark.at
    return state._replace(last_at=last_at, silent=is_silent), ended


def _expire(
    state: RoomState, last_at: datetime | None, at: datetime, gap: timedelta
) -> tuple[RoomState, Broadcast | None]:
    """End what silence since `last_at` has ended by `at`."""
    if state.run and at - state.run.last_at > gap:
        state = state._replace(run=None)
    state, ended = _fall_silent(state, last_at, at, gap)
    lapsed = state.lapsed
    if (
        lapsed is None
        or lapsed.ended_at is None
        or at - (state.active_at or lapsed.ended_at) <= LONGEST_SILENCE
    ):
        return state, ended
    return state._replace(lapsed=None, active_at=None), lapsed


def _fall_silent(
    state: RoomState, last_at: datetime | None, at: datetime, gap: timedelta
) -> tuple[RoomState, Broadcast | None]:
    if state.open is None:
        return state, None
    heard = state.active_at if state.open.start_inferred else last_at
    if heard is None or at - heard <= gap:
        return state, None
    ended = replace(state.open, ended_at=heard + JUST_AFTER, end_inferred=True)
    return (RoomState(), ended) if ended.start_inferred else (RoomState(lapsed=ended), None)


def _step(state: RoomState, mark: Mark, gap: timedelta) -> tuple[RoomState, Broadcast | None]:
    if mark.method == START:
        closed = replace(state.open, ended_at=mark.at, end_inferred=True) if state.open else state.lapsed
        return RoomState(open=Broadcast(mark.at)), closed
    if mark.method == STOP:
        lasted = state.open or state.lapsed
        closed = replace(lasted, ended_at=mark.at, end_inferred=False) if lasted else None
        return RoomState(stopped_at=mark.at), closed
    if mark.method not in ACTIVITY:
        return state, None
    if state.open:
        return (state._replace(active_at=mark.at) if state.open.start_inferred else state), None
    if state.stopped_at is not None and mark.at - state.stopped_at <= gap:
        return state, None
    return _extend_run(state, mark)


def _extend_run(state: RoomState, mark: Mark) -> tuple[RoomState, Broadcast | None]:
    run = state.run or Run(mark.at, mark.at, 0, ())
    people = run.people
    if mark.person is not None and mark.person not in people and len(people) < _RUN_PEOPLE:
        people = (*people, mark.person)
    run = Run(run.first_at, mark.at, run.count + 1, people)
    if run.count < _RUN_EVENTS or len(people) < _RUN_PEOPLE:
        return state._replace(run=run, active_at=mark.at if state.lapsed else None), None
    opened = Broadcast(run.first_at, start_inferred=True)
    return state._replace(run=None, open=opened, active_at=mark.at, lapsed=None), state.lapsed
