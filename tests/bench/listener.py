"""What a listener holds while it reads: memory, and open files."""

import time
from pathlib import Path

from bench.table import Row, amount
from command import Mhc
from mhc.sandbox.server import Sandbox

_MOST_MB = 80
_PATIENCE = 120.0


def rows(folder: Path, count: int) -> list[Row]:
    """Let `mhc listen` read so many events over HTTP, and look at its process; needs /proc."""
    if not Path("/proc/self/status").exists():
        return []
    with Sandbox(speed=0, events=count) as sandbox:
        mhc = Mhc(
            folder, MHC_EVENTS_URL=sandbox.url, CHATURBATE_USERNAME=sandbox.room, CB_AUTH_TOKEN=sandbox.token
        )
        files: list[int] = []
        with mhc.start("listen", "-o", "none") as process:
            try:
                deadline = time.monotonic() + _PATIENCE
                while not sandbox.until_held(timeout=0.25) and time.monotonic() < deadline:
                    files.append(len(list(Path(f"/proc/{process.pid}/fd").iterdir())))
                files.append(len(list(Path(f"/proc/{process.pid}/fd").iterdir())))
                status = Path(f"/proc/{process.pid}/status").read_text()
            finally:
                process.terminate()
    kept = {
        name: int(rest.split()[0]) / 1024
        for name, _, rest in map(_parted, status.splitlines())
        if "kB" in rest
    }
    settled = files[len(files) // 2 :]
    what = f"`mhc listen` after {count:,} events: memory (at most {kept['VmHWM']:.0f} MB)"
    return [
        amount(what, kept["VmRSS"], "MB", _MOST_MB),
        Row("the same: open files, half-way and at the end", str(settled[0]), str(settled[-1]), "",
            "equal", settled[0] == settled[-1]),
    ]  # fmt: skip


def _parted(line: str) -> tuple[str, str, str]:
    return line.partition(":")
