"""The events that the bench replays: a made-up room's, taken apart as an answer of the feed is."""

import json
from collections.abc import Iterator, Sequence

from mhc.sandbox.show import ROOM, iter_events

__all__ = ["ROOM", "elements", "pages"]


def elements(count: int) -> list[bytes]:
    """Give the raw text of so many events, in order."""
    return [
        json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode()
        for one in iter_events(events=count)
    ]


def pages(raws: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    """Give them in pages, as polls bring them."""
    return (raws[start : start + size] for start in range(0, len(raws), size))
