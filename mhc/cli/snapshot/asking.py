"""What `mhc snapshot pull` was told, as questions and the people they are about."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import click

from mhc.cli import complete
from mhc.cli.context import settings, utc_now
from mhc.cli.imports.files import MOST_BYTES, opened
from mhc.cli.lookups import names as names_of
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import time_range, username
from mhc.cli.lookups import watchlist as find_list
from mhc.domain.times import parse_duration
from mhc.domain.windows import Window, between, parse
from mhc.errors import AccessError, DataError, MhcError, NotFoundError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.config import Settings
    from mhc.jobs.keeping import Outcome
    from mhc.jobs.questions import Question
    from mhc.jobs.targets import Filters, Plan, Target
    from mhc.store.database import Database

T = TypeVar("T")
_SEGMENTS = ("tippers", "followers", "models")
_HINT = "give names, -, --list, --live, --segment, --role or --stale"


def whom_options(function: Callable[..., T]) -> Callable[..., T]:
    """Accept whom to ask about: names, and people who are chosen; passes names, lists, live and segments."""
    for accept in (
        click.option(
            "--segment",
            "segments",
            type=click.Choice(_SEGMENTS),
            multiple=True,
            help="A part of the people.",
        ),
        click.option("--live", is_flag=True, help="Who is in your room now."),
        click.option(
            "--list",
            "lists",
            metavar="LIST",
            multiple=True,
            shell_complete=complete.watchlists,
            help="Who is on a list.",
        ),
        click.argument(
            "names",
            metavar="[NAME]…",
            nargs=-1,
            help="A name, @name or room URL; - reads names from stdin.",
            shell_complete=complete.people,
        ),
    ):
        function = accept(function)
    return function


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The options, as they were typed."""

    names: tuple[str, ...]
    source: str | None = None
    length: str | None = None
    since: str | None = None
    until: str | None = None
    lists: tuple[str, ...]
    live: bool
    segments: tuple[str, ...]
    role: str | None = None
    stale: str | None
    budget: int | None
    model: str | None = None
    query: str | None = None
    genders: tuple[str, ...] = ()
    high_tippers: bool = False
    rows: int | None = None
    file: str | None

    @property
    def chooses(self) -> bool:
        """Whether people are chosen by more than their names."""
        return bool(self.lists or self.live or self.segments)

    @property
    def filters(self) -> bool:
        """Whether anything says whom to choose, or not to ask."""
        return bool(self.chooses or self.role or self.stale or self.budget)


@dataclass(frozen=True, slots=True)
class Asked:
    """The plan; which names could not be understood; and the saved answer that is taken for a source's."""

    plan: "Plan"
    failed: "list[Outcome]"
    saved: bytes | None


def asked_of(ctx: click.Context, db: "Database", asking: Asking) -> Asked:
    """Give what was asked for. Raises UsageError, NotFoundError, AccessError, DataError."""
    from mhc.jobs import targets
    from mhc.jobs.putting import check

    now = utc_now()
    with db.read() as conn:
        questions = _questions(asking, _window(ctx, conn, asking))
        _refuse(asking, questions)
        for question in questions if asking.file is None else ():
            check(question, now)
        saved = None if asking.file is None else read_saved(asking.file)
        chosen, failed = named(ctx, conn, asking, questions)
        if not questions[0].is_about_people or saved is not None:
            plan = targets.of_names(questions, chosen)
        else:
            rooms = targets.own_rooms(conn, settings(ctx))
            filters = filters_of(conn, asking)
            plan = targets.plan(conn, questions, chosen, filters, room_ids=rooms, now=now)
    return Asked(plan, failed, saved)


def _questions(asking: Asking, window: Window | None) -> "tuple[Question, ...]":
    from mhc.jobs.questions import More, find, usual

    more = More(
        window=window,
        model=None if asking.model is None else username(asking.model),
        query=asking.query,
        genders=tuple(dict.fromkeys(asking.genders)),
        high_tippers=asking.high_tippers,
        rows=asking.rows,
    )
    if asking.source is not None:
        return (find(asking.source, more),)
    if asking.file is not None:
        raise UsageError("whose answer is in the file?", hint="--source")
    if more != More(window=window):
        raise UsageError("--model, --query, --gender, --high-tippers and --rows go with a --source")
    return usual(window)


def _window(ctx: click.Context, conn: "Connection", asking: Asking) -> Window | None:
    if asking.since is not None or asking.until is not None:
        if asking.length is not None:
            raise UsageError("--range and --since say the same: give one of the two")
        given = time_range(ctx, conn, asking.since, asking.until)
        if given.start is None:
            raise UsageError("--until needs --since: every range is asked for with both ends")
        return between(given.start, given.end or utc_now())
    try:
        return None if asking.length is None else parse(asking.length)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _refuse(asking: Asking, questions: "tuple[Question, ...]") -> None:
    """Raise UsageError where whom to ask about does not fit what is asked, or is not said."""
    one = questions[0]
    if asking.file is not None and (asking.filters or (asking.since and asking.length)):
        raise UsageError("a saved answer is about who is named: give no lists or filters with --load")
    if one.is_about_nobody and (asking.names or asking.filters):
        raise UsageError(f"{one.source} is about nobody: give no names, lists or filters")
    if one.is_about_rooms and asking.filters:
        raise UsageError(f"{one.source} is about your own rooms: name them, or none for all")
    if asking.names and not asking.chooses and (asking.role or asking.budget):
        raise UsageError(
            "--role and --budget are for people who are chosen", hint="--list, --live, --segment"
        )
    if one.is_about_people and not asking.names and not asking.filters and not _names_itself(asking, one):
        raise UsageError("whom to ask about?", hint=_HINT)
    if asking.file is not None and len(asking.names) != 1 and not (one.is_about_nobody or one.in_batches):
        raise UsageError("whom is the saved answer about?", hint="give one name")


def _names_itself(asking: Asking, one: "Question") -> bool:
    """Whether a saved answer says itself whom it is about."""
    return asking.file is not None and one.in_batches


def filters_of(conn: "Connection", asking: Asking) -> "Filters":
    """Give whom the options choose. Raises NotFoundError, UsageError."""
    from mhc.jobs.targets import Filters
    from mhc.store.people import Role

    try:
        stale = None if asking.stale is None else parse_duration(asking.stale)
    except ValueError as error:
        raise UsageError(str(error)) from None
    return Filters(
        list_ids=tuple(dict.fromkeys(find_list(conn, name).id for name in asking.lists)),
        live=asking.live,
        segments=asking.segments,
        role=None if asking.role is None else Role(asking.role),
        stale=stale or (timedelta() if asking.stale is not None else None),
        budget=asking.budget,
    )


def named(
    ctx: click.Context, conn: "Connection", asking: Asking, questions: "tuple[Question, ...]"
) -> "tuple[list[Target], list[Outcome]]":
    """Give who was named, and those names that mean nobody; a single one raises."""
    from mhc.jobs.keeping import failed

    given = names_of(asking.names)
    if questions[0].is_about_rooms:
        return _rooms(settings(ctx), given, saved=asking.file is not None), []
    found: list[Target] = []
    wrong: list[Outcome] = []
    for text in given:
        try:
            found.append(_target(conn, text))
        except MhcError as error:
            if len(given) == 1 or not isinstance(error, NotFoundError | UsageError):
                raise
            wrong.append(failed(questions[0], text, error))
    return found, wrong


def _target(conn: "Connection", text: str) -> "Target":
    """Give whom a name means, by the name they go by now; a name that nobody ever had is a stranger's."""
    from mhc.jobs.targets import Target
    from mhc.store import holders, people
    from mhc.store.merged import as_one

    try:
        root = find_person(conn, text)
    except NotFoundError:
        if text.strip().lower().startswith("id:") or holders.of(conn, username(text)):
            raise
        return Target(username(text))
    one = as_one(people.merged(conn, root.id), root.id)
    return Target(one.username, one.id, one.role)


def _rooms(loaded: "Settings", given: list[str], *, saved: bool) -> "list[Target]":
    """Give the own rooms that were named, or all that have a token."""
    from mhc.jobs.targets import Target

    names = [username(text) for text in given]
    own = [one.name for one in loaded.rooms]
    if strange := [name for name in names if name not in own and not saved]:
        raise NotFoundError(f"{strange[0]} is no room of yours", hint="set it up: [rooms.NAME]")
    with_token = [one.name for one in loaded.rooms if one.stats_token]
    if not names and not with_token:
        raise AccessError(
            "no room has a statistics token", hint="set CB_STATS_TOKEN, or stats_token in [rooms.NAME]"
        )
    return [Target(name) for name in names or with_token]


def read_saved(file: str) -> bytes:
    """Read a saved answer."""
    with opened(file) as stream:
        body = stream.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise DataError(f"{file} is larger than {MOST_BYTES // 1024**2} MiB")
    return body
