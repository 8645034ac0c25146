"""A digest as people read it: text, Markdown or a page, of the same words. What came from outside is inert in each."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import click

from mhc.cli import page
from mhc.cli.report.asking import captured_part
from mhc.cli.table import HIDDEN, duration, local, share
from mhc.cli.terminal import Screen
from mhc.domain import markdown
from mhc.domain.counted import counted, signed
from mhc.domain.text import Safe, encode
from mhc.domain.times import Range

if TYPE_CHECKING:
    from mhc.reports.digest import Digest
    from mhc.reports.digest_parts import FailedJob, Head
    from mhc.reports.regulars import Regular
    from mhc.store.coverage import Gap

Form = Literal["markdown", "text", "html"]
FORMS: tuple[Form, ...] = get_args(Form)
MAIL = Screen(is_terminal=False, columns=78, encoding="utf-8", color=False)
_MOST = 20  # lines of a part; JSON has them all

Pen = Callable[[str], str]  # makes a text from outside inert


class Said(NamedTuple):
    """A digest, what it is of, and how it is read; `hidden` keeps amounts from a screen that others see."""

    found: "Digest"
    range: Range
    room: str | None
    tz: tzinfo
    hidden: bool = False

    @property
    def title(self) -> str:
        """Say whose digest it is."""
        return f"Digest of {self.room or 'every room'}"

    @property
    def nothing(self) -> str:
        """Say that nothing happened, or that nobody knows whether anything did."""
        seen = self.found.seen
        if seen.is_to_come:
            return f"{self.room or 'every room'}: nothing happened yet: the time from {self.time} lies in the future"
        what = "nothing happened" + ("" if seen.is_any else " that is known, and nothing was captured,")
        return f"{self.room or 'every room'}: {what} from {self.time}"

    @property
    def time(self) -> str:
        """Say of which time it is."""
        return page.when(self.range.start, self.range.end, self.tz, to_come=self.found.seen.is_to_come)


def written(said: Said, form: Form, screen: Screen = MAIL) -> str:
    """Give a digest in one of the forms, whole; of nothing the one line that says so, or a page with it."""
    match form:
        case "html":
            return _page(said)
        case "markdown":
            return "".join(f"{line}\n" for line in _markdown(said))
        case "text":
            return "".join(f"{line}\n" for line in _text(said, screen))


def _page(said: Said) -> str:
    parts = _Words(said, lambda text: f"<bdi>{page.text(text)}</bdi>").parts()
    about = _about(said, str)
    empty = said.found.is_empty
    shown = () if empty else tuple(parts)
    return page.html(page.Page(said.title, about, (), (), (), said.nothing, shown), said.tz)


def _markdown(said: Said) -> Iterator[str]:
    if said.found.is_empty:
        yield markdown.escape(said.nothing)
        return
    yield f"# {markdown.escape(said.title)}"
    yield ""
    yield from (f"- {name}: {value}" for name, value in _about(said, markdown.escape))
    for part in _Words(said, markdown.escape).parts():
        yield from ("", f"## {part.title}", "", *(f"- {line}" for line in part.lines))


def _text(said: Said, screen: Screen) -> Iterator[str]:
    def pen(text: str) -> Safe:
        return screen.printable(encode(text))

    if said.found.is_empty:
        yield from _wrapped(pen(said.nothing), screen, "")
        return
    yield from (_bold(line, screen) for line in _wrapped(pen(said.title), screen, ""))
    for name, value in _about(said, pen):
        yield from _wrapped(f"{name}: {value}", screen, "")
    for part in _Words(said, pen).parts():
        yield ""
        yield _bold(part.title, screen)
        for line in part.lines:
            yield from _wrapped(line, screen, "  ")


def _bold(text: str, screen: Screen) -> str:
    return click.style(text, bold=True) if screen.color else text


def _wrapped(text: str, screen: Screen, edge: str) -> list[str]:
    """Give a text as lines that fit; what a line has no room for goes on deeper below it."""
    from wcwidth import wrap

    room = screen.columns - 2 * len(edge)
    first, *more = wrap(text, room) or [text]
    return [edge + first, *(edge * 2 + line for line in more)]


def _about(said: Said, pen: Pen) -> list[tuple[str, str]]:
    """Give what the figures are about."""
    found = said.found
    about = [("time", said.time), ("zone", pen(str(said.tz)))]
    captured = captured_part(found.seen)
    if captured is not None:
        about.append(("captured", captured))
    if found.excluded:
        about.append(("excluded", f"{found.excluded:,}"))
    return about


class _Words:
    """Writes the parts of a digest that have anything in them."""

    def __init__(self, said: Said, pen: Pen) -> None:
        self._said, self._found, self._pen = said, said.found, pen

    def parts(self) -> Iterator[page.Part]:
        """Give the parts in order: the session first, what went wrong last."""
        found = self._found
        if found.session is not None:
            yield page.Part("Session", list(self._session(found.session)))
        yield from self._part("Regulars who came back", [self._regular(one) for one in found.returned])
        yield from self._part("Regulars who went missing", [self._regular(one) for one in found.missing])
        big = [f"{self._pen(one.username)}: {self._tokens(one.tokens)}" for one in found.big_tippers]
        yield from self._part("New big tippers", big)
        first = [f"{self._pen(one.username)}: {self._tokens(one.tokens)}" for one in found.first_tips]
        yield from self._part("First tips", first)
        yield from self._part("On your lists, and there", self._came())
        yield from self._part(
            "Put on lists", [f"{self._pen(one.list)}: {self._pen(one.username)}" for one in found.added]
        )
        yield from self._part(
            "Taken off lists", [f"{self._pen(one.list)}: {self._pen(one.username)}" for one in found.removed]
        )
        yield from self._part(
            "Renamed", [f"{self._pen(one.old)} is {self._pen(one.new)} now" for one in found.renames]
        )
        follows, unfollows, net = found.followers
        if follows is not None and unfollows is not None and net is not None and (follows or unfollows):
            yield page.Part(
                "Followers", [f"{follows:,} began to follow, {unfollows:,} ceased: {signed(net)}"]
            )
        yield from self._part("Failed jobs", [self._failed(one) for one in found.failed_jobs])
        yield from self._part("Not captured", [self._gap(one) for one in found.gaps])

    def _part(self, title: str, lines: Sequence[str]) -> Iterator[page.Part]:
        if lines:
            more = [f"and {len(lines) - _MOST:,} more"] if len(lines) > _MOST else []
            yield page.Part(f"{title} ({len(lines):,})", [*lines[:_MOST], *more])

    def _session(self, head: "Head") -> Iterator[str]:
        room = "" if self._said.room else f"{self._pen(head.room)}, "
        lasted = "it goes on" if head.ended_at is None else duration(head.ended_at - head.started_at)
        yield f"{room}{self._at(head.started_at)}: {lasted}"
        if head.tokens is not None and head.tips is not None and head.tippers is not None:
            tips, tippers = self._amount(head.tips, "tip"), counted(head.tippers, "tipper")
            yield f"{self._tokens(head.tokens)}, {tips}, {tippers}"
        if head.best_tipper is not None:
            yield f"best tipper: {self._pen(head.best_tipper)}, {self._tokens(head.best_tokens or 0)}"
        people = [
            counted(number, *words)
            for number, *words in (
                (head.unique_visitors, "visitor"),
                (head.new_followers, "new follower"),
            )
            if number is not None
        ]
        if people:
            yield ", ".join(people)
        if head.coverage != 1:
            yield "nobody listened" if not head.coverage else f"{share(head.coverage)} of it was captured"
        if (self._found.sessions or 0) > 1:
            yield f"the last of {self._found.sessions:,} sessions in that time"

    def _regular(self, one: "Regular") -> str:
        return f"{self._pen(one.username)}: missed {counted(one.missed, 'session')}, last at that of {self._at(one.last_session_at)}"

    def _came(self) -> list[str]:
        return [
            f"{self._pen(one.username)}: {', '.join(map(self._pen, one.watchlists))}"
            + (f"; {self._tokens(one.tokens)}" if one.tokens else "")
            for one in self._found.came
        ]

    def _failed(self, one: "FailedJob") -> str:
        times = "once" if one.times == 1 else f"{one.times:,} times"
        last = f"{self._pen(one.job)}: {times}, the last at {self._at(one.last_at)}, {self._pen(one.state)}"
        return last if one.error is None else f"{last}: {self._pen(one.error)}"

    def _gap(self, one: "Gap") -> str:
        begin = "the beginning" if one.from_at is None else self._at(one.from_at)
        room = "" if self._said.room else f"{self._pen(one.room)}: "
        return f"{room}{begin} to {self._at(one.to_at)}: {self._pen(one.cause)} ({self._pen(one.certainty)})"

    def _at(self, at: datetime) -> str:
        return local(at, self._said.tz)

    def _tokens(self, number: int) -> str:
        return self._amount(number, "token")

    def _amount(self, number: int, one: str) -> str:
        return f"{HIDDEN} {one}s" if self._said.hidden else counted(number, one)
