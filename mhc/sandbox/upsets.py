"""What goes wrong with answers that are no events: the same words as for the feed, and three more."""

import json
import threading
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from mhc.sandbox import faults, reply
from mhc.sandbox.faults import Fault, Script
from mhc.sandbox.reply import Reply

# What a client must get over, or stay away from for a while, without taking it for data.
_LIKELY = (
    Fault("502"),
    Fault("503"),
    Fault("429", (("retry-after", "1"),)),
    Fault("reset"),
    Fault("truncate"),
    Fault("html200"),
)
_NAMES = frozenset(
    {"did", "rid", "id", "position", "gender", "page", "current_page", "last_page", "per_page"}
)


def _emptied(content: Any) -> Any:
    if isinstance(content, list):
        return []
    return {key: _emptied(value) for key, value in content.items()} if isinstance(content, dict) else content


def _zeros(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: value if key in _NAMES else _zeros(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_zeros(value) for value in content]
    return 0 if isinstance(content, int | float) and not isinstance(content, bool) else content


_CHANGES: dict[str, Callable[[Any], Any]] = {
    "empty": _emptied,
    "zeros": _zeros,
    "changed": lambda content: {"result": content, "version": 2},
}


class Upsets:
    """The faults of one API; `said` is what it says with a status of its own."""

    def __init__(
        self, steps: Iterable[Fault], misbehave: float, rng: Random, said: Callable[[int], Reply]
    ) -> None:
        self._script = Script(list(steps), misbehave, rng, _LIKELY)
        self._said = said
        self._rng = rng
        self._lock = threading.Lock()

    def spoil(self, answer: Callable[[], Reply]) -> Reply:
        """Give the answer, or what comes of it."""
        with self._lock:
            fault = self._script.take()
        if fault.name.isdigit() and int(fault.name) < 500 and not dict(fault.options).keys() & {"html"}:
            said = self._said(int(fault.name))
            return reply.with_headers(said, faults.headers(fault))
        given = faults.instead_of_page(fault, "/")
        if given is not None:
            return given
        whole = answer()
        if fault.name in _CHANGES and whole.status == 200:
            spoilt = _CHANGES[fault.name](json.loads(whole.body))
            return reply.array(200, spoilt) if isinstance(spoilt, list) else reply.envelope(200, spoilt)
        return faults.wire(fault, whole)
