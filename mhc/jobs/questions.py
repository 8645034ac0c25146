"""What sources can be asked: `statbate.OPERATION`, `stats`, `apistats`, each with what goes with it, under one key."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Final

from mhc.clients.statbate import MEMBER_INFO, MEMBER_INFO_BATCH, MODEL_INFO, OPERATIONS, Query
from mhc.clients.statbate_operations import Operation
from mhc.domain.names import near_matches
from mhc.domain.windows import LIFETIME, Window, parse
from mhc.errors import UsageError
from mhc.store.people import Role
from mhc.store.pools import Ask
from mhc.store.snapshots import Asked

STATBATE, STATS, APISTATS = "statbate", "stats", "apistats"
# Public profiles: asked for, or read from saved pages, by `mhc profile` and its job, and by nothing else.
PROFILE, ROOM_PAGE, BIO_PAGE = "profile", "profile.room_page", "profile.bio_page"
SOURCES: Final = (*(f"{STATBATE}.{name}" for name in OPERATIONS), STATS, APISTATS)
USUAL_RANGE: Final = "30d"  # what is answered without a range is not documented (contract statbate 4.1)
BATCHED: Final = MEMBER_INFO_BATCH


class About(StrEnum):
    """Whom a question is about."""

    MEMBER = "member"
    MODEL = "model"
    ROOM = "room"  # an own one
    NOBODY = "nobody"
    PROFILE = "profile"  # a room, by what everybody can read of it


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """What else an operation may be asked with; what it does not take must be left as it is."""

    window: Window | None = None
    model: str | None = None
    query: str | None = None
    genders: tuple[str, ...] = ()
    high_tippers: bool = False
    rows: int | None = None


_OPTIONS: Final = {
    "window": ("range", "--range"),
    "model": ("model", "--model"),
    "query": ("query", "--query"),
    "genders": ("genders", "--gender"),
    "high_tippers": ("high_tippers", "--high-tippers"),
}
_ROLES: Final = {
    About.MEMBER: (Role.VIEWER, Role.BOTH, Role.UNKNOWN),
    About.MODEL: (Role.MODEL, Role.BOTH, Role.UNKNOWN),
    About.NOBODY: (),
}
_LISTS: Final = frozenset({"limit", "pages"})


@dataclass(frozen=True, slots=True)
class Question:
    """One question to one source; `operation` is None for the statistics of an own room."""

    source: str  # as readings are stored under
    about: About
    operation: Operation[Any] | None = None
    more: More = field(default_factory=More)
    roles: tuple[Role, ...] = ()  # whom it is put to, unless they are named (empty: anyone)

    @property
    def asked(self) -> Asked:
        """The key under which its answers can be compared."""
        return Asked(self.source, self.range, self.subject)

    @property
    def ask(self) -> Ask:
        """The key, and whom it is put to."""
        return Ask(self.asked, self.roles)

    @property
    def range(self) -> str:
        """The key of its range; empty for figures of a whole life."""
        return LIFETIME if self.more.window is None else self.more.window.key

    @property
    def subject(self) -> str:
        """The model that it names beside the person, or what else makes its answer another one."""
        one = self.more
        if one.model is not None:
            return one.model
        said = {
            "query": one.query,
            "gender": "+".join(one.genders),
            "high_tippers": "yes" if one.high_tippers else "",
            "rows": None if one.rows is None else str(one.rows),
        }
        return "&".join(f"{name}={text}" for name, text in said.items() if text)

    @property
    def role(self) -> Role | None:
        """What an answer shows a person to be."""
        return {About.MEMBER: Role.VIEWER, About.NOBODY: None, About.PROFILE: None}.get(
            self.about, Role.MODEL
        )

    @property
    def is_about_people(self) -> bool:
        """Whether it is put about one person, or a hundred."""
        return self.about in {About.MEMBER, About.MODEL}

    @property
    def is_about_rooms(self) -> bool:
        """Whether it is put about an own room."""
        return self.about == About.ROOM

    @property
    def is_about_nobody(self) -> bool:
        """Whether it names nobody, as a ranking."""
        return self.about == About.NOBODY

    @property
    def in_batches(self) -> bool:
        """Whether a hundred people are asked about in one go."""
        return self.operation is BATCHED


def find(source: str, more: More) -> Question:
    """Give the question that a source's name and options make. Raises UsageError."""
    name = source.strip().lower()
    if name not in SOURCES:
        near = near_matches(name, SOURCES) or near_matches(f"{STATBATE}.{name}", SOURCES)
        hint = f"did you mean: {', '.join(near)}?" if near else f"sources: {', '.join(SOURCES)}"
        raise UsageError(f"no source named {source!r}", hint=hint)
    kind, _, operation = name.partition(".")
    if kind != STATBATE:
        _refuse(name, more, frozenset())
        return Question(name, About.ROOM)
    return _of_operation(OPERATIONS[operation], more)


def of_profile(source: str = PROFILE) -> Question:
    """Give the question for a public profile, or the one that a saved page answers."""
    return Question(source, About.PROFILE, roles=_ROLES[About.MODEL])


def usual(window: Window | None = None) -> tuple[Question, Question]:
    """Give the two questions of who is asked about without a source: viewers as members, models as models."""
    return _of_operation(BATCHED, More()), _of_operation(MODEL_INFO, More(window=window))


def _of_operation(operation: Operation[Any], more: More) -> Question:
    _refuse(operation.name, more, operation.takes)
    takes = operation.takes
    if "model" in takes and more.model is None:
        raise UsageError(f"{operation.name} needs --model: whom the members tipped")
    if "query" in takes and more.query is None:
        raise UsageError(f"{operation.name} needs --query: the letters of a tag")
    if "range" in takes and more.window is None:
        more = replace(more, window=parse(USUAL_RANGE))
    # A batch is cut into what a member's own answer says: the same question.
    stored = MEMBER_INFO if operation is BATCHED else operation
    about = _about(operation)
    return Question(f"{STATBATE}.{stored.name}", about, operation, more, _ROLES[about])


def _refuse(name: str, more: More, takes: frozenset[str]) -> None:
    """Raise UsageError for an option that the source does not take."""
    standard = More()
    for one in fields(More):
        if getattr(more, one.name) == getattr(standard, one.name):
            continue
        word, option = _OPTIONS.get(one.name, ("rows", "--rows"))
        taken = bool(takes & _LISTS) if word == "rows" else word in takes
        if not taken:
            raise UsageError(f"{name} takes no {option}", hint=_takes(takes))


def _takes(takes: frozenset[str]) -> str:
    options = [option for word, option in _OPTIONS.values() if word in takes]
    options += ["--rows"] if takes & _LISTS else []
    return f"it takes {', '.join(options)}" if options else "it takes no options"


def _about(operation: Operation[Any]) -> About:
    if not operation.takes & {"name", "names"}:
        return About.NOBODY
    return About.MODEL if operation.path.startswith("/model/") else About.MEMBER


def query_of(question: Question, window: Any, **who: Any) -> Query:
    """Give the query that a question makes: about whom, in which range."""
    more = question.more
    return Query(
        range=window,
        model=more.model,
        query=more.query,
        genders=more.genders,
        high_tippers=True if more.high_tippers else None,
        **who,
    )


def rows_of(question: Question, parts: Sequence[Any]) -> Sequence[Any]:
    """Give as many of an answer's rows as were asked for."""
    return parts if question.more.rows is None else parts[: question.more.rows]
