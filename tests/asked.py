"""Upstreams on loopback: Statbate and an own account's statistics, over whom a test says there is, with a journal."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit
from zlib import crc32

from upstreams import PAYLOADS

TOKEN = "CANARY0STATBATE0FAKE"
STATS_TOKEN = "CANARY0STATS0FAKE"


@dataclass(frozen=True)
class Ask:
    """One request."""

    method: str
    path: str
    params: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """One answer; `before` is done before it is sent."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def sample(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text())


class Upstream:
    """Answers for `members` and `models` (name → what its answer says, beside what the samples have).

    `replies` come first, in turn; then `rule`, where it gives a reply.
    """

    def __init__(self, **members: dict[str, Any]) -> None:
        self.members: dict[str, dict[str, Any]] = members
        self.models: dict[str, dict[str, Any]] = {}
        self.replies: list[Reply | None] = []
        self.rule: Callable[[Ask], Reply | None] = lambda _ask: None
        self.asked: list[Ask] = []
        self._lock = threading.Lock()
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                ask = Ask(self.command, url.path, dict(parse_qsl(url.query)), body, dict(self.headers))
                reply = upstream.take(ask)
                reply.before()
                self.send_response(reply.status)
                for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.data)))
                self.end_headers()
                self.wfile.write(reply.data)

            do_POST = do_GET  # noqa: N815 - its base calls it so

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def environ(self) -> dict[str, str]:
        """The variables that lead here."""
        url = f"http://127.0.0.1:{self._server.server_port}"
        return {
            "MHC_STATBATE_URL": url,
            "STATBATE_API_TOKEN": TOKEN,
            "MHC_CHATURBATE_URL": url,
            "MHC_WAIT_SCALE": "0.0001",
        }

    @property
    def paths(self) -> list[str]:
        return [one.path for one in self.asked]

    def take(self, ask: Ask) -> Reply:
        with self._lock:
            self.asked.append(ask)
            reply = self.replies.pop(0) if self.replies else None
        return reply or self.rule(ask) or self.answer(ask)

    def answer(self, ask: Ask) -> Reply:
        """Answer as the sources do."""
        parts = ask.path.strip("/").split("/")
        if ask.path.endswith("/info/batch"):
            rows = [self.member(name) for name in ask.body["names"]]
            return Reply(body={"data": rows, "meta": {"site": "chaturbate"}})
        if parts[0] == "statsapi":
            return Reply(body=sample("cbstats_online.json") | {"username": ask.params["username"]})
        if parts[0] == "affiliates":
            return Reply(body=sample("apistats.json"))
        if parts[0] == "members" and parts[-1] == "info":
            found = self.member(parts[2])
            return Reply(body={"data": found}) if found["did"] else Reply(404, {"error": "Member not found"})
        if parts[0] == "model":
            if parts[2] not in self.models:
                return Reply(404, {"error": "Model not found"})
            files = {
                "info": "model_info",
                "rank": "rank",
                "activity": "model_activity",
                "members": "model_members",
                "tips": "model_tips",
            }
            told = sample(f"statbate/{files[parts[3]]}.json")
            if isinstance(told["data"], dict):
                told["data"] |= {"name": parts[2]} | self.models[parts[2]]
            return Reply(body=told)
        return Reply(404, {"error": "Not found"})

    def member(self, name: str) -> dict[str, Any]:
        """Give the row of a member, or of a name that nobody knows."""
        row: dict[str, Any] = sample("statbate/members_batch.json")["data"][2] | {"name": name}
        if name not in self.members:
            return row
        row |= sample("statbate/member_info.json")["data"] | {"did": crc32(name.encode()), "error": None}
        return row | {"name": name} | self.members[name]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def answers_kept(home: Path) -> list[str]:
    """Give the answers that were kept since they are no readings."""
    return sorted(path.name for path in (home / "state" / "answers").glob("*"))
