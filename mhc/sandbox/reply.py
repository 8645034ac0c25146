"""What the sandbox answers to one request: status, headers and body, and how it goes over the wire."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

HTML = "text/html; charset=utf-8"
TEXT = "text/plain"
JSON = "application/json"

# reset: end the connection with RST; hold: no answer until the server stops; truncate: half the body;
# drip: a byte at a time.
Manner = Literal["whole", "reset", "hold", "truncate", "drip"]


@dataclass(frozen=True)
class Reply:
    """One answer. `ids` are the event ids in it; `pause` is the seconds between the bytes of a drip."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    manner: Manner = "whole"
    pause: float = 0.0


def text(status: int, body: str, content_type: str = TEXT, **headers: str) -> Reply:
    """Give an answer that is no envelope."""
    return Reply(status, body.encode(), {"Content-Type": content_type, **headers})


def page(events: Sequence[str], next_url: str, ids: tuple[str, ...]) -> Reply:
    """Give the envelope of contract 1.2 around events that are JSON texts already."""
    body = f'{{"events":[{",".join(events)}],"nextUrl":{json.dumps(next_url)}}}'
    return Reply(200, body.encode(), {"Content-Type": JSON}, ids)


def array(status: int, rows: Sequence[Any]) -> Reply:
    """Give rows as a JSON answer, without anything around them."""
    body = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return Reply(status, body.encode(), {"Content-Type": JSON})


def envelope(status: int, content: Mapping[str, Any], ids: tuple[str, ...] = ()) -> Reply:
    """Give any object as a JSON answer."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Reply(status, body.encode(), {"Content-Type": JSON}, ids)


def with_headers(answer: Reply, more: Mapping[str, str]) -> Reply:
    """Give an answer with further headers."""
    return replace(answer, headers={**answer.headers, **more})


def cloudflare(status: int, title: str) -> Reply:
    """Give a page of the edge in front of the API."""
    body = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return text(status, body, HTML, Server="cloudflare")


def ids_in(body: bytes) -> tuple[str, ...]:
    """Give the event ids that a body shows to whoever can read it; none if it is no envelope."""
    try:
        events = json.loads(body)["events"]
        return tuple(event["id"] for event in events if isinstance(event.get("id"), str))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ()


UNAUTHORIZED = text(401, "Unauthorized", HTML)
NOT_FOUND = text(404, "<h1>Not Found</h1>", HTML)
NOT_ALLOWED = text(405, "<h1>Method Not Allowed</h1>", HTML, Allow="GET", Connection="close")
STALE = text(400, "You waited too long. Please start over using 'nextUrl'")
RESET = Reply(0, b"", manner="reset")
HELD = Reply(0, b"", manner="hold")
