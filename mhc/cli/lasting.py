"""What a command that lasts does differently from a look-up."""

import gc

_USUAL = (700, 10, 10)  # Python's own


def look_for_garbage() -> None:
    """Look for garbage as often as Python does by itself: main() made that rare, for a start that soon ends.

    What the start has made lives on, and is never looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_USUAL)
