"""Alerts: rules held against what was just stored, and what they do then. Store first, then act; nothing waits."""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mhc.capture.beside import beside
from mhc.capture.commands import CommandError, Commands
from mhc.capture.rules import DIGESTS, Rule
from mhc.capture.worker import Complaints, Worker
from mhc.clients.hooks import JSON, Hook, HookError
from mhc.errors import MhcError
from mhc.store import alerts, watchlists
from mhc.store.alerts import Behind
from mhc.store.database import Database
from mhc.store.events import NewEvent, StoredEvent
from mhc.store.streams import Stream

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger("mhc.listen")

WAITING_MOST = 1000  # events for which a rule may hold
_LATE = timedelta(minutes=10)  # what happened longer ago comes from a spool, or after an outage
_TALK = frozenset({"chatMessage", "privateMessage"})


class NoListError(Exception):
    """A rule names a watchlist that is not there."""


@dataclass(frozen=True, slots=True)
class _Case:
    """An event for which these rules may hold."""

    source: Stream
    new: NewEvent
    rules: Sequence[Rule]


class Alerts:
    """Holds rules against new events, one event at a time, on a thread of its own."""

    def __init__(
        self,
        db: Database,
        rules: Sequence[Rule],
        *,
        encode: Callable[[str, str | None, StoredEvent], bytes],
        digest: Callable[[str, str], bytes],
        now: Callable[[], datetime],
        complaints: Complaints,
        on_failure: Callable[[str, str], None],
        wait_scale: float = 1.0,
    ) -> None:
        self._db = db
        self._rules = rules
        self._encode = encode  # a rule, whom it is about, and an event
        self._digest = digest  # a form, and a room; it reads by itself, and may raise MhcError
        self._now = now
        self._complaints = complaints
        self._on_failure = on_failure  # of a room, and a rule
        self._wait_scale = wait_scale
        self._commands = Commands(os.environ)
        self._hook: Hook | None = None  # that is posted to just now
        self._worker = Worker("alerts", self._consider, WAITING_MOST)

    def use(self, rules: Sequence[Rule]) -> None:
        """Go on with other rules: the configuration was read again."""
        self._rules = rules

    def offer(self, source: Stream, new: Sequence[NewEvent]) -> None:
        """Have the rules held against these soon; never waits."""
        now = self._now()
        for one in new if self._rules else ():
            late = now - one.at > _LATE
            rules = [r for r in self._rules if r.may_hold(one, source.room) and (r.late or not late)]
            if rules and not _says_it_itself(source, one) and not self._worker.put(_Case(source, one, rules)):
                for rule in rules:
                    self._failed(source, rule, "too much at once: some of it is left out")

    def end(self) -> None:
        """Take nothing more; what is queued is told."""
        self._worker.end()

    def close(self, until: float) -> None:
        """Tell what is queued, until an instant of time.monotonic(); what runs then is ended."""
        left = self._worker.close(until)
        if left:
            log.warning("alerts: ended with %d events not looked at", left)
        self._commands.stop()
        hook = self._hook  # which the worker may take away any moment
        if hook is not None:
            hook.stop()

    def _consider(self, case: _Case) -> None:
        try:
            who, holding = self._holding(case)
            claimed = self._claim(case, who, holding) if holding else []
        except MhcError as error:  # the database is away, say: the event is stored, and nobody is told
            for rule in case.rules:
                self._failed(case.source, rule, error.message)
            return
        for rule in claimed:
            beside(self._act, rule, case, who)  # a bug in what one tells leaves the others alone

    def _holding(self, case: _Case) -> tuple[Behind | None, list[Rule]]:
        """Give whom an event is about, and the rules that hold for it, but those that told of them just before."""
        new, holding, now = case.new, [], self._now()
        with self._db.read() as conn:
            named = new.actor_id is not None and not new.event.anonymous
            who = alerts.behind(conn, new.actor_id) if named and new.actor_id is not None else None
            for rule in case.rules:
                if alerts.is_cooling(conn, rule.name, who, now=now, cooldown=rule.cooldown):
                    continue
                try:
                    holding += [rule] if _holds(conn, rule, who, new) else []
                except NoListError as error:
                    self._failed(case.source, rule, str(error))
        return who, holding

    def _claim(self, case: _Case, who: Behind | None, rules: Sequence[Rule]) -> list[Rule]:
        """Begin the cool-downs; give the rules for which nobody else did meanwhile."""
        now, room_id = self._now(), case.new.room_id or case.source.room_id
        with self._db.write() as conn:
            return [
                r for r in rules if alerts.claim(conn, r.name, who, room_id, now=now, cooldown=r.cooldown)
            ]

    def _act(self, rule: Rule, case: _Case, who: Behind | None) -> None:
        try:
            body, media_type = self._told(rule, case, who)
        except MhcError as error:  # the database went away since
            self._failed(case.source, rule, error.message)
            return
        seconds = rule.timeout.total_seconds()
        if rule.command:
            try:
                self._commands.run(rule.command, body, seconds=seconds)
            except CommandError as error:
                self._failed(case.source, rule, str(error))
        if rule.url is not None:
            self._hook = hook = Hook(rule.url.reveal(), seconds=seconds, wait_scale=self._wait_scale)
            try:
                hook.post(body, media_type=media_type)
            except HookError as error:
                self._failed(case.source, rule, f"{hook.host}: {error}")
            finally:
                self._hook = None
                hook.close()

    def _told(self, rule: Rule, case: _Case, who: Behind | None) -> tuple[bytes, str]:
        """Give what is told, and what kind of text that is: the event, or a digest of its room."""
        if rule.digest is not None:
            return self._digest(rule.digest, case.new.event.room or case.source.room), DIGESTS[rule.digest]
        event = case.new.shown(case.source.kind).masked()
        return self._encode(rule.name, None if who is None else who.username, event), JSON

    def _failed(self, source: Stream, rule: Rule, why: str) -> None:
        self._on_failure(source.room, rule.name)
        self._complaints.add(f"alert {rule.name}", why)


def _says_it_itself(source: Stream, new: NewEvent) -> bool:
    """Whether it is what the room's own owner writes, in the room or to somebody."""
    return new.event.method in _TALK and new.actor_id == source.room_id


def _holds(conn: "Connection", rule: Rule, who: Behind | None, new: NewEvent) -> bool:
    """Whether what a rule asks of the person holds; where nobody is named, no such thing does."""
    if not rule.asks_who:
        return True
    if who is None:
        return False
    return (
        (rule.watchlist is None or _is_on(conn, rule.watchlist, who))
        and not (rule.first_tip and alerts.did_before(conn, who, "tip", new))
        and not (rule.first_visit and alerts.did_before(conn, who, "userEnter", new))
        and (rule.returns_after is None or _returns(conn, rule.returns_after, who, new))
    )


def _is_on(conn: "Connection", name: str, who: Behind) -> bool:
    found = watchlists.find(conn, name)
    if found is None:
        raise NoListError(f"no watchlist named {name!r}")
    return watchlists.is_on(conn, found.id, who.member_ids)


def _returns(conn: "Connection", after: timedelta, who: Behind, new: NewEvent) -> bool:
    seen = alerts.last_seen_before(conn, who, new)
    return seen is not None and new.at - seen > after
