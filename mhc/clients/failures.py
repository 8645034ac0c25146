"""What an upstream says instead of data: typed by a table of status and content, since a status alone never decides."""

import codecs
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from mhc.clients.http import Answer
from mhc.clients.pacing import parse_retry_after
from mhc.errors import AccessError, DataError, MhcError, NotFoundError, TryLaterError, UnavailableError
from mhc.log import escape, redact

_HEAD: Final = 4096  # bytes in which a page shows what it is
_LONGEST: Final = 200
_CHALLENGES: Final = (b"just a moment", b"attention required", b"challenge-platform", b"cf-chl", b"captcha")


class UpstreamError(MhcError):
    """An upstream gave no data; each kind says why."""

    transient = False  # worth another try at once
    answer: Answer | None = None  # the one that says so; its text is not ours to show
    seconds: float | None = None  # that its host wants quiet for


class RefusedError(AccessError, UpstreamError):
    """The token is not accepted, or not for this."""


class ThrottledError(TryLaterError, UpstreamError):
    """We asked too often."""


class NotKnownError(NotFoundError, UpstreamError):
    """The upstream does not know whom or what it was asked about."""


class RejectedError(DataError, UpstreamError):
    """The request is not one that the upstream takes."""


class BrokenAnswerError(DataError, UpstreamError):
    """An answer of another shape than documented; it is kept with the error."""


class DownError(UnavailableError, UpstreamError):
    """No connection, or a failure of theirs."""

    transient = True


class MovedError(UnavailableError, UpstreamError):
    """A redirect, or a connection that is not to be trusted: neither is followed."""


class BlockedError(UnavailableError, UpstreamError):
    """A page for browsers where data should be: we are kept out, and stay out."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which answers are which failure; `sentence` may use {name}, {about}, {status} and {said}."""

    statuses: range
    kind: type[UpstreamError]
    sentence: str
    when: Callable[[Answer], bool] = lambda _: True
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one API."""

    name: str
    token: str  # the setting that its token stands in
    rules: tuple[Rule, ...]  # that come before those of every API
    cooldown: float  # seconds of quiet after a refusal that does not say how long
    tries: int = 3
    seconds: float = 30  # for one answer
    in_all: float = 120  # for an answer with every try
    max_bytes: int = 8 * 1024 * 1024


def is_page(answer: Answer) -> bool:
    """Say whether an answer is a page for browsers; plain text travels as text/html, too."""
    head = answer.body[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype", b"<html", b"<head", b"<!--", b"<?xml"))


def is_challenge(answer: Answer) -> bool:
    """Say whether an answer wants a browser to prove itself."""
    if "cf-mitigated" in answer.headers:
        return True
    return is_page(answer) and any(mark in answer.body[:_HEAD].lower() for mark in _CHALLENGES)


def says(*words: str) -> Callable[[Answer], bool]:
    """Give the test whether one of these stands in what an answer says, whatever its case."""
    return lambda answer: any(word in said_by(answer).lower() for word in words)


_ANY: Final = range(600)
_KEPT_OUT: Final = (
    "{name} answers with a page for browsers ({status}): it blocks mhc, which works around no block"
)
_CHALLENGE: Final = Rule(_ANY, BlockedError, _KEPT_OUT, is_challenge, "it usually passes; ask less often")
RULES: Final = (
    Rule(range(200, 300), BlockedError, _KEPT_OUT, is_page, "it usually passes; ask less often"),
    Rule(range(300, 400), MovedError, "{name} answers with a redirect ({status}), which is not followed"),
    Rule(range(401, 402), RefusedError, "{name} refuses the token ({status})"),
    Rule(range(403, 404), BlockedError, _KEPT_OUT, is_page, "it usually passes; ask less often"),
    Rule(range(403, 404), RefusedError, "{name} refuses the request ({status}){said}"),
    Rule(range(404, 405), RejectedError, "{name} has no such address ({status})", is_page),
    Rule(range(404, 405), NotKnownError, "{name} does not know {about}"),
    Rule(range(408, 409), DownError, "{name} gave up waiting ({status})"),
    Rule(range(429, 430), ThrottledError, "{name} asks to slow down ({status})"),
    Rule(range(400, 500), RejectedError, "{name} does not take the request ({status}){said}"),
    Rule(range(500, 600), DownError, "{name} is not working ({status})"),
    Rule(_ANY, BrokenAnswerError, "{name} answers with status {status}", lambda a: not 200 <= a.status < 300),
)


def judge(terms: Terms, answer: Answer, about: str, now: float) -> None:
    """Raise what an answer means where it is not data."""
    for rule in (_CHALLENGE, *terms.rules, *RULES):
        if answer.status in rule.statuses and rule.when(answer):
            raise _failure(rule, terms, answer, about, now)


def _failure(rule: Rule, terms: Terms, answer: Answer, about: str, now: float) -> UpstreamError:
    said = said_by(answer)
    shown = {"name": terms.name, "about": about, "status": answer.status, "said": f": {said}" if said else ""}
    error = rule.kind(rule.sentence.format_map(shown), hint=rule.hint)
    asked = parse_retry_after(answer.headers, now)
    if isinstance(error, RefusedError):
        error.hint = error.hint or f"look at {terms.token}: mhc config list"
    if isinstance(error, ThrottledError) and answer.status == 429 and asked is not None:
        error.seconds, error.transient = asked, True
    elif isinstance(error, ThrottledError | BlockedError):
        error.seconds = max(terms.cooldown, asked or 0)
    elif isinstance(error, DownError):
        error.seconds = asked
    error.answer = answer
    return error


def said_by(answer: Answer) -> str:
    """Give the sentence of an answer that is no data, on one line and short; empty for a page or for nothing."""
    if is_page(answer) or len(answer.body) > _HEAD:
        return ""
    try:
        body = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = answer.body.decode(errors="replace")
    if isinstance(body, dict):
        body = body.get("error") or body.get("message")
    return escape(redact(body.strip()))[:_LONGEST] if isinstance(body, str) else ""


def decode(terms: Terms, answer: Answer) -> Any:
    """Read an answer's JSON, whatever its content type says."""
    try:
        return msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise broken(terms, answer, "is no JSON") from None


def decode_loosely(terms: Terms, answer: Answer) -> Any:
    """Read an answer's JSON where one lone surrogate, a NaN or a mark of the byte order must not cost all of it."""
    body = answer.body.removeprefix(codecs.BOM_UTF8)
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return json.loads(body.decode(errors="replace"), strict=False)
    except (ValueError, RecursionError):
        raise broken(terms, answer, "is no JSON") from None


def broken(terms: Terms, answer: Answer, why: str) -> BrokenAnswerError:
    """Give the error of an answer that is not as documented."""
    error = BrokenAnswerError(f"an answer of {terms.name} {why}", hint="its form may have changed")
    error.answer = answer
    return error
