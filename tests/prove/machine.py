"""A Hypothesis state machine over the listener's own code, with a fake clock, transport and door to the database.

Two listeners on two machines share a database that goes away before, in or after a transaction; either is killed
anywhere in one and started again; the feed repeats, overlaps, shuffles, refuses and forgets. After each step all that
a durable place in the feed has passed is in the database or in a spool, once, and each request asks from a place that
was durable before.
"""

import logging
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from faults.numbered import number_of
from mhc.capture.entry import Entry
from mhc.domain.clock import to_ms
from mhc.store import inventory
from prove.actors import MODES, Clock, Feed, Process, Store, number_in
from prove.result import Result

_STEPS = 20
_WHERE = [f"{who}{where}" for who in ("", "kill ") for where in ("before", "in", "after")]
_SHM = Path("/dev/shm")
_STORY = "Failing test case: <state machine>\n"
_LONG = 100_000.0  # seconds: longer than a lease, whatever the clock was set to
MERGE_GAP = timedelta(minutes=30)
which = st.sampled_from((0, 1))


class Stage:
    """The files that all runs use in turn: to make them anew for each would take longer than a run."""

    def __init__(self, home: Path) -> None:
        self.home, self.path = home, home / "mhc.db"
        self.stores = (Store(self.path), Store(self.path))
        self.stores[0].create()
        self.stores[0].close()
        self._empty = self.path.read_bytes()

    def close(self) -> None:
        """Close what is open."""
        for store in self.stores:
            store.close()

    def clear(self) -> None:
        """Leave an empty database, and no state of any process."""
        for store in self.stores:
            store.forget_connections()
        for name in ("one", "two"):
            shutil.rmtree(self.home / name, ignore_errors=True)
        self.path.with_name("mhc.db-wal").unlink(missing_ok=True)
        self.path.with_name("mhc.db-shm").unlink(missing_ok=True)
        self.path.write_bytes(
            self._empty
        )  # the same file still: its readers keep what they know of its schema


class Machine(RuleBasedStateMachine):
    """What happens to two listeners, and what has to be true after each of it."""

    runs = 0
    events = 0

    stage: "Stage"

    @initialize(spool_max=st.sampled_from((1 << 20, 2000)), waiting=st.integers(0, 12))
    def begin(self, spool_max: int, waiting: int) -> None:
        self.stage.clear()
        self.clock = Clock()
        self.feed = Feed(self.clock)
        self.feed.happen(waiting)
        self.processes = []
        for name, store in zip(("one", "two"), self.stage.stores, strict=True):
            process = Process(self.stage.home / name, store, self.feed, spool_max)
            process.asks = partial(self._ask, process)
            self.processes.append(process)
        self.rows = sqlite3.connect(self.stage.path, isolation_level=None)
        self.passed = 0  # the furthest event that a durable place stands behind
        self.cursor: str | None = None
        self.epoch, self.holder = 0, -1
        self.durable: set[str | None] = {None}
        self.clock_was_set = False

    @rule(one=which, mode=st.sampled_from(MODES))
    def poll(self, one: int, mode: str) -> None:
        self._do(one, mode, 1)

    @rule(one=which, times=st.integers(2, 6))
    def go_on(self, one: int, times: int) -> None:
        self._do(one, "page", times)

    @rule(count=st.integers(1, 12))
    def happen(self, count: int) -> None:
        self.feed.happen(count)

    @rule(left=st.integers(0, 6))
    def forget(self, left: int) -> None:
        self.feed.dropped = max(self.feed.dropped, self.feed.published - left)

    @rule(one=which, away=st.booleans())
    def lose_or_find_the_database(self, one: int, away: bool) -> None:
        self.processes[one].store.away = away

    @rule(one=which, times=st.integers(1, 4), where=st.sampled_from(["", *_WHERE]), spare=st.integers(0, 4))
    def outage(self, one: int, times: int, where: str, spare: int) -> None:
        """Take the database away for some polls, and give it back, perhaps with a fault in the replay."""
        process = self.processes[one]
        process.start()
        self._saw(one)
        process.store.away = True
        self.feed.happen(2 * times)
        self._do(one, "page", times)
        process.store.away = False
        process.store.fault, process.store.spare = where, spare
        self.clock.seconds += 31  # then its next try is due

    @rule(one=which, where=st.sampled_from(_WHERE), spare=st.integers(0, 3))
    def arm(self, one: int, where: str, spare: int) -> None:
        store = self.processes[one].store
        store.fault, store.spare = where, spare

    @rule(one=which, torn=st.booleans())
    def kill(self, one: int, torn: bool) -> None:
        self.processes[one].kill()
        if torn:
            self.processes[one].tear()

    @rule(one=which)
    def stop(self, one: int) -> None:
        self.processes[one].stop()
        self._saw(one)

    @rule(seconds=st.sampled_from((1, 31, 130, 4000)))
    def wait(self, seconds: int) -> None:
        self.clock.seconds += seconds

    @rule(by=st.sampled_from((-4000, -40, 40, 4000)))
    def set_clock(self, by: int) -> None:
        self.clock.set_by += by
        self.clock_was_set = True

    def _do(self, one: int, mode: str, times: int) -> bool:
        """Let a process poll, which is started where it is dead; give whether there may be more."""
        process = self.processes[one]
        process.start()
        self._saw(one)
        more = True
        for _ in range(times):
            self.feed.mode = mode
            more = process.step()
            self._saw(one)
        return more

    def _ask(self, process: Process, cursor: str | None) -> None:
        """Hear where a process asks from: from nowhere that would not be there after its death."""
        entries = process.entries
        self.durable |= {self._stream()[0], *(entry.after.cursor for entry in entries)}
        assert cursor in self.durable, f"asked ahead: from {cursor}, and durable were {self.durable}"
        polled = self.rows.execute("SELECT 1 FROM stream WHERE last_poll_ok_at IS NOT NULL").fetchone()
        self.feed.is_new = polled is None and not entries

    def _stream(self) -> tuple[str | None, int]:
        found = self.rows.execute("SELECT cursor, epoch FROM stream").fetchone()
        return found or (None, 0)

    def _saw(self, one: int) -> None:
        """See what a process did to the stream: it moves the cursor under an epoch of its own only."""
        cursor, epoch = self._stream()
        if epoch != self.epoch:
            self.epoch, self.holder = epoch, one
        self.durable.add(cursor)
        if cursor != self.cursor:
            assert self.holder == one, f"old epoch: {one} moved the cursor under that of {self.holder}"
            self.cursor = cursor

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        """Hold what is kept against what every durable place stands behind."""
        found = self.rows.execute("SELECT id_ms, id_seq FROM event").fetchall()
        stored = {_number(*row) for row in found}
        assert len(stored) == len(found), f"doubled: {len(found)} rows of {len(stored)} events"
        entries = [entry for process in self.processes for entry in process.entries]
        spooled = {_number(e.id.ms, e.id.seq) for entry in entries for e in entry.page().events}
        kept = stored | spooled
        assert kept <= self.feed.served, f"never served: {kept - self.feed.served}"
        places = [self._stream()[0], *(entry.after.cursor for entry in entries)]
        self.passed = max(self.passed, *map(number_in, places))
        missing = set(range(1, self.passed + 1)) - kept
        assert missing <= self.feed.skipped, f"lost: {sorted(missing - self.feed.skipped)}"
        now = max(map(number_in, places))
        self._are_declared({n for n in missing - self.feed.before_first if n <= now}, entries)

    def _are_declared(self, missing: set[int], entries: list[Entry]) -> None:
        """What the feed no longer gave lies before the end of a gap.

        Only up to where the stream stands: a page of a process whose lease is another's gives its events only, and
        that other one notes what it does not get when it asks.
        """
        if not missing or self.clock_was_set:
            return
        ends = self.rows.execute("SELECT to_at FROM capture_gap WHERE cause <> 'first start'").fetchall()
        ends += [(entry.gap.end,) for entry in entries if entry.gap is not None]
        last = max((end for (end,) in ends), default=0)
        undeclared = [n for n in missing if to_ms(self.feed.happened[n - 1]) > last]
        assert not undeclared, f"lost without a gap: {undeclared}"

    def teardown(self) -> None:
        """Give everything back, read up, and look once more: then nothing is left in a spool."""
        if not hasattr(self, "rows"):
            return
        with closing(self.rows):
            for process in self.processes:
                process.kill()
                process.store.away, process.store.fault = False, ""
            for one in (0, 1):
                self.clock.seconds += _LONG
                for _ in range(self.feed.published + 9):
                    if not self._do(one, "page", 2) and not self.processes[one].entries:
                        break
                self.processes[one].stop()
                self._saw(one)
            left = [len(process.entries) for process in self.processes]
            assert left == [0, 0], f"left in a spool: {left}"
            self.passed = self.feed.published
            self.feed.skipped.update(range(1, self.feed.dropped + 1))
            self.feed.before_first.update(range(1, self.feed.dropped + 1))
            self.nothing_is_lost_or_doubled()
            assert inventory.problems(self.processes[0].store, MERGE_GAP) == []
        Machine.runs += 1
        Machine.events += self.feed.published


def _number(ms: int, seq: int) -> int:
    found = number_of(f"{ms}-{seq}")
    assert found is not None
    return found


def play(runs: int, start: int, *, shrink: bool = True) -> None:
    """Play the machine so often. Raises what a run raised, with the shortest story that leads to it."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    how = settings(
        max_examples=runs, stateful_step_count=_STEPS, deadline=None, database=None,
        suppress_health_check=checks, print_blob=False, phases=phases,
        report_multiple_bugs=False,
    )  # fmt: skip
    where = _SHM if _SHM.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="mhc-prove-", dir=where) as name,
        closing(Stage(Path(name))) as Machine.stage,
    ):
        run_state_machine_as_test(seed(start)(Machine), settings=how)


def run(runs: int, start: int, *, shrink: bool = True) -> Result:
    """Play so often, and say what was found."""
    result = Result("state machine", "SQLite", what="runs", note=f"seed {start}")
    began = time.monotonic()
    Machine.runs = Machine.events = 0
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # what thousands of listeners say
    try:
        play(runs, start, shrink=shrink)
    except Exception as error:  # noqa: BLE001 - whatever a run raises is what it found
        _, _, story = "\n".join(getattr(error, "__notes__", ())).partition(_STORY)
        result.blame(str(error).partition(":")[0], f"{error}\n{story[:3000]}")
    finally:
        logging.disable(before)
    result.count, result.events = Machine.runs, Machine.events
    result.seconds = time.monotonic() - began
    return result
