"""Calls what is done beside the capture: whatever befalls it, the capture goes on."""

import logging
from collections.abc import Callable
from typing import ParamSpec

log = logging.getLogger("mhc.listen")

P = ParamSpec("P")


def beside(call: Callable[P, object], *given: P.args, **named: P.kwargs) -> None:
    """Call something that may fail in any way, and say how it did.

    What was captured is stored by then: a bug in what shows or tells of it, or a thread that cannot be started, must
    not cost what comes next.
    """
    try:
        call(*given, **named)
    except Exception:
        log.exception("what is done beside the capture failed; the capture goes on")
