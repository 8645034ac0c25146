"""A room's feed of numbered events over raw sockets, which misbehaves on request and keeps a journal."""

import ssl
import threading
from collections.abc import Callable, Iterable
from functools import partial
from random import Random
from typing import Literal
from urllib.parse import quote

import wire
from faults import numbered
from faults.feed import Feed
from faults.modes import STALE, Mode, Script
from faults.turn import ForgottenError, Page, Reply, Served, Turn, plain, read_ask
from wire import Manner, Wire

TOKEN = "CANARY0FAULTS0TOKEN0FAKE"


class FaultServer(Wire):
    """Serves events 1 to `events` of a room on 127.0.0.1 in pages, in `modes` for the first requests.

    Then it behaves, but for `misbehave` (a chance, by `seed`) of what costs no event. `published` is how many
    events there are at the start, all of them if not given; `publish` lets more happen. Of the published ones
    the last `retention` are kept. A poll waits `longest` seconds at most, whatever it asks for. `start` and `stop`, or `with`. The `journal` has every request of the feed.
    """

    def __init__(
        self,
        events: int = 1000,
        modes: Iterable[Mode] = (),
        *,
        misbehave: float = 0.0,
        seed: int = 1,
        published: int | None = None,
        page_size: int = 100,
        retention: int | None = None,
        longest: float = 90,
        pad: int = 0,
        body: Callable[[int], bytes] | None = None,
        empty: Literal[200, 400] = 200,
        room: str = numbered.ROOM,
        token: str = TOKEN,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(tls=tls, port=port)
        self.events, self.room, self.token = events, room, token
        self.tokens = {token}  # all that it ever took
        self.page_size, self.empty, self.longest = page_size, empty, longest
        self.chance = Random(seed)
        self.previous: Page | None = None
        self.journal: list[Served] = []
        count = events if published is None else published
        self.feed = Feed(count, retention, body or partial(numbered.body_of, pad=pad, room=room))
        self._script = Script(modes, misbehave, seed)
        self._taking = threading.Lock()
        self._noting = threading.Condition()
        self.arrived = 0  # requests, answered or not

    @property
    def base_url(self) -> str:
        """Give the URL that a broadcaster would copy from the token page."""
        return f"{self.url}/events/{quote(self.room, safe='')}/{quote(self.token, safe='')}/"

    def environ(self, database_url: str, **more: str) -> dict[str, str]:
        """Give the variables under which the installed command listens to this feed."""
        return {
            "DATABASE_URL": database_url,
            "MHC_EVENTS_URL": self.url,
            "CHATURBATE_USERNAME": self.room,
            "CB_AUTH_TOKEN": self.token,
            "MHC_WAIT_SCALE": "0.001",
            **more,
        }

    def use_token(self, token: str) -> None:
        """Take another token from now on, and the old one no more."""
        self.token = token
        self.tokens.add(token)

    def then(self, *modes: Mode) -> None:
        """Answer the next requests in these modes; what was to come is forgotten."""
        with self._taking:
            self._script = Script(modes, 0, 1)

    def publish(self, count: int) -> None:
        """Let so many more events happen."""
        self.feed.publish(count)

    def until_held(self, count: int = 1, timeout: float = 30) -> bool:
        """Wait until so many polls wait for events; False where it takes longer than `timeout` seconds."""
        return self.feed.until_held(count, timeout)

    def until_read_up(self, timeout: float = 60) -> bool:
        """Wait until a poll waits that has every event there is; False where it takes longer."""
        return self.feed.until_read_up(timeout)

    def until_asked(self, count: int, timeout: float = 60) -> bool:
        """Wait until there were more requests than `count`; False where it takes longer."""
        with self._noting:
            return self._noting.wait_for(lambda: len(self.journal) > count, timeout)

    def until_arrived(self, count: int, timeout: float = 60) -> bool:
        """Wait until more requests than `count` came, answered or not; False where it takes longer."""
        with self._noting:
            return self._noting.wait_for(lambda: self.arrived > count, timeout)

    def served(self) -> dict[int, bytes]:
        """Give the events that went out whole at least once, as they were the first time, by their numbers."""
        found: dict[int, bytes] = {}
        for one in list(self.journal):
            if one.whole:
                for number, text in one.elements:
                    if number:
                        found.setdefault(number, text)
        return found

    @staticmethod
    def cursor_of(number: int) -> str:
        """Give the cursor that stands behind an event."""
        return numbered.id_of(number)

    def stop(self) -> None:
        """End waiting polls without an answer, every connection, and give the port back."""
        self.stopping.set()
        self.feed.close()
        super().stop()

    def manner_for(self, request: bytes) -> Manner:
        """Give what is done about a request; it is in the journal before the first byte goes out."""
        with self._noting:
            self.arrived += 1
            self._noting.notify_all()
        turn = Turn(self, read_ask(request.split(b" ", 2)[1].decode("latin-1")))
        refusal = self._refusal(turn)
        if refusal is not None:
            return self._noted(turn, "refused", refusal)
        with self._taking:
            mode = self._script.take()
        try:
            return self._noted(turn, mode.name, mode.reply(turn))
        except ForgottenError:
            return self._noted(turn, STALE.name, STALE.reply(turn))

    def _noted(self, turn: Turn, mode: str, reply: Reply) -> Manner:
        if self.feed.closed:
            reply = Reply(wire.reset)
        line = Served(turn.ask, mode, reply.status, reply.elements, reply.leads_to, reply.whole)
        with self._noting:
            self.journal.append(line)
            self._noting.notify_all()

        def manner(made: object, server: Wire) -> bool | None:
            try:
                return reply.manner(made, server)  # type: ignore[arg-type]
            except OSError:
                line.whole = False
                raise

        return manner

    def _refusal(self, turn: Turn) -> Reply | None:
        expected = f"/events/{quote(self.room, safe='')}/"
        if not turn.ask.path.startswith(expected) or not turn.ask.path.endswith("/"):
            return plain(404, b"not found")
        if turn.ask.path != f"{expected}{quote(self.token, safe='')}/":
            return plain(401, b"unauthorized")
        return None
