"""Statbate's Premium API of the sandbox: who may ask how often, and which answer is whose."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mhc.sandbox import reply
from mhc.sandbox import statbate_members as members
from mhc.sandbox import statbate_models as models
from mhc.sandbox import statbate_rankings as rankings
from mhc.sandbox.ledger import Ledger
from mhc.sandbox.limits import Limit
from mhc.sandbox.reply import Reply
from mhc.sandbox.statbate_rules import SITES, RefusedError, Wish, read_wish, unauthenticated
from mhc.sandbox.statbate_writing import Writing
from mhc.sandbox.story import Story

PREFIX: Final = "/statbate/api"
A_MINUTE: Final = 120

_OF_SITE: Final[Mapping[str, Callable[[Writing], Any]]] = {
    "models": rankings.models,
    "members": rankings.members,
    "members_online": rankings.online,
    "member_info_batch": members.batch,
    "tags": rankings.tags,
    "tags_search": rankings.search_tags,
}
_OF_MEMBER: Final[Mapping[str, Callable[[Writing, int], Any]]] = {
    "member_info": members.info,
    "member_tips": members.tips,
    "member_tag_spending": members.tag_spending,
    "member_top_models": members.top_models,
    "member_activity": members.activity,
}
_OF_MODEL: Final[Mapping[str, Callable[[Writing, int], Any]]] = {
    "model_info": models.info,
    "model_activity": models.activity,
    "model_members": models.members,
    "model_rank": models.rank,
    "model_tips": models.tips,
}


class StatbateApi:
    """Answers from the story; `naive` writes times without a zone, and `model_name` for `model`."""

    def __init__(
        self, story: Story, token: str, *, naive: bool, speed: float, clock: Callable[[], float]
    ) -> None:
        self._story = story
        self._token = token
        self._naive = naive
        # The batch has a budget of its own.
        self._limits = {batch: Limit(A_MINUTE, 60, speed, clock) for batch in (False, True)}

    def answer(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Give the answer to a request; `path` is what comes after the base URL."""
        if headers.get("Authorization") != f"Bearer {self._token}":
            return unauthenticated()
        wait = self._limits[path.endswith("/info/batch")].wait("the account")
        if wait:
            said = {
                "Retry-After": str(wait),
                "X-RateLimit-Limit": str(A_MINUTE),
                "X-RateLimit-Remaining": "0",
            }
            return reply.with_headers(reply.envelope(429, {"message": "Too Many Attempts."}), said)
        with self._story.now() as (ledger, _):
            try:
                wish = read_wish(method, path, query, body, ledger.now)
                return reply.envelope(200, self._find(wish, ledger))
            except RefusedError as refused:
                return refused.answer

    def _find(self, wish: Wish, ledger: Ledger) -> dict[str, Any]:
        if wish.site != SITES[0]:
            ledger = _nobody(ledger)
        write = Writing(wish, ledger, self._naive)
        if wish.operation in _OF_SITE:
            found = _OF_SITE[wish.operation](write)
        elif wish.operation in _OF_MODEL:
            found = _OF_MODEL[wish.operation](write, _known("Model", ledger.model(wish.name)))
        else:
            member = _known("Member", ledger.member(wish.name))
            if wish.operation == "member_model":
                found = members.model_spending(write, member, _known("Model", ledger.model(wish.model)))
            else:
                found = _OF_MEMBER[wish.operation](write, member)
        assert isinstance(found, dict)
        return found


def _known(what: str, number: int | None) -> int:
    if number is None:
        raise RefusedError(reply.envelope(404, {"error": f"{what} not found"}))
    return number


def _nobody(ledger: Ledger) -> Ledger:
    """Give another site, which nobody of the story is on."""
    empty = Ledger((), ())
    empty.now = ledger.now
    return empty
