"""What was done in sessions, person by person: counted once, for every figure and list that is made of it.

Anonymous tips count in what a room got, as nobody's; what excluded people did openly is left out, and said so. The
room's own broadcaster is none of its people: of them only lines count, and what they should have paid.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from mhc.domain.clock import to_ms
from mhc.domain.sessions import Calendar
from mhc.domain.visits import Ending, Visit
from mhc.reports.frame import Crowd
from mhc.store import payments, sessions, talk, visits
from mhc.store.counting import Scope

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.store.sessions import Session


@dataclass(slots=True)
class Doing:
    """What one person did in a session."""

    tokens: int = 0
    tips: int = 0
    media: int = 0
    media_tokens: int = 0
    messages: int = 0
    follows: int = 0
    unfollows: int = 0
    fanclub_joins: int = 0
    signs: list[int] = field(default_factory=list)  # when they did something openly, in no order
    visits: list[Visit] = field(default_factory=list)

    def pay(self, one: payments.Payment) -> None:
        """Count a payment."""
        self.tokens += one.tokens
        self.tips += one.is_tip
        if not one.is_tip and one.tokens:
            self.media += 1
            self.media_tokens += one.tokens


@dataclass(slots=True)
class Tally:
    """What was done in one session. Who is not known, and the anonymous, are one: `unnamed`. `own` is the broadcaster."""

    host: int
    people: defaultdict[int, Doing] = field(default_factory=lambda: defaultdict(Doing))
    unnamed: Doing = field(default_factory=Doing)
    own: Doing = field(default_factory=Doing)
    subjects: list[tuple[int, str]] = field(default_factory=list)
    largest: tuple[int, int | None] | None = None  # tokens of the largest tip, and who openly made it

    @property
    def everyone(self) -> Sequence[Doing]:
        """What each did, the unnamed and the broadcaster, too."""
        return [*self.people.values(), self.unnamed, self.own]

    @property
    def tippers(self) -> int:
        """Give how many people tipped by name; with the anonymous in it, one could tell who these are."""
        return sum(did.tips > 0 for did in self.people.values())

    def of(self, root: int | None) -> Doing:
        """Give what somebody did, for more to be counted."""
        return self.unnamed if root is None else self.own if root == self.host else self.people[root]


def read(
    conn: "Connection",
    room_id: int,
    theirs: "Sequence[Session]",
    crowd: Crowd,
    now: datetime,
    methods: Sequence[str] = talk.COUNTED,
) -> dict[int, Tally]:
    """Count for each of a room's sessions, earliest first; of what people did beside paying only these methods."""
    calendar = Calendar([one.span for one in theirs], now)
    host = crowd.root(room_id)
    tallies = [Tally(host) for _one in theirs]
    begin = theirs[0].started_at
    end = theirs[-1].ended_at or max(now, theirs[-1].started_at)
    for payment in payments.list_all(conn, Scope([room_id], begin, end)):
        place = calendar.place(payment.at_ms)
        if place is not None:
            _count_payment(tallies[place], payment, crowd)
    for who, visit in visits.of_room(conn, room_id, sessions.last_end(conn, room_id, begin), end):
        came = to_ms(visit.known_from)
        # Who is there is so in a session that begins just now, too; an end that nobody saw is taken as the beginning.
        left = to_ms(end) + 1 if visit.ending is Ending.OPEN else to_ms(visit.left_at or visit.known_from)
        touched = list(calendar.touched(came, left))
        if touched and crowd.root(who) != host and crowd.counts(who):
            for place in touched:
                tallies[place].people[crowd.root(who)].visits.append(visit)
    for one, tally in zip(theirs, tallies, strict=True):
        _count_done(tally, talk.done(conn, room_id, one.started_at, one.ended_at or end, methods), crowd)
    return {one.id: tally for one, tally in zip(theirs, tallies, strict=True)}


def _count_done(tally: Tally, found: Iterable[talk.Done], crowd: Crowd) -> None:
    for one in found:
        if one.subject is not None:
            tally.subjects += [(at_ms, one.subject) for at_ms in one.at_ms]
        root = None if one.actor_id is None else crowd.root(one.actor_id)
        spoken = one.method == "chatMessage"
        if one.method == talk.SUBJECT or (root == tally.host and not spoken) or not crowd.counts(root):
            continue
        who = tally.of(root)
        who.signs += one.at_ms
        times = len(one.at_ms)
        match one.method:
            case "chatMessage":
                who.messages += times
            case "follow":
                who.follows += times
            case "unfollow":
                who.unfollows += times
            case "fanclubJoin":
                who.fanclub_joins += times


def _count_payment(tally: Tally, payment: payments.Payment, crowd: Crowd) -> None:
    who = payment.actor_id
    hidden = payment.anonymous and not crowd.reveal
    if not hidden and not crowd.counts(who):
        return
    openly = None if hidden or who is None else crowd.root(who)
    doing = tally.of(openly)
    doing.pay(payment)
    if openly is not None:
        doing.signs.append(payment.at_ms)
    largest = 0 if tally.largest is None else tally.largest[0]
    if payment.is_tip and openly != tally.host and payment.tokens > largest:
        tally.largest = payment.tokens, openly
