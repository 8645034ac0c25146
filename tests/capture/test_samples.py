"""Every sample of the contract goes through the real listener, over HTTP, and comes out once."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from command import Mhc
from mhc.sandbox.api import Given
from mhc.sandbox.server import Sandbox

PAYLOADS = Path(__file__).parent.parent / "payloads"
MANIFEST: dict[str, dict[str, Any]] = {
    name: entry
    for name, entry in json.loads((PAYLOADS / "MANIFEST.json").read_text()).items()
    if name.startswith("events/")
}


def sample(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text())


def given(name: str) -> Given:
    """Give a sample as an answer of the server, its next URL leading back to it."""
    body = sample(name)
    if MANIFEST[name]["body_kind"] == "http-transcript":
        text = json.dumps(ours(body["body_json"])) if "body_json" in body else body["body_text"]
        return {"status": body["status"], "headers": body["headers"], "body": text}
    page = body if "events" in body else {"events": [body], "nextUrl": f"{{base}}?i={body['id']}&timeout=10"}
    return {"status": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(ours(page))}


def ours(page: dict[str, Any]) -> dict[str, Any]:
    """Lead a next URL of the real host to the test's; a hostile or relative one stays as it is."""
    url = page.get("nextUrl")
    if isinstance(url, str) and url.startswith("https://eventsapi."):
        return page | {"nextUrl": "{base}?" + urlsplit(url).query}
    return page


def events_in(names: list[str]) -> dict[str, str]:
    """Give the samples' events by id."""
    found: dict[str, str] = {}
    for name in names:
        body = sample(name)
        for event in body.get("events", [body] if "method" in body else []):
            if "id" in event:
                found[event["id"]] = event["method"]
    return found


@pytest.mark.parametrize("times", [1, 2])
def test_every_sample_is_stored_once_or_rejected(run_mhc: Mhc, database_url: str, times: int) -> None:
    names = sorted(MANIFEST, key=lambda name: (name.startswith("events/http_"), name))
    pages = [given(name) for name in names * times]
    with Sandbox(token="FAKE0EVENTS0TOKEN0NOTREAL", pages=pages) as sandbox:
        feed = {
            "DATABASE_URL": database_url,
            "MHC_EVENTS_URL": sandbox.url,
            "MHC_WAIT_SCALE": "0.001",
            "CHATURBATE_USERNAME": sandbox.room,
            "CB_AUTH_TOKEN": sandbox.token,
        }
        run = run_mhc.until(sandbox.until_held, "listen", **feed)
        assert run.status == 0, run.stderr
    listed = run_mhc("event", "list", "-o", "ndjson", "--private", "--reveal", **feed)
    stored = [json.loads(line) for line in listed.stdout.splitlines()]
    assert {one["event_id"]: one["method"] for one in stored} == events_in(names)
    assert len(stored) == len(events_in(names))
    rejected = run_mhc("capture", "rejected", "-o", "json", **feed).json
    assert [(one["reason"], one["count"]) for one in rejected] == [
        ("neither an id nor a readable payload", times)
    ]
    assert run_mhc("db", "check", **feed).status == 0
    assert sandbox.token not in run.stdout + run.stderr


def test_every_sample_has_an_entry_in_the_manifest() -> None:
    assert {f"events/{path.name}" for path in (PAYLOADS / "events").glob("*.json")} == set(MANIFEST)
