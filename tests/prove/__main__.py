"""`make prove`: try hard to make the listener lose or double an event, and write down what came of it."""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from random import SystemRandom

from prove import place, report
from prove.memory import Memory
from prove.part import CONTROLS, PARTS
from prove.result import Result, read

_LANES = 3  # parts at once, on two cores: some of them mostly wait
_GRACE = 60  # seconds for a part that is told to end
_READMES = ((place.TREE / "README.md", report.sentence), (place.TREE / "docs" / "proof.md", report.table))


class Runner:
    """Runs parts in processes of their own, some at once."""

    def __init__(self, size: str, memory: Memory | None) -> None:
        self._size, self._memory = size, memory
        self._keeping = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._ending = False

    def run(self, name: str) -> list[Result]:
        """Do one part, unless it was done before; say how it went."""
        known = self._memory.of(name) if self._memory else None
        if known is not None:
            _say(f"{name}: done before")
            return known
        began = time.monotonic()
        found = self._done(name)
        sound = all(one.sound for one in found)
        if self._ending:
            return found
        _say(f"{name}: {'sound' if sound else 'WRONG'}, {time.monotonic() - began:.0f} s")
        if self._memory and sound and not any(one.left_out for one in found):
            with self._keeping:
                self._memory.keep(name, found)
        return found

    def _done(self, name: str) -> list[Result]:
        if self._ending:
            return [Result(name, "", left_out="broken off")]
        env = os.environ | {"PYTHONPATH": place.python_path()}
        words = [
            sys.executable,
            "-m",
            "prove.part",
            name,
            self._size,
            str(SystemRandom().randrange(1_000_000)),
        ]
        process = subprocess.Popen(
            words, cwd=place.TREE, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL, start_new_session=True,  # Ctrl-C is for us: we end the parts, which clean up
        )  # fmt: skip
        self._running.add(process)
        out, err = process.communicate()
        self._running.discard(process)
        found = [read(line) for line in out.splitlines() if line.startswith("{")]
        if not found or (process.returncode != 0 and all(one.sound for one in found)):
            failed = Result(name, "")
            failed.blame("failed", f"status {process.returncode}: {err[-3000:]}")
            return [*found, failed]
        return found

    def end(self) -> None:
        """End what runs, and wait for it."""
        self._ending = True
        for process in list(self._running):
            process.terminate()
        for process in list(self._running):
            process.wait(_GRACE)


def main() -> int:
    """Do every part, print the table, and write the documents where all of it was done and is sound."""
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small run, only printed")
    parser.add_argument(
        "--only", action="append", choices=[*PARTS, *CONTROLS], help="this part; only printed"
    )
    parser.add_argument("--again", action="store_true", help="also what was done before")
    words = parser.parse_args()
    names: Sequence[str] = words.only or [*PARTS, *CONTROLS]
    began = time.monotonic()
    memory = None if words.quick else Memory(forget=words.again)
    results = _all(Runner("quick" if words.quick else "full", memory), names)
    text = report.table(results)
    sys.stdout.write(f"{text}\n\n{sum(one.lost for one in results)} lost, ")
    sys.stdout.write(f"{sum(one.doubled for one in results)} doubled, {time.monotonic() - began:.0f} s\n")
    if not all(one.sound for one in results):
        sys.stderr.write(f"{report.complaints(results)}\n")
        return 1
    if not words.quick and not words.only:
        for document, made in _READMES:
            report.put(document, made(results))
    return 0


def _all(runner: Runner, names: Sequence[str]) -> list[Result]:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        lanes = stack.enter_context(ThreadPoolExecutor(_LANES))
        stack.callback(runner.end)
        found = lanes.map(runner.run, names)
        return [one for results in found for one in results]


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
