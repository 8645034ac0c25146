"""`mhc listen`: capture a room, and say what comes."""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
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
from mhc.cli.lasting import look_for_garbage
from mhc.cli.live import LivePrinter
from mhc.cli.lookups import methods
from mhc.cli.options import Command, Shared, common_options
from mhc.cli.reactions import Forwarding, reactions, receivers
from mhc.cli.render import ndjson_parts, screened
from mhc.cli.spoken import line
from mhc.cli.unmasking import unmask_options
from mhc.config import Secret
from mhc.domain.times import parse_duration
from mhc.errors import AccessError, Exit, MhcError, UsageError

if TYPE_CHECKING:
    from mhc.capture.listener import Listener
    from mhc.store.events import NewEvent
    from mhc.store.streams import Stream

log = logging.getLogger("mhc.listen")

TESTBED_URL = "https://events.testbed.cb.dev"
_ANSWER_SECONDS = 60  # of PostgreSQL; then pages wait in the spool
_PATIENCE = 2.0  # seconds for the names, at the end
_NO_FAILURE = frozenset({Exit.OK, Exit.INTERRUPTED, Exit.TRY_LATER})  # for a health check


@click.command(
    cls=Command,
    examples=[
        "mhc listen",
        "mhc listen --for 10m --events tip,pm",
        "mhc listen -o ndjson --events tip",
        "mhc listen --all --standby",
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
@unmask_options(
    reveal="Name who tips anonymously.", private="Print the text of private messages.", elsewhere=True
)
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
    on disk. A second listener of a room ends with 75, or stands by; with --once and -q it says nothing then. Several rooms are captured in one process; what
    befalls one of them leaves the others alone.
    """
    loaded = settings(ctx)
    seconds = None if length is None else _duration(length)
    shown = methods(kinds)
    if standby and once:
        raise UsageError("--standby waits, --once does not: give one of them")
    forwarding = Forwarding(receivers(urls), shown, reveal=reveal, private=private)
    accounts = chosen(loaded, rooms, everything=everything)
    how = _How(
        once=once,
        exit_on_auth=exit_on_auth,
        testbed=testbed,
        standby=standby,
        several=len(accounts) > 1,
        seconds=seconds,
    )
    printer = LivePrinter()
    hidden = loaded.screen_safe
    show = _shower(
        printer,
        style,
        shown,
        loaded.timezone,
        reveal=reveal and not hidden,
        private=private and not hidden,
        hidden=hidden,
    )
    status: int = Exit.BUG
    try:
        status = _Process(ctx, accounts, how, forwarding, show).run(printer)
    except MhcError as error:
        status = error.status
        if not (once and _is_held(error) and ctx.ensure_object(Shared).quiet):  # cron need not hear of it
            raise
    finally:
        if not printer.close():
            os._exit(status)  # nobody reads our output: the last flush would wait for ever
    return status


def _is_held(error: MhcError) -> bool:
    """Whether somebody listens already."""
    from mhc.capture.lock import HeldError

    return isinstance(error, HeldError)


def _duration(text: str) -> float:
    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise UsageError(f"--for: {error}") from None


@dataclass(frozen=True, slots=True)
class _How:
    """What the options say of every listener."""

    once: bool
    exit_on_auth: bool
    testbed: bool
    standby: bool
    several: bool
    seconds: float | None


class _Process:
    """The listeners of one process, and what they share."""

    def __init__(
        self,
        ctx: click.Context,
        accounts: Mapping[str, Secret],
        how: _How,
        forwarding: Forwarding,
        show: "Callable[[Stream, Sequence[NewEvent]], None]",
    ) -> None:
        from mhc.capture.notify import Rooms
        from mhc.capture.pace import Pace
        from mhc.store.database import Database

        self._ctx, self._how, self._show = ctx, how, show
        self._loaded = settings(ctx)
        self._db = Database(
            self._loaded.database_url,
            answer_seconds=_ANSWER_SECONDS,
            erasure_key=self._loaded.erasure_key,
            index_messages=self._loaded.search_messages,
        )
        self._actions = reactions(self._loaded, self._db, forwarding)
        self._names = known_names.Keeper(self._db, self._loaded)
        self._rooms, self._pace = Rooms(), Pace(time.monotonic)
        self._listeners = [self._listener(room, token) for room, token in accounts.items()]

    def run(self, printer: LivePrinter) -> int:
        """Listen to the end; give the exit status. Raises what ended it."""
        from mhc.capture.supervise import Supervisor

        how = self._how
        supervisor = Supervisor(
            self._listeners,
            seconds=how.seconds,
            reload=self._read_again,
            patient=how.several and not how.once,
        )
        printer.start(supervisor.fail)
        look_for_garbage()
        status: int = Exit.BUG
        try:
            status = supervisor.run()
        except MhcError as error:
            status = error.status
            raise
        finally:
            self._actions.close(failed=status not in _NO_FAILURE)
            self._names.close(time.monotonic() + _PATIENCE)
            self._db.close()
        return status

    def _listener(self, room: str, token: Secret) -> "Listener":
        from mhc.capture.health import Health
        from mhc.capture.listener import Listener, Options
        from mhc.capture.lock import StreamLock
        from mhc.clients.events import EventsClient
        from mhc.store.streams import Kind

        loaded, how = self._loaded, self._how
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
            pace=self._pace,
            now=utc_now,
            on_events=self._stored,
            on_failed=lambda kind: self._actions.poll_failed(room, str(kind)),
            on_refused=self._try_to_read_again,
        )
        health = Health(loaded.state_dir, utc_now, self._rooms, self._actions.heard)
        return Listener(self._db, client, health, partial(StreamLock, loaded.state_dir), options)

    def _stored(self, source: "Stream", new: "Sequence[NewEvent]") -> None:
        """Show what was stored, and act on it."""
        from mhc.capture.beside import beside

        beside(self._show, source, new)
        beside(self._actions.stored, source, new)
        self._names.came()

    def _read_again(self) -> None:
        """Read tokens and rules again. Raises MhcError where the configuration is wrong by now: nothing changes then."""
        from mhc.capture.rules import read_rules

        again = settings(self._ctx, fresh=True)
        for one in self._listeners:
            try:
                _, token = account(again, one.client.room)
            except AccessError:
                if not self._how.several:
                    raise
                log.error("%s has no token any more; its last one stays", one.client.room)  # noqa: TRY400 - a sentence, no trace
            else:
                if one.client.use_token(token.reveal()):
                    one.retry_now()
        self._actions.alerts.use(read_rules(again.tables))

    def _try_to_read_again(self) -> None:
        """Do the same where nobody asked for it: what is wrong leaves what we have."""
        try:
            self._read_again()
        except MhcError as error:
            log.warning("not read again: %s", error.message)


def _shower(
    printer: LivePrinter,
    style: str,
    shown: tuple[str, ...] | None,
    tz: tzinfo,
    *,
    reveal: bool,
    private: bool,
    hidden: bool,
) -> "Callable[[Stream, Sequence[NewEvent]], None]":
    """Give what prints new events, a line each."""
    fields = screened(FIELDS) if hidden else FIELDS

    def show(source: "Stream", new: "Sequence[NewEvent]") -> None:
        for one in new:
            if style != "none" and (shown is None or one.event.method in shown):
                event = one.shown(source.kind).masked(reveal=reveal, private=private)
                spoken = style != "ndjson"
                lines = [f"{line(event, tz, hidden=hidden)}\n"] if spoken else ndjson_parts(fields, [event])
                printer.put("".join(lines))

    return show
