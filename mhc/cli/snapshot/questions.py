"""Which question is meant: the options that narrow it down, and what is said where none or several are left."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from mhc.domain.text import encode
from mhc.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from mhc.store.series import Question

T = TypeVar("T")
LIFE = ""  # the range of figures of a whole life


class Narrowed(NamedTuple):
    """What the options say of a question; None: nothing."""

    source: str | None
    range: str | None
    subject: str | None


def question_options(function: Callable[..., T]) -> Callable[..., T]:
    """Accept what narrows a question down; passes `narrowed`."""

    @click.option(
        "--source", metavar="SOURCE", shell_complete=_sources, help="statbate.OPERATION, stats or apistats."
    )
    @click.option(
        "--range", "window", metavar="R", help="Figures of this range, such as 30d; '' is a whole life."
    )
    @click.option("--subject", metavar="NAME", help="Where a reading is about two people: the other one.")
    @wraps(function)
    def run(*args: Any, source: str | None, window: str | None, subject: str | None, **kwargs: Any) -> T:
        return function(*args, narrowed=Narrowed(_checked(source), window, subject), **kwargs)

    return run


def fitting(found: "Iterable[Question]", narrowed: Narrowed) -> "list[Question]":
    """Give the questions that the options leave."""
    return [
        one
        for one in found
        if all(want is None or want == getattr(one, name) for name, want in narrowed._asdict().items())
    ]


def choose(who: str | None, found: "Sequence[Question]", narrowed: Narrowed) -> "Question":
    """Give the one question that is meant: of several ranges that of a whole life, else the options must say which.

    `who` None is of rankings.

    Raises NotFoundError, UsageError.
    """
    left = fitting(found, narrowed)
    if not left:
        raise _nothing(who, found)
    for name in ("source", "range", "subject"):
        values = list(dict.fromkeys(getattr(one, name) for one in left))
        if len(values) > 1:
            if LIFE not in values or name == "source":
                shown = ", ".join(value or "''" for value in values)
                whose = "rankings have" if who is None else f"{who} has"
                raise UsageError(
                    f"{whose} readings of {len(values)} {name}s", hint=encode(f"--{name}, one of: {shown}")
                )
            left = [one for one in left if getattr(one, name) == LIFE]
    return left[0]


def _nothing(who: str | None, found: "Sequence[Question]") -> NotFoundError:
    whose = who or "a ranking"
    if not found:
        pull = f"mhc snapshot pull {who}" if who else "mhc snapshot pull --source statbate.models"
        return NotFoundError(f"no readings of {whose}", hint=pull)
    there = ", ".join(dict.fromkeys(_called(one) for one in found))
    return NotFoundError(f"no such readings of {whose}", hint=encode(f"there are: {there}"))


def _called(one: "Question") -> str:
    more = [f"--range {one.range}"] if one.range else []
    more += [f"--subject {one.subject}"] if one.subject else []
    return " ".join([one.source, *more])


def _checked(source: str | None) -> str | None:
    from mhc.domain.metrics import sources
    from mhc.domain.names import near_matches

    if source is None or source in sources():
        return source
    near = near_matches(source, sources())
    hint = f"did you mean: {', '.join(near)}?" if near else f"one of: {', '.join(sources())}"
    raise UsageError(encode(f"no source is called {source!r}"), hint=hint)


def _sources(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem

    from mhc.domain.metrics import sources

    return [CompletionItem(one) for one in sources() if one.startswith(incomplete)]
