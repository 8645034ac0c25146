"""`mhc listen`: capture a room, and say what comes."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli import names as known_names
from mhc.cli.accounts import account, chosen
from mhc.cli.context import settings, utc_now
from mhc.cli.event import FIELDS
from mhc.cli.live import LivePrinter
from mhc.cli.lookups import methods
from mhc.cli.options import Command, common_options
from mhc.cli.reactions import Forwarding, reactions, receivers
from mhc.cli.render import ndjson_parts
from mhc.cli.table import width
from mhc.config import Secret, Settings
from mhc.domain.text import encode
from mhc.domain.times import parse_duration
from mhc.errors import AccessError, Exit, MhcError, UsageError

if TYPE_CHECKING:
    from mhc.capture.actions import Actions
    from mhc.capture.listener import Listener
    from mhc.capture.notify import Rooms
    from mhc.capture.pace import Pace
    from mhc.store.database import Database
    from mhc.store.events import NewEvent, StoredEvent
    from mhc.store.streams import Stream

log = logging.getLogger("mhc.listen")

TESTBED_URL = "https://events.testbed.cb.dev"
_NAME = 20  # columns
_OF_THE_ROOM = frozenset({"broadcastStart", "broadcastStop", "roomSubjectChange"})
_NO_FAILURE = frozenset({Exit.OK, Exit.INTERRUPTED, Exit.TRY_LATER})  # for a health check
_VERBS = {
    "broadcastStart": "is live",
    "broadcastStop": "stopped",
    "fanclubJoin": "joined the fan club",
    "follow": "follows",
    "unfollow": "unfollowed",
    "userEnter": "came in",
    "userLeave": "left",
}


@click.command(
    cls=Command,
    examples=[
        "mhc listen",
        "mhc listen --for 10m --events tip,pm",
        "mhc listen -o ndjson --events tip",
        "mhc listen --all --standby -o none",
    ],
)
@click.option(
    "--room",
    "rooms",
    multiple=True,
    metavar="ROOM",
    shell_complete=complete.rooms,
    help="Room to capture (default: the own one).",
)
@click.option("--all", "everything", is_flag=True, help="Capture every configured room, in one process.")
@click.option("--standby", is_flag=True, help="Where another listener has the room: wait, and take over.")
@click.option("--once", is_flag=True, help="Read what there is, and end.")
@click.option("--for", "length", metavar="TIME", help="End after this time: 90s, 10m, 2h.")
@click.option(
    "--events",
    "kinds",
    metavar="A,B,…",
    help="Print and forward these only: tip, chat, pm, … All are stored.",
)
@click.option(
    "--forward-to", "urls", multiple=True, metavar="URL", help="Post each of these events to a URL, as JSON."
)
@click.option("--exit-on-auth", is_flag=True, help="End with 77 when the token is refused later on, too.")
@click.option("--testbed", is_flag=True, help="Capture from the platform's testbed, apart from all figures.")
@click.option("--reveal", is_flag=True, help="Name who tips anonymously.")
@click.option("--private", is_flag=True, help="Print the text of private messages.")
@click.option(
    "-o",
    "--output",
    "style",
    type=click.Choice(["text", "ndjson", "none"]),
    default="text",
    show_default=True,
    help="What is printed, an event a line.",
)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    rooms: tuple[str, ...],
    everything: bool,
    standby: bool,
    once: bool,
    length: str | None,
    kinds: str | None,
    urls: tuple[str, ...],
    exit_on_auth: bool,
    testbed: bool,
    reveal: bool,
    private: bool,
    style: str,
) -> int:
    """Capture everything that happens in the room, until stopped.

    Each event is stored exactly once, whatever stops the program. While the database is away, events wait in a spool
    on disk. A second listener of a room ends with 75, or stands by. Several rooms are captured in one process; what
    befalls one of them leaves the others alone.
    """
    from mhc.capture.notify import Rooms
    from mhc.capture.pace import Pace
    from mhc.capture.rules import read_rules
    from mhc.capture.supervise import Supervisor
    from mhc.store.database import Database

    loaded = settings(ctx)
    seconds = None if length is None else _duration(length)
    shown = methods(kinds)
    forwarding = Forwarding(receivers(urls), shown, reveal=reveal, private=private)
    if standby and once:
        raise UsageError("--standby waits, --once does not: give one of them")
    accounts = chosen(loaded, rooms, everything=everything)
    printer = LivePrinter(lambda error: supervisor.fail(error))  # noqa: PLW0108 - there is none yet
    show = _shower(printer, style, shown, loaded.timezone, reveal=reveal, private=private)

    def reload() -> None:
        again = settings(ctx, fresh=True)
        for one in listeners:
            try:
                _, token = account(again, one.client.room)
            except AccessError:
                if len(listeners) == 1:
                    raise
                log.error("%s has no token any more; its last one stays", one.client.room)  # noqa: TRY400 - a sentence, no trace
            else:
                if one.client.use_token(token.reveal()):
                    one.retry_now()
        actions.alerts.use(read_rules(again.tables))

    db = Database(loaded.database_url)
    actions = reactions(loaded, db, forwarding)
    several = len(accounts) > 1
    how = _How(
        show,
        actions,
        reload,
        Rooms(),
        Pace(time.monotonic),
        once=once,
        exit_on_auth=exit_on_auth,
        testbed=testbed,
        standby=standby,
        several=several,
    )
    listeners = [_listener(loaded, db, room, token, how) for room, token in accounts.items()]
    supervisor = Supervisor(listeners, seconds=seconds, reload=reload, patient=several and not once)
    status: int = Exit.BUG
    try:
        status = supervisor.run()
    except MhcError as error:
        status = error.status
        raise
    finally:
        actions.close(failed=status not in _NO_FAILURE)
        db.close()
        if not printer.close():
            os._exit(status)  # nobody reads our output: the last flush would wait for ever
    return status


def _duration(text: str) -> float:
    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise UsageError(f"--for: {error}") from None


@dataclass(frozen=True, slots=True)
class _How:
    """How listeners are to behave."""

    show: "Callable[[Stream, Sequence[NewEvent]], None]"
    actions: "Actions"
    reload: Callable[[], None]
    rooms: "Rooms"
    pace: "Pace"
    once: bool
    exit_on_auth: bool
    testbed: bool
    standby: bool
    several: bool

    def stored(self, source: "Stream", new: "Sequence[NewEvent]") -> None:
        """Show what was stored, and act on it."""
        self.show(source, new)
        self.actions.stored(source, new)

    def read_again(self) -> None:
        """Read the token again; a configuration that is wrong by now leaves the one we have."""
        try:
            self.reload()
        except MhcError as error:
            log.warning("not read again: %s", error.message)


def _listener(loaded: Settings, db: "Database", room: str, token: Secret, how: _How) -> "Listener":
    from mhc.capture.health import Health
    from mhc.capture.listener import Listener, Options
    from mhc.capture.lock import StreamLock
    from mhc.clients.events import EventsClient
    from mhc.store.streams import Kind

    client = EventsClient(TESTBED_URL if how.testbed else loaded.events_url, room, token.reveal())
    options = Options(
        kind=Kind.TESTBED if how.testbed else Kind.LIVE,
        merge_gap=loaded.merge_gap,
        wait_scale=loaded.wait_scale,
        once=how.once,
        exit_on_auth=how.exit_on_auth,
        standby=how.standby,
        alone=not how.several,
        spool_max=loaded.spool_max,
        pace=how.pace,
        now=utc_now,
        on_events=known_names.keeping(db, loaded, how.stored),
        on_failed=lambda kind: how.actions.poll_failed(room, str(kind)),
        on_refused=how.read_again,
    )
    health = Health(loaded.state_dir, utc_now, how.rooms, how.actions.heard)
    return Listener(db, client, health, partial(StreamLock, loaded.state_dir), options)


def _shower(
    printer: LivePrinter,
    style: str,
    shown: tuple[str, ...] | None,
    tz: tzinfo,
    *,
    reveal: bool,
    private: bool,
) -> "Callable[[Stream, Sequence[NewEvent]], None]":
    """Give what prints new events, a line each."""

    def show(source: "Stream", new: "Sequence[NewEvent]") -> None:
        for one in new:
            if style != "none" and (shown is None or one.event.method in shown):
                event = one.shown(source.kind).masked(reveal=reveal, private=private)
                lines = ndjson_parts(FIELDS, [event]) if style == "ndjson" else [f"{line(event, tz)}\n"]
                printer.put("".join(lines))

    return show


def line(event: "StoredEvent", tz: tzinfo) -> str:
    """Give an event as a line for a person: time, who, what, tokens."""
    at = event.at.astimezone(tz).strftime("%H:%M:%S")
    who = encode(event.actor or _nobody(event), limit=64)
    return f"{at}  {who}{' ' * (_NAME - width(who))} {_said(event)}".rstrip()


def _nobody(event: "StoredEvent") -> str:
    """Name who did what has no name: the room itself, someone who asked not to be named, or who is not logged in."""
    if event.method in _OF_THE_ROOM:
        return event.room or "?"
    return "(anonymous)" if event.anonymous else "(guest)"


def _said(event: "StoredEvent") -> str:
    text = encode(event.text or "", limit=500)
    if event.method == "tip":
        amount = "an unreadable amount" if event.tokens is None else f"{event.tokens:,} tk"
        return f"tipped {amount}{'  ' + text if text else ''}"
    if event.method == "mediaPurchase":
        return f"bought {text or 'media'} for {'?' if event.tokens is None else f'{event.tokens:,}'} tk"
    if event.method == "privateMessage":
        return f"→ {encode(event.partner or '?', limit=64)} (private){': ' + text if text else ''}"
    if event.method == "roomSubjectChange":
        return f"subject: {text}"
    if event.method == "chatMessage":
        return f": {text}"
    return _VERBS.get(event.method, encode(event.method, limit=64))
