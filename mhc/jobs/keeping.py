"""What becomes of an answer: whose it is, whether it can be true, and a reading of it for each person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mhc.domain import metrics
from mhc.errors import CheckError, DataError, Exit, MhcError
from mhc.jobs.profile_keeping import keep_profile
from mhc.jobs.questions import PROFILE, About, Question
from mhc.store import compared, identity, misses, snapshots
from mhc.store.compared import Settled, Stored
from mhc.store.identity import Outcome as Identity
from mhc.store.people import Role
from mhc.store.snapshots import Reading

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Figures that cannot come as 0 or as nothing where there was one: then an answer is of a source that fails, and no reading.
# A pause of 30 days empties a range, and a pay-out the balance: neither stands here.
_NEVER_EMPTY: Final[Mapping[str, tuple[str, ...]]] = {
    "statbate.member_info": ("all_time_tokens",),
    "stats": ("num_followers",),
    "apistats": ("programmes",),
    PROFILE: ("follower_count",),
}
_ROWS: Final = ("rows",)  # of a ranking: there is always somebody on it


class State(StrEnum):
    """What became of a question about somebody."""

    NEW = "new"
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"  # the source does not know them
    FAILED = "failed"
    SKIPPED = "skipped"  # not asked, or not any more


class EmptiedError(DataError):
    """An answer lost what cannot be lost."""


FOUND: Final = frozenset({State.NEW, State.UNCHANGED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question about somebody (None: about nobody), and why where it counts as a failure."""

    username: str | None
    source: str
    range: str
    state: State | None  # None where it was not put, but only shown
    captured_at: datetime | None = None
    id: int | None = None
    failure: MhcError | None = None

    @property
    def error(self) -> str | None:
        """Give the sentence of the failure."""
        return self.failure.message if self.failure else None


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says of somebody (None: of nobody): the name that was asked with, and the one it answers with.

    `lost` says where in it something did not fit.
    """

    name: str | None
    body: bytes
    row: Any
    answered: str | None = None
    rid: int | None = None
    did: int | None = None
    lost: frozenset[str] = frozenset()
    role: Role | None = None  # what it shows them to be, where not every answer to the question does


Tell = Callable[[str], None]
Gone = Callable[[str], bool]


def keep(
    conn: "Connection", question: Question, said: Sequence[Said], *, at: datetime, gone: Gone, tell: Tell
) -> list[Outcome]:
    """Store a reading of each; give what became of each, in order. Who turns out to be another is renamed or merged.

    Of whom `gone` says that they were forgotten nothing is kept.
    """
    known = compared.settled(conn, sorted({one.name for one in said if one.name}))
    people = [_forgotten(question, one, gone) or _whose(conn, question, one, known, at, tell) for one in said]
    whose = [None if isinstance(one, MhcError) else one for one in people]
    before = compared.last(conn, question.asked, whose, before=at)
    kept: list[Reading] = []
    found: list[Outcome | None] = []
    for one, who in zip(said, people, strict=True):
        error = who if isinstance(who, MhcError) else None
        if not isinstance(who, MhcError):
            figures = metrics.read(question.source, one.row, one.lost)
            error = _emptied(question, one, before.get(who), figures)
            if error is None and question.about == About.PROFILE and who is not None:
                keep_profile(conn, who, question.source, one.row, at)
            if error is None:
                kept.append(Reading(who, question.asked, at, one.body, figures))
        found.append(None if error is None else failed(question, one.name, error))
    snapshots.add(conn, kept)
    misses.clear(conn, question.source, {name for one in said for name in (one.name, one.answered) if name})
    stored = compared.at(conn, question.asked, [one.person_id for one in kept], at)
    return [
        one or _stored(question, what.name, before.get(who), stored[who])
        for one, what, who in zip(found, said, whose, strict=True)
    ]


def failed(question: Question, name: str | None, error: MhcError) -> Outcome:
    """Give the outcome of a failure."""
    return of(question, name, State.FAILED, error)


def of(question: Question, name: str | None, state: State | None, error: MhcError | None = None) -> Outcome:
    """Give the outcome of a question without a reading."""
    return Outcome(name, question.source, question.range, state, failure=error)


def failures_of(outcomes: Sequence[Outcome]) -> list[MhcError]:
    """Give what counts as a failure: that one source does not know somebody is none where another does."""
    known = {one.username for one in outcomes if one.state in FOUND}
    return [
        one.failure
        for one in outcomes
        if one.failure and not (one.state == State.UNKNOWN and one.username in known)
    ]


def status_of(outcomes: Sequence[Outcome], ended: Sequence[MhcError]) -> int:
    """Give the exit status: the gravest where all failed, 1 where some did; a safety stop comes first."""
    if any(isinstance(one, CheckError) for one in ended):
        return Exit.CHECK
    failures = failures_of(outcomes)
    if not failures:
        return Exit.OK
    good = any(one.failure is None for one in outcomes)
    return Exit.PARTIAL if good else max(one.status for one in failures)


def _stored(question: Question, name: str | None, before: Stored | None, now: Stored) -> Outcome:
    same = before is not None and before.payload_id == now.payload_id
    state = State.UNCHANGED if same else State.NEW
    return Outcome(name, question.source, question.range, state, now.captured_at, now.id)


def _forgotten(question: Question, one: Said, gone: Gone) -> DataError | None:
    """Say that an answer is about somebody who was forgotten for good, or since it came."""
    names = {one.name, one.answered, question.more.model}
    for name in names:
        if name is not None and gone(name):
            return DataError("they were forgotten: nothing is kept of them")
    return None


def _whose(
    conn: "Connection",
    question: Question,
    one: Said,
    known: Mapping[str, Settled],
    at: datetime,
    tell: Tell,
) -> int | MhcError | None:
    """Give the row of the person that an answer is about, or why it is nobody's."""
    if one.name is None:
        return None
    same = known.get(one.name)
    role = one.role or question.role
    if same and one.answered in {None, one.name} and same.says(role, one.rid, one.did):
        return same.person_id  # most of the time: a look at each number reads everyone
    note = partial(identity.note_ids, conn, rid=one.rid, did=one.did, source=question.source, at=at)
    found = note(one.name, observed_role=role)
    if found.outcome == Identity.CONFLICT:
        return DataError(found.sentence or "another person's numbers")
    if found.sentence:
        tell(found.sentence)
    if one.answered is not None and one.answered != one.name and (one.rid or one.did):
        # Asked under a name of old, it answers with the new one.
        again = note(one.answered)
        if again.sentence:
            tell(again.sentence)
    return found.person_id


def _amount(value: Any) -> str:
    return "nothing" if value is None else str(len(value) if isinstance(value, list) else value)


def _emptied(
    question: Question, one: Said, before: Stored | None, now: Mapping[str, Any]
) -> DataError | None:
    """Say that an answer lost what cannot be lost; None where it can be true."""
    if now.get("gone"):  # a profile that is no more has none of its figures
        return None
    ranking = question.about == About.NOBODY and one.name is None
    for name in _ROWS if ranking else _NEVER_EMPTY.get(question.source, ()):
        was = before.metrics.get(name) if before else None
        unread = metrics.is_lost(question.source, name, one.lost)  # there, and nobody can tell how much
        if was and not now.get(name) and not unread:
            came, had = _amount(now.get(name)), _amount(was)
            why = f"{question.source} has {came} for {name}, and had {had}"
            return EmptiedError(f"{why}: that is no reading")
    return None
