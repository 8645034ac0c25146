"""How CBHours refuses: mostly with status 200, and hardly documented (contract cbhours 5.4)."""

from typing import Final

import msgspec

from mhc.clients.failures import (
    BlockedError,
    NotKnownError,
    RejectedError,
    Rule,
    Terms,
    ThrottledError,
    is_page,
    said_by,
)
from mhc.clients.http import Answer
from mhc.patterns import Pattern

_SMALL: Final = 4096  # bytes: a refusal is no longer
_NO_TROPHY = Pattern(r"error code: ?300\b")
_SLOWER: Final = ("too many", "slow down", "rate limit", "blocked", "temporar")


def _is_error(answer: Answer) -> bool:
    """Whether an answer is the object of an error: its `status` is a word, which is true on success (contract 5.4)."""
    if len(answer.body) > _SMALL:
        return False
    try:
        body = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(body, dict) and isinstance(body.get("status"), str)


def _wants_quiet(answer: Answer) -> bool:
    """Whether a refusal, or a sentence where data should be, means that we asked too often."""
    is_data = answer.body.lstrip()[:1] in {b"{", b"["} and not _is_error(answer)
    return not is_data and any(word in said_by(answer).lower() for word in _SLOWER)


TERMS: Final = Terms(
    name="CBHours",
    token="",
    rules=(
        Rule(range(600), NotKnownError, "CBHours does not know {about}: it is not in its trophy database",
             lambda answer: _is_error(answer) and bool(_NO_TROPHY.search(said_by(answer).lower())),
             "its trophy or calendar in the bio, and one search as STUDIO there, put a room into it"),
        Rule(range(600), ThrottledError, "CBHours asks to slow down ({status}){said}", _wants_quiet),
        Rule(range(401, 404), BlockedError, "CBHours refuses the request ({status}){said}",
             lambda answer: not is_page(answer), "a block usually passes; ask less often"),
        Rule(range(200, 300), RejectedError, "CBHours does not take the request{said}", _is_error),
    ),
    cooldown=600,  # how long a block lasts is not documented
)  # fmt: skip
