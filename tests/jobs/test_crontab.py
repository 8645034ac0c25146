"""Each line of crontab.example runs as cron runs it, over the sandbox: by itself, again, and beside itself."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from command import MHC
from mhc.config import JOBS
from mhc.sandbox.server import Sandbox
from receiver import Receiver

EXAMPLE = Path(__file__).parents[2] / "crontab.example"
# What waits in comments is for who lets cron say when.
LINES = re.findall(r"^(?:# )?(?:[0-9*/]+ +){5}(.+)$", EXAMPLE.read_text(), re.MULTILINE)
READING = ("job status", "db check", "report digest")  # of these any number may run at once
QUIET = (0, "", "")


class Cron:
    """The machine of somebody who has a room: what cron gives a line, and nothing else of an environment."""

    def __init__(self, home: Path, sandbox: Sandbox) -> None:
        self._home, self._sandbox = home, sandbox
        self.env = {"HOME": str(home), "LOGNAME": "testuser", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
        self._config = home / ".config" / "mhc" / "config.toml"
        self._config.parent.mkdir(parents=True)
        self.configure()

    def configure(self, ping: str | None = None) -> None:
        """Write the configuration; with a health check each job waits for it, before it begins."""
        told = [f"{name.lower()} = {json.dumps(value)}" for name, value in self._sandbox.environment.items()]
        told += ["[profiles]", "enabled = true"]
        told += [f'[jobs.{one.name}]\nping_url = "{ping}/{one.name}"' for one in JOBS if ping]
        self._config.write_text("\n".join(told))
        self._config.chmod(0o600)

    def start(self, line: str) -> "subprocess.Popen[str]":
        """Start a line."""
        return subprocess.Popen(
            ["/bin/sh", "-c", line.replace("/opt/mhc/bin/mhc", f"exec {MHC}")], env=self.env, cwd=self._home,
            encoding="utf-8", umask=0, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, line: str) -> tuple[int, str, str]:
        """Run a line; give its status and what cron would mail."""
        with self.start(line) as process:
            said = process.communicate(timeout=60)
        return (process.returncode, *said)

    def is_on(self, line: str) -> bool:
        """Whether the job of a line is on, with what the sandbox gives."""
        name = line.split(" job run ")[1]
        _, listed, _ = self.run("/opt/mhc/bin/mhc job list -o json")
        return {one["job"]: bool(one["enabled"]) for one in json.loads(listed)}[name]

    @contextmanager
    def running(self, line: str) -> Iterator[bool]:
        """Run a line that cannot go on, as long as the block lasts; give whether it has begun: a job may be off."""
        with Receiver(*[0] * 9) as receiver:
            self.configure(receiver.url)
            process = self.start(line)
            try:
                yield self._begun(process, receiver)
            finally:
                process.kill()
                process.communicate()
                self.configure()

    def _begun(self, process: "subprocess.Popen[str]", receiver: Receiver) -> bool:
        while process.poll() is None:
            if receiver.posted or self._sandbox.until_held(timeout=0.05):
                return True
        return False


@pytest.fixture
def cron(tmp_path: Path) -> Iterator[Cron]:
    start = datetime.now(UTC) - timedelta(hours=3)
    length = timedelta(minutes=30)
    with Sandbox(start=start, until_now=True, speed=0, length=length, faults={"events": "hold"}) as sandbox:
        yield Cron(tmp_path, sandbox)


def test_the_example_has_a_line_for_each_job() -> None:
    assert {one.name for one in JOBS} == {line.split(" job run ")[1] for line in LINES if " job run " in line}
    assert len(LINES) == len(JOBS) + 5
    assert all(line.startswith("/opt/mhc/bin/mhc -q ") for line in LINES)


@pytest.mark.parametrize("line", [one for one in LINES if not any(word in one for word in READING)])
def test_a_line_runs_alone_twice_and_while_it_still_runs(cron: Cron, line: str) -> None:
    busy, word = (
        (75, r"already|at work") if " job run " not in line or cron.is_on(line) else (0, "does not run: ")
    )
    with cron.running(line) as begun:
        assert begun == (busy == 75)
        assert cron.run(line) == (busy, "", "")
        status, out, said = cron.run(line.replace(" -q ", " -v "))
        assert (status, out) == (busy, "")
        assert re.search(word, said)
    assert [cron.run(line) for _ in range(2)] == [QUIET] * 2


@pytest.mark.parametrize("line", [one for one in LINES if any(word in one for word in READING)])
def test_a_line_that_reads_may_run_beside_itself(cron: Cron, line: str) -> None:
    (tick,) = (one for one in LINES if one.endswith(" job tick"))
    assert cron.run(tick) == QUIET
    both = [cron.start(line) for _ in range(2)]
    (out, said), (_out, _said) = ended = [one.communicate(timeout=60) for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert (ended[0], out) == (ended[1], "")
    assert not said or "nothing was captured" in said


def test_the_digest_is_mailed_when_something_happened_or_nothing_was_captured(tmp_path: Path) -> None:
    (line,) = (one for one in LINES if " report digest " in one)
    (reads,) = (one for one in LINES if " listen " in one)
    start = datetime.now(UTC) - timedelta(hours=3)
    with Sandbox(start=start, until_now=True, speed=0, length=timedelta(minutes=30)) as sandbox:
        cron = Cron(tmp_path, sandbox)
        status, mail, said = cron.run(line)
        assert (status, mail, said.count("nothing was captured")) == (0, "", 1)
        assert cron.run(reads) == QUIET
        status, mail, said = cron.run(line)
    assert (status, said) == (0, "")
    assert mail.startswith("Digest of example_room\ntime: ")
    assert "\nSession\n" in mail
