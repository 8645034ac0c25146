"""A running listener as its service manager sees it: what it says, what it tells, how it ends."""

import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self

from command import Mhc
from faults.server import FaultServer

_PATIENCE = 60


class Supervised:
    """`mhc listen` in a process of its own; `program` may stand in for the installed command."""

    def __init__(
        self,
        run_mhc: Mhc,
        env: dict[str, str],
        *words: str,
        program: Sequence[str] = (),
        stdout: int | None = None,
    ) -> None:
        self.notify = run_mhc.home / f"n{token_hex(3)}"
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(self.notify))
        self.told: list[str] = []
        self.said: list[str] = []
        self._more = threading.Condition()
        self.process = subprocess.Popen(
            [*(program or [str(run_mhc.program)]), "listen", "-o", "none", *words],
            env=run_mhc.environ | env | {"NOTIFY_SOCKET": str(self.notify)}, cwd=run_mhc.home,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL if stdout is None else stdout, stderr=subprocess.PIPE,
            encoding="utf-8",
        )  # fmt: skip
        self._readers = [threading.Thread(target=one) for one in (self._read, self._hear)]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.manager.shutdown(socket.SHUT_RDWR)
        for reader in self._readers:
            reader.join()
        self.manager.close()

    def until_told(self, message: str) -> str:
        """Wait for a message to the manager that begins so; give it."""
        return self._until(self.told, lambda line: line.startswith(message))

    def until_said(self, text: str) -> str:
        """Wait for a line of stderr that holds the text; give it."""
        return self._until(self.said, lambda line: text in line)

    def answer(self) -> None:
        """Let a hook go on that waits for a byte."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def signal(self, number: int) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def ended(self) -> int:
        """Give the exit status, once it has one."""
        status = self.process.wait(_PATIENCE)
        self._readers[0].join()
        assert not any("Traceback" in line for line in self.said), self.said
        return status

    def stopped(self) -> int:
        """Ask it to end; give the exit status."""
        self.signal(signal.SIGTERM)
        return self.ended()

    def _until(self, lines: list[str], fits: Callable[[str], bool]) -> str:
        with self._more:
            assert self._more.wait_for(lambda: any(map(fits, lines)), _PATIENCE), (self.said, self.told)
            return next(filter(fits, lines))

    def _hear(self) -> None:
        while message := self.manager.recv(4096):
            with self._more:
                self.told.append(message.decode())
                self._more.notify_all()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._more:
                self.said.append(line)
                self._more.notify_all()
        self.process.stderr.close()


def settle(run_mhc: Mhc, server: FaultServer, env: dict[str, str]) -> None:
    """Let what waits in a spool come into the database: a listener polls when it is all there."""
    before = server.arrived
    run = run_mhc.until(lambda: server.until_arrived(before), "listen", "-o", "none", **env)
    assert run.status == 0, run.stderr


def open_files(pid: int) -> int:
    """Give how many files a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def resident_kib(pid: int) -> int:
    """Give how much memory a process has in use."""
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1])
