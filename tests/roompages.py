"""Saved pages of the feed of rooms, as tests have mhc keep them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
