"""Runs listeners, a thread each, while the main thread keeps the time and hears the signals."""

import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

from mhc.capture.listener import Listener
from mhc.capture.lock import HeldError
from mhc.capture.notify import notify
from mhc.capture.trouble import TokenRefusedError
from mhc.errors import AccessError, ConfigError, Exit, MhcError, OutputError
from mhc.log import redacted_traceback
from mhc.store.pages import LeaseLostError

log = logging.getLogger("mhc.listen")

_AGAIN = 60.0  # seconds until a room that failed is tried again, beside others
# What all rooms share: the database and its schema, the state directory, the disk. A token is a room's own.
_SHARED = (AccessError, ConfigError, OutputError)
_TICK = 1.0  # seconds between looks at the polls' deadlines
_PATIENCE = 5.0  # seconds for a transaction to end before the process does


class Supervisor:
    """Ends its listeners in order at a signal, at the end of a time, or when one of them fails.

    The handler only writes a byte: everything else happens in the loop, where locks may be taken.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        *,
        seconds: float | None = None,
        reload: Callable[[], None] | None = None,
        patient: bool = False,
        again: float = _AGAIN,
    ) -> None:
        """`patient`: a room that fails is tried again after `again` seconds, while the others go on."""
        self._listeners = listeners
        self._patient = patient
        self._again = again
        self._until = None if seconds is None else time.monotonic() + seconds
        self._reload = reload
        self._errors: list[BaseException] = []
        self._wake_out, self._wake_in = socket.socketpair()
        self._signals: list[int] = []
        self._broken = False

    def fail(self, error: BaseException) -> None:
        """End everything: what is printed cannot be printed any more. May be called from another thread."""
        self._errors.append(error)
        self._broken = True
        self._wake_in.send(b"\0")

    def run(self) -> int:
        """Run to the end; give the exit status. Raises what ended a listener."""
        before = {n: signal.signal(n, self._heard) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        threads = [threading.Thread(target=self._listen, args=(one,), daemon=True) for one in self._listeners]
        try:
            for thread in threads:
                thread.start()
            self._watch(threads)
            notify("STOPPING=1")
            self._end(threads)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self._wake_in.close()
            self._wake_out.close()
        if self._errors:
            raise max(self._errors, key=_gravity)
        return Exit.INTERRUPTED if signal.SIGINT in self._signals else Exit.OK

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGHUP and any(n != signal.SIGHUP for n in self._signals):
            os._exit(128 + number)  # asked twice: at once, whatever is under way; the transaction rolls back
        self._signals.append(number)
        self._wake_in.send(b"\0")

    def _listen(self, one: Listener) -> None:
        try:
            try:
                while self._run(one):
                    log.info("%s: tried again", one.client.room)
            finally:
                one.health.ended()
        except BaseException as error:  # noqa: BLE001 - with this thread the room would end without a word, and well
            self._errors.append(error)
        finally:
            self._wake_in.send(b"\0")

    def _run(self, one: Listener) -> bool:
        """Run a listener to its end; give whether to run it again."""
        try:
            one.run()
        except BaseException as error:  # noqa: BLE001 - one room's trouble must not touch another's
            own = isinstance(error, TokenRefusedError)
            shared = isinstance(error, _SHARED) and not own
            if self._patient and not own and not shared:
                log.error("%s: %s; tried again in %.0f s", one.client.room, _said(error), self._again)  # noqa: TRY400 - it says all
                if isinstance(error, (HeldError, LeaseLostError)):
                    one.elsewhere(error.message)
                else:
                    one.failed(
                        error.message if isinstance(error, MhcError) else f"a bug: {type(error).__name__}"
                    )
                return one.rest(self._again)
            if len(self._listeners) > 1:
                log.error("%s: ended: %s", one.client.room, _said(error))  # noqa: TRY400 - raised again in the end
            self._errors.append(error)
            self._broken = self._broken or (self._patient and shared)
        return False

    def _watch(self, threads: Sequence[threading.Thread]) -> None:
        """Wait for a reason to end, cutting polls that take too long."""
        while any(thread.is_alive() for thread in threads) and not self._broken:
            if select.select([self._wake_out], [], [], self._next_look())[0]:
                self._wake_out.recv(64)
            for one in self._listeners:
                one.client.line.cut_if_late()
            if signal.SIGHUP in self._signals:
                self._signals.remove(signal.SIGHUP)
                self._read_again()
            if self._signals or (self._until is not None and time.monotonic() >= self._until):
                return

    def _read_again(self) -> None:
        """Read the configuration again; where it is wrong, what was read before goes on."""
        if self._reload is None:
            return
        try:
            self._reload()
        except MhcError as error:
            log.error("not read again: %s", error.message)  # noqa: TRY400 - a sentence, no trace

    def _next_look(self) -> float:
        return _TICK if self._until is None else max(0.0, min(_TICK, self._until - time.monotonic()))

    def _end(self, threads: Sequence[threading.Thread]) -> None:
        for one in self._listeners:
            one.stop()
        until = time.monotonic() + _PATIENCE
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        if any(thread.is_alive() for thread in threads):
            log.warning("a listener did not end within %d s; its transaction rolls back", _PATIENCE)


def _said(error: BaseException) -> str:
    """Say what went wrong: a sentence, or for a bug its whole trace."""
    return error.message if isinstance(error, MhcError) else f"a bug: {redacted_traceback(error)}"


def _gravity(error: BaseException) -> int:
    """Order what ended several listeners: a bug first, then by exit status."""
    return int(error.status) if isinstance(error, MhcError) else 1000
