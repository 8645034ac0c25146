"""The feed of rooms, as tests have mhc read it: saved pages, and a server on loopback."""

import json
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from command import MhcHere, Run

NOW = datetime.now(UTC)


def row(name: str, **more: Any) -> dict[str, Any]:
    facts = {"current_show": "public", "num_users": 5, "num_followers": 100, "seconds_online": 600}
    return {"username": name} | facts | {"room_subject": "", "tags": [], "gender": "f"} | more


def saved(folder: Path, *rows: dict[str, Any], count: int | None = None) -> str:
    """Save a page, and give its name."""
    path = folder / "page.json"
    path.write_text(json.dumps({"count": len(rows) if count is None else count, "results": rows}))
    return str(path)


def poll(
    cli: MhcHere, *rows: dict[str, Any], ago: float = 0, words: tuple[str, ...] = ("--live",), **more: Any
) -> Run:
    """Keep a saved page, read so many minutes ago."""
    when = (NOW - timedelta(minutes=ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return cli("room", "poll", "--load", saved(cli.home, *rows, **more), "--at", when, *words, "--json")


def names(run: Run) -> list[str]:
    assert run.status == 0, run.stderr
    return [one["username"] for one in run.json]


class Feed:
    """The feed on loopback: gives rooms page by page, or what a test says. `listed` is how many it says there are."""

    def __init__(self) -> None:
        self.rooms: list[dict[str, Any]] = []
        self.asked: list[dict[str, list[str]]] = []
        self.refuse_after: int | None = None
        self.listed: int | None = None
        feed = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                feed.asked.append(query)
                offset, limit = int(query["offset"][0]), int(query["limit"][0])
                refused = feed.refuse_after is not None and len(feed.asked) > feed.refuse_after
                count = len(feed.rooms) if feed.listed is None else feed.listed
                page = {"count": count, "results": feed.rooms[offset : offset + limit]}
                body = (
                    b"<!DOCTYPE html><title>Just a moment...</title>"
                    if refused
                    else json.dumps(page).encode()
                )
                self.send_response(403 if refused else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def settings(self) -> dict[str, str]:
        url = f"http://127.0.0.1:{self.server.server_port}"
        return {"MHC_CHATURBATE_URL": url, "MHC_AFFILIATE_WM": "CANARY0WM", "MHC_WAIT_SCALE": "0.001"}

    def __enter__(self) -> Self:
        self._thread = Thread(target=self.server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()
