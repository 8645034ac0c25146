"""Misbehaviour on request: the words for it, and what each does to an answer."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from random import Random
from typing import Any

from mhc.sandbox import reply
from mhc.sandbox.reply import Reply

MEBIBYTE = 1024 * 1024
STEP = re.compile(r"(?:(?P<count>\d{1,6})\*)?(?P<name>[a-z0-9-]+)(?P<options>(?::[^:,]+)*)", re.ASCII)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request; `ok` is nothing. Options are (name, value) as they were written."""

    name: str
    options: tuple[tuple[str, str], ...] = ()

    def number(self, option: str, default: float) -> float:
        """Give an option's value, or what holds without it."""
        return float(dict(self.options).get(option, default))


OK = Fault("ok")
# What a client must get over without losing or doubling an event.
HARMLESS = (
    Fault("502"),
    Fault("429", (("retry-after", "1"),)),
    Fault("reset"),
    Fault("truncate"),
    Fault("duplicate"),
    Fault("overlap"),
    Fault("html200"),
)


def _status(fault: Fault) -> Reply:
    status = int(fault.name)
    options = dict(fault.options)
    if "html" in options:
        answer = reply.cloudflare(status, "Attention Required! | Cloudflare")
    elif status >= 500:
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Web server is down"
        answer = reply.cloudflare(status, f"{status}: {phrase}")
    else:
        plain = {400: reply.STALE, 401: reply.UNAUTHORIZED, 404: reply.NOT_FOUND}
        answer = plain.get(status) or reply.text(status, {429: "Rate limit exceeded"}.get(status, "refused"))
    return replace(answer, headers={**answer.headers, **headers(fault)})


def headers(fault: Fault) -> dict[str, str]:
    """Give the headers that a status was written with."""
    return {name.title(): value for name, value in fault.options if name != "html"}


def _huge(fault: Fault, here: str) -> Reply:
    padding = "x" * int(fault.number("mib", 9) * MEBIBYTE)
    return reply.envelope(200, {"events": [], "nextUrl": here, "padding": padding})


def _redirect(_: Fault, here: str) -> Reply:
    return reply.text(302, "", reply.HTML, Location=here.partition("/events/")[0] + "/elsewhere/")


# Answers that are given at once, instead of a page; `here` is the URL that was asked.
INSTEAD: dict[str, Callable[[Fault, str], Reply]] = {
    "html200": lambda *_: reply.text(200, "<!DOCTYPE html><html><body>maintenance</body></html>", reply.HTML),
    "bad-json": lambda *_: Reply(200, b'{"events": [{"method": "tip", ', {"Content-Type": reply.JSON}),
    "huge": _huge,
    "redirect": _redirect,
    "reset": lambda *_: reply.RESET,
    "hold": lambda *_: reply.HELD,
}


def _without_next_url(page: dict[str, Any], _: Random) -> None:
    del page["nextUrl"]


def _null_next_url(page: dict[str, Any], _: Random) -> None:
    page["nextUrl"] = None


def _foreign_next_url(page: dict[str, Any], _: Random) -> None:
    page["nextUrl"] = "https://evil.example.net/events/example_room/stolen/?i=1"


def _relative_next_url(page: dict[str, Any], _: Random) -> None:
    page["nextUrl"] = "/events/" + page["nextUrl"].partition("/events/")[2]


def _shuffle(page: dict[str, Any], rng: Random) -> None:
    rng.shuffle(page["events"])


def _without_id(page: dict[str, Any], _: Random) -> None:
    for event in page["events"][:1]:
        del event["id"]


def _same_id(page: dict[str, Any], _: Random) -> None:
    for event in page["events"][:1]:
        page["events"].append({**event, "object": {**event["object"], "sample": "another body"}})


# Changes to the page that would have been served.
CHANGES: dict[str, Callable[[dict[str, Any], Random], None]] = {
    "shuffle": _shuffle,
    "no-id": _without_id,
    "same-id-other-body": _same_id,
    "no-next-url": _without_next_url,
    "null-next-url": _null_next_url,
    "foreign-next-url": _foreign_next_url,
    "relative-next-url": _relative_next_url,
}
# Which events are served, and how they go over the wire.
CHOICES = ("ok", "duplicate", "overlap")
WIRE = ("truncate", "drip")
# What the other APIs do to their figures; no event is changed by it.
FIGURES = ("empty", "zeros", "changed")
KNOWN = (*CHOICES, *INSTEAD, *WIRE, *CHANGES, *FIGURES)
OPTIONS = {"overlap": "by", "drip": "every", "huge": "mib"}


def parse_faults(text: str) -> list[Fault]:
    """Read steps such as `ok, 3*502, 429:retry-after=2, reset`: one for each request to come.

    A step is a status from 400 on or a known word, with an optional count before it and options behind it:
    `403:html` is a page of the edge, other options of a status are headers; `overlap:by=5` events,
    `drip:every=0.1` seconds a byte, `huge:mib=9`. ValueError names the word that is not known.
    """
    return [fault for step in re.split(r"[,\s]+", text) if step for fault in _parse_step(step)]


def read_faults(steps: str | Iterable[Fault | str]) -> list[Fault]:
    """Give the faults of a text, or of a sequence of faults and texts."""
    if isinstance(steps, str):
        return parse_faults(steps)
    return [fault for step in steps for fault in (parse_faults(step) if isinstance(step, str) else [step])]


def _parse_step(step: str) -> list[Fault]:
    found = STEP.fullmatch(step)
    if found is None or not (found["name"] in KNOWN or re.fullmatch("[45][0-9]{2}", found["name"])):
        raise ValueError(f"{step!r} is no fault; known are a status from 400 to 599, {', '.join(KNOWN)}")
    pairs = [option.partition("=") for option in found["options"].split(":")[1:]]
    fault = Fault(found["name"], tuple((name, value) for name, _, value in pairs))
    _check_options(fault, step)
    return [fault] * int(found["count"] or 1)


def _check_options(fault: Fault, step: str) -> None:
    if fault.name.isdigit():
        if not all(value or name == "html" for name, value in fault.options):
            raise ValueError(f"{step!r} is no fault: a status takes html and <header>=<value>")
        return
    allowed = OPTIONS.get(fault.name)
    for name, value in fault.options:
        if name != allowed or not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value, re.ASCII):
            takes = f"only {allowed}=<number>" if allowed else "no option"
            raise ValueError(f"{step!r} is no fault: {fault.name} takes {takes}")


def instead_of_page(fault: Fault, here: str) -> Reply | None:
    """Give the answer that comes without looking for events, if the fault is of that kind."""
    if fault.name.isdigit():
        return _status(fault)
    make = INSTEAD.get(fault.name)
    return make(fault, here) if make else None


def change(fault: Fault, page: Reply, rng: Random) -> Reply:
    """Give the page as the fault spoils it; what is no page stays as it is."""
    if fault.name not in CHANGES or page.status != 200:
        return wire(fault, page)
    content = json.loads(page.body)
    CHANGES[fault.name](content, rng)
    body = reply.envelope(page.status, content).body
    return replace(page, body=body, ids=reply.ids_in(body))


def wire(fault: Fault, page: Reply) -> Reply:
    """Give an answer as the fault lets it go over the wire."""
    if fault.name == "truncate":
        return replace(page, manner="truncate", ids=())
    if fault.name == "drip":
        return replace(page, manner="drip", pause=fault.number("every", 0.1))
    return page


class Script:
    """The faults to come: the scripted ones first, then chance with a given probability. Not thread-safe."""

    def __init__(
        self, steps: Sequence[Fault], misbehave: float, rng: Random, likely: Sequence[Fault] = HARMLESS
    ) -> None:
        self._likely = likely
        self._steps = list(reversed(steps))
        self._misbehave = misbehave
        self._rng = rng

    def take(self) -> Fault:
        """Give the fault of the next request."""
        if self._steps:
            return self._steps.pop()
        return self._rng.choice(self._likely) if self._rng.random() < self._misbehave else OK
