"""`mhc listen` as a service manager runs it, and what it tells its manager."""

import socket
import subprocess
from contextlib import closing

from command import MHC, Mhc
from mhc.sandbox.server import Sandbox
from mhc.store import streams
from mhc.store.database import Database
from mhc.store.streams import Stream

PATIENCE = 30


class Service:
    """A running `mhc listen`, and what it tells its manager."""

    def __init__(self, run_mhc: Mhc, sandbox: Sandbox, *words: str, **environ: str) -> None:
        folder = run_mhc.home
        self.folder, self.sandbox = folder, sandbox
        self.token = folder / "token"
        self.token.write_text(sandbox.token)
        self.token.chmod(0o600)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / "notify"))
        self.manager.settimeout(PATIENCE)
        given = {
            "DATABASE_URL": str(folder / "mhc.db"), "MHC_EVENTS_URL": sandbox.url, "CHATURBATE_USERNAME": sandbox.room,
            "CB_AUTH_TOKEN_FILE": str(self.token), "NOTIFY_SOCKET": str(folder / "notify"), **environ,
        }  # fmt: skip
        self.process = subprocess.Popen(
            [MHC, "listen", "-o", "none", *words], env=run_mhc.environ | given, cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def until(self, message: str) -> list[str]:
        """Wait for a message to the manager; give all up to it."""
        found: list[str] = []
        while not found or not found[-1].startswith(message):
            found.append(self.manager.recv(4096).decode())
        return found

    def until_said(self, *words: str) -> str:
        """Wait for a message to the manager that has all these words; give it."""
        said = ""
        while not all(word in said for word in words):
            said = self.manager.recv(4096).decode()
        return said

    def held(self) -> None:
        """Wait until a poll waits at the server."""
        self.until("READY=1")
        assert self.sandbox.until_held(timeout=PATIENCE)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """Give the exit status, once it has one; it said nothing that a bug would say."""
        _, said = self.process.communicate(timeout=PATIENCE)
        assert "Traceback" not in said
        assert self.sandbox.token not in said
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.manager.close()

    @property
    def stream(self) -> Stream:
        db = Database(f"sqlite:///{self.folder / 'mhc.db'}")
        with closing(db), db.read() as conn:
            return streams.list_all(conn)[0]


def feed(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """Give the variables under which the command listens to a sandbox."""
    return {
        "MHC_EVENTS_URL": sandbox.url,
        "CHATURBATE_USERNAME": sandbox.room,
        "CB_AUTH_TOKEN": sandbox.token,
        "MHC_WAIT_SCALE": "0.001",
        **more,
    }


def given(service: Service) -> dict[str, str]:
    return {
        "DATABASE_URL": str(service.folder / "mhc.db"), "MHC_EVENTS_URL": service.sandbox.url,
        "CHATURBATE_USERNAME": service.sandbox.room, "CB_AUTH_TOKEN": service.sandbox.token,
    }  # fmt: skip
