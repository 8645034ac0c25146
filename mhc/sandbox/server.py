"""The sandbox as a server on loopback: what it plays, and how one starts and ends it."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

from mhc.sandbox import cbhours
from mhc.sandbox.affiliate import AffiliateApi
from mhc.sandbox.api import EventsApi, Given, Served
from mhc.sandbox.cbhours import CbhoursApi
from mhc.sandbox.faults import Fault, Script, read_faults
from mhc.sandbox.feed import Feed, Pace
from mhc.sandbox.people import dice
from mhc.sandbox.profiles import ProfilesApi
from mhc.sandbox.rooms import NUMBER
from mhc.sandbox.router import APIS, Router
from mhc.sandbox.show import EPOCH, LENGTH, MILLISECOND, ROOM, Show, with_ids
from mhc.sandbox.sockets import Server
from mhc.sandbox.statbate import PREFIX, StatbateApi
from mhc.sandbox.statistics import StatisticsApi
from mhc.sandbox.story import Story

TOKEN = "SANDBOX0EVENTS0TOKEN0FAKE"  # noqa: S105 - opens nothing but the sandbox
STATS_TOKEN = "SANDBOX0STATS0TOKEN0FAKE"  # noqa: S105 - nor do these
STATBATE_TOKEN = "1|SANDBOX0STATBATE0TOKEN0FAKE"  # noqa: S105
AFFILIATE_CODE = "SANDBOX0CODE0FAKE"


class Sandbox:
    """A made-up room on 127.0.0.1 for tests, demonstrations and measurements: its feed, statistics, and Statbate.

    `speed` is show seconds a second; 0 makes every event available at once. Without `start`, a show at speed 1
    or slower starts now; otherwise it starts as long ago as it lasts, and no event ever has a future time.
    With `start`, show time is exactly what it says, future or not, unless it stops at `until_now`. `retention` is how many past events may
    still be asked for; None keeps all of them in memory. A `clock` of your own governs show and waiting
    polls alike: call `wake()` after moving it. `pages` are served in order instead of a show, with `{base}`
    replaced by the base URL. `journal=True` keeps what was served of the feed.

    Statbate and the statistics go on with show time, too; their limits run as fast, and at speed 0 there are none.
    Every API has the `faults` for its first requests, or those that a mapping names for it; `misbehave` holds for all.
    Who is in `renames` bears the other name from the second show on. `naive` lets Statbate write in its other form.
    `crowd` is how many members it knows beside the cast: guest_0001 and so on; `rooms` how many the public feed of rooms
    knows beside the models, a tenth of them on air: room_00001 and so on.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        room: str = ROOM,
        token: str = TOKEN,
        stats_token: str = STATS_TOKEN,
        statbate_token: str = STATBATE_TOKEN,
        seed: int = 1,
        speed: float = 1.0,
        start: datetime | None = None,
        until_now: bool = False,
        length: timedelta = LENGTH,
        events: int | None = None,
        page_size: int = 100,
        retention: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        empty: Literal["200", "400"] = "200",
        faults: str | Iterable[Fault | str] | Mapping[str, str | Iterable[Fault | str]] = (),
        misbehave: float = 0.0,
        renames: Mapping[str, str] | None = None,
        naive: bool = False,
        crowd: int = 0,
        rooms: int = NUMBER,
        pages: Iterable[bytes | Given] | None = None,
        journal: bool = False,
    ) -> None:
        if speed < 0 or crowd < 0 or rooms < 0 or page_size < 1 or (retention is not None and retention < 1):
            raise ValueError("speed, crowd and rooms are 0 or more, page_size and retention 1 or more")
        self.room = room
        self.token = token
        self.stats_token = stats_token
        self.statbate_token = statbate_token
        self.journal: list[Served] = []
        self._keeps_journal = journal
        self._port = port
        self._show = Show(
            room=room, seed=seed, length=length, events=events if pages is None else 0, renames=renames or {}
        )
        self._pages = None if pages is None else list(pages)
        self._begin, self._speed, self._clock, self._until_now = start, speed, clock, until_now
        self._page_size, self._retention, self._empty = page_size, retention, empty
        self._naive, self._misbehave, self._crowd, self._rooms = naive, misbehave, crowd, rooms
        self._faults = _by_api(faults)
        self._seed = seed
        self._feed: Feed | None = None
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Give scheme, host and port; only after the start when the port was left open."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """Give the URL that a broadcaster would copy from the token page."""
        return f"{self.url}/events/{quote(self.room, safe='')}/{quote(self.token, safe='')}/"

    @property
    def statbate_url(self) -> str:
        """Give the base URL of Statbate's API."""
        return f"{self.url}{PREFIX}"

    @property
    def environment(self) -> dict[str, str]:
        """Give the variables that lead everything here; waits shrink as show time runs faster."""
        scale = 1.0 if 0 < self._speed <= 1 else max(0.001, 1 / self._speed) if self._speed else 0.001
        waits = {} if scale == 1 else {"MHC_WAIT_SCALE": f"{scale:.6g}"}
        return {
            "MHC_EVENTS_URL": self.url,
            "MHC_CHATURBATE_URL": self.url,
            "MHC_STATBATE_URL": self.statbate_url,
            "MHC_CBHOURS_URL": f"{self.url}{cbhours.PATH}",
            "CHATURBATE_USERNAME": self.room,
            "CB_AUTH_TOKEN": self.token,
            "CB_STATS_TOKEN": self.stats_token,
            "STATBATE_API_TOKEN": self.statbate_token,
            "MHC_AFFILIATE_WM": AFFILIATE_CODE,
            **waits,
        }

    def start(self) -> Self:
        """Serve in a thread until `stop()`; show time begins here."""
        if self._server is not None:
            raise RuntimeError("a sandbox plays once; make another one")
        begin, pace = self._times()
        self._server = Server(self._port)
        self._port = self._server.server_port
        self._feed = Feed(with_ids(self._show, begin), pace, self._retention)
        events = EventsApi(
            self._feed,
            base=self.base_url,
            room=self.room,
            token=self.token,
            page_size=self._page_size,
            empty=self._empty,
            script=Script(self._faults.get("events", []), self._misbehave, dice(self._seed, "misbehave")),
            pages=self._pages,
            rng=dice(self._seed, "shuffle"),
            journal=self.journal if self._keeps_journal else None,
        )
        self._server.router = self._router(events, begin, pace)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def _router(self, events: EventsApi, begin: datetime, pace: Pace) -> Router:
        story = Story(self._show, begin, pace, self._crowd)
        speed, clock = self._speed, self._clock
        return Router(
            events,
            StatbateApi(story, self.statbate_token, naive=self._naive, speed=speed, clock=clock),
            StatisticsApi(story, self.stats_token, seed=self._seed, speed=speed, clock=clock),
            AffiliateApi(story, seed=self._seed, number=self._rooms, speed=speed, clock=clock),
            ProfilesApi(story, seed=self._seed, number=self._rooms, speed=speed, clock=clock),
            CbhoursApi(story, seed=self._seed, number=self._rooms, speed=speed, clock=clock),
            faults=self._faults,
            misbehave=self._misbehave,
            seed=self._seed,
        )

    def stop(self) -> None:
        """End waiting polls without an answer, close every connection, and give the port back."""
        if self._server is None or self._feed is None or self._thread is None or self._feed.closed:
            return
        self._feed.close()
        self._server.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.end_connections()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wake(self) -> None:
        """Let waiting polls look at the clock again, after it was moved by hand."""
        if self._feed is not None:
            self._feed.wake()

    def until_held(self, count: int = 1, timeout: float = 10.0) -> bool:
        """Wait until so many polls are waiting for events; False if that takes longer than `timeout` seconds."""
        return self._feed is not None and self._feed.until_held(count, timeout)

    def served_ids(self) -> list[str]:
        """Give every event id of the journal once, in the order of first delivery."""
        return list(dict.fromkeys(event_id for served in list(self.journal) for event_id in served.ids))

    def _times(self) -> tuple[datetime, Pace]:
        """Give when the show begins and how its time runs."""
        now = datetime.now(UTC)
        begin, wall_ms = self._begin, None
        if begin is None or self._until_now:
            wall_ms = (now - EPOCH) // MILLISECOND
        if begin is None:
            begin = now if 0 < self._speed <= 1 else now - self._duration()
        start_ms = (begin - EPOCH) // MILLISECOND
        return begin, Pace(self._clock, self._clock(), start_ms, self._speed, wall_ms)

    def _duration(self) -> timedelta:
        return self._show.length if self._show.events is None else self._show.last_offset()


def _by_api(
    faults: str | Iterable[Fault | str] | Mapping[str, str | Iterable[Fault | str]],
) -> dict[str, list[Fault]]:
    if not isinstance(faults, Mapping):
        steps = read_faults(faults)
        return {name: list(steps) for name in APIS}
    unknown = faults.keys() - set(APIS)
    if unknown:
        raise ValueError(f"no API named {min(unknown)!r}; known are {', '.join(APIS)}")
    return {name: read_faults(steps) for name, steps in faults.items()}
