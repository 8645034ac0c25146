"""The summary of a session as Markdown: its sections and their order never change."""

from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from mhc.cli.table import duration, figure, local, share
from mhc.domain.counted import counted, signed
from mhc.domain.markdown import escape

if TYPE_CHECKING:
    from mhc.reports.one_session import Tipper
    from mhc.reports.session_summary import Summary

UNKNOWN = "Unknown"
HIDDEN = "hidden"
_ANONYMOUS = "Anonymous"


def label(theme: str | None, started_at: datetime, ended_at: datetime | None, tz: tzinfo) -> str:
    """Give the label of a session: `S: 2026-03-08/09 Stream – theme` where it went on past midnight."""  # noqa: RUF002 - the form
    first = started_at.astimezone(tz).date()
    last = first if ended_at is None else ended_at.astimezone(tz).date()
    days = first.isoformat() if last == first else f"{first.isoformat()}/{last:%d}"
    return f"S: {days} Stream – {UNKNOWN if theme is None else escape(theme)}"  # noqa: RUF001 - the form


class Page:
    """Writes one summary; `hidden` keeps amounts and notes from a screen that others see."""

    def __init__(self, said: "Summary", tz: tzinfo, *, hidden: bool) -> None:
        self.said, self.tz, self.hidden = said, tz, hidden
        self.row, self.figures = said.whole.row, said.whole.figures

    def lines(self) -> Iterator[str]:
        """Give the lines."""
        row = self.row
        theme = self.figures.theme or row.title
        yield f"# {label(theme, row.started_at, self.said.ended_at, self.tz)}"
        sections: list[tuple[str, Iterable[str]]] = [
            ("Time", self._time()),
            ("Subject", self._subject()),
            ("Tokens", self._tokens()),
            ("Viewers", self._viewers()),
            ("Followers", self._followers()),
            ("Visitors", self._visitors()),
            ("Tracked people", self._tracked()),
            ("Top tippers", self._board()),
            ("Tippers", self._tippers()),
            ("Highlights", self._highlights()),
            ("Coverage", self._coverage()),
        ]
        for name, lines in sections:
            yield from ("", f"## {name}", "")
            yield from lines

    def _time(self) -> Iterator[str]:
        end = self.said.ended_at
        zone = escape(str(self.tz))
        yield f"- Duration: {duration(self.row.duration)} ({duration(self.figures.live)} live)"
        yield f"- Start: {local(self.row.started_at, self.tz)} {zone}"
        yield f"- End: {UNKNOWN if end is None else f'{local(end, self.tz)} {zone}'}"

    def _subject(self) -> Iterator[str]:
        said = [HIDDEN] if self.hidden else self.figures.subjects
        yield f"- Subject: {escape(said[0]) if said else UNKNOWN}"
        yield from (f"- Variant: {escape(one)}" for one in said[1:])

    def _tokens(self) -> Iterator[str]:
        row, figures = self.row, self.figures
        yield f"- Total: {self._amount(row.tokens)}"
        tips = None if row.tokens is None else row.tokens - (figures.media_tokens or 0)
        each = f"{HIDDEN} tips" if self.hidden else _counted(row.tips, "tip", "tips")
        yield f"- Tips: {self._amount(tips)} in {each}; {_counted(row.tippers, 'person', 'people')} tipped by name"
        yield f"- Media: {self._amount(figures.media_tokens)} for {_number(figures.media)}"
        yield f"- Fan club: {_number(figures.fanclub_joins)} joined"
        yield f"- An hour live: {self._amount(figures.tokens_per_hour)}"

    def _viewers(self) -> Iterator[str]:
        figures = self.figures
        yield f"- Public feed: {_number(figures.viewers_peak)} at most, {_number(figures.viewers_mean)} on average"
        known = f"{_number(figures.known_peak)} at most, {_number(figures.known_mean)} on average"
        yield f"- Known by name: {known} (who was there already is known when they speak)"

    def _followers(self) -> Iterator[str]:
        figures = self.figures
        net = figures.net_followers
        yield f"- New: {_number(self.row.new_followers)}"
        yield f"- Gone: {_number(figures.unfollows)}"
        yield f"- Net: {UNKNOWN if net is None else signed(net)}"

    def _visitors(self) -> Iterator[str]:
        figures = self.figures
        stay, there = figures.median_stay, self.said.visitors
        new = None if there is None else there.first_timers
        yield f"- People: {_number(there and there.people)}, {_number(new)} of them for the first time"
        yield f"- Visits: {_number(figures.visits)}, {_number(figures.quick_visits)} of them under a minute"
        yield f"- Median stay: {UNKNOWN if stay is None else duration(stay)}"
        own = self.said.whole.tally.own.messages
        others = None if self.row.messages is None else self.row.messages - own
        lines = f"{_counted(others, 'line', 'lines')} by {_counted(figures.chatters, 'person', 'people')}"
        yield f"- Chat: {lines}" + (f", and {own:,} of your own" if own else "")

    def _tracked(self) -> Iterator[str]:
        for name, rows in self.said.tracked:
            yield f"- {escape(name)}: {', '.join(self._who(row.username) for row in rows)}"
        if not self.said.tracked:
            yield "- Nobody who is on a list was seen"

    def _board(self) -> Iterator[str]:
        yield from ("| # | Who | Tokens | Tips |", "| ---: | :--- | ---: | ---: |")
        for place, one in enumerate(self.said.board, 1):
            amounts = f"{self._amount(one.tokens)} | {self._amount(one.tips)}"
            yield f"| {place} | {self._who(one.username)} | {amounts} |"

    def _tippers(self) -> Iterator[str]:
        yield from (self._paid(one) for one in self.said.tippers)
        if not self.said.tippers:
            yield f"- {UNKNOWN if self.row.tokens is None else 'Nobody'}"

    def _paid(self, one: "Tipper") -> str:
        return f"- {self._who(one.username)}: {self._amount(one.tokens)}"

    def _highlights(self) -> Iterator[str]:
        said = self.said
        if said.largest is not None:
            tokens, who = said.largest
            yield f"- Largest tip: {self._amount(tokens)} by {self._who(who)}"
        if said.first_tippers:
            yield f"- Tipped on their first visit: {', '.join(map(self._who, said.first_tippers))}"
        for note in self.figures.notes:
            yield f"- Note: {HIDDEN if self.hidden else escape(note.body)}"
        if said.largest is None and not said.first_tippers and not self.figures.notes:
            yield f"- {'None' if self.row.coverage == 1 else UNKNOWN}"

    def _coverage(self) -> Iterator[str]:
        covered = self.row.coverage
        yield f"- Captured: {UNKNOWN if covered is None else share(covered)} of the time"
        if self.said.excluded:
            yield f"- Excluded: {counted(self.said.excluded, 'person is', 'people are')} in no figure"

    def _amount(self, number: float | None) -> str:
        return UNKNOWN if number is None else HIDDEN if self.hidden else figure(number)

    def _who(self, username: str | None) -> str:
        """Give a name: friends bold, known streamers with a star."""
        if username is None:
            return _ANONYMOUS
        shown = f"**{escape(username)}**" if username in self.said.friends else str(escape(username))
        return f"{shown} ★" if username in self.said.stars else shown


def _counted(number: int | None, one: str, many: str) -> str:
    return f"{UNKNOWN} {many}" if number is None else counted(number, one, many)


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"
