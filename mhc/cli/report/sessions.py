"""`mhc report sessions`: what sessions came to, and the weeks and months that they make."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.report import comparing
from mhc.cli.report.asking import (
    About,
    Asked,
    Drawn,
    ask,
    clock,
    compare_option,
    ends_now,
    report_options,
    show,
)
from mhc.cli.session import common
from mhc.cli.session.fields import FIGURES, of_rooms
from mhc.cli.table import duration
from mhc.domain.clock import iso_z
from mhc.domain.counted import counted, signed
from mhc.domain.earlier import Against

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.cli.page import Picture
    from mhc.cli.terminal import Screen
    from mhc.reports import sessions as session_figures
    from mhc.reports.session_periods import Before, Figures, Report, Row
    from mhc.store.counting import Scope

BY = ("session", "week", "month")
METRICS = {"tokens": "tokens", "tokens_per_hour": "tokens_per_hour", "visitors": "unique_visitors"}
_COMPARED = (
    "sessions", "live", "tokens", "tokens_per_hour", "tips", "tippers", "messages", "unique_visitors", "new_followers",
    "unfollows", "net_followers",
)  # fmt: skip
# Of which the change is said below a table.
_SAID = {
    "tokens": "tokens",
    "tokens_per_hour": "an hour",
    "tippers": "tippers",
    "unique_visitors": "visitors",
}
SESSIONS = (
    Field("row", "text", "When the session began, or the first day of the week or month.", header="began", json=False,
          foreign=False),
    Field("period", "text", "The first day of the week or month, in your zone; null where rows are sessions.", foreign=False, table=False),
    Field("room", "username", "The room of the session; null where rows are no sessions.", table=False),
    Field("started_at", "time", "When the session began; null where rows are no sessions.", table=False),
    Field("ended_at", "time", "When it ended; null while it is live, and where rows are no sessions.", table=False),
    Field("sessions", "int", "How many sessions they are.", table=False),
    Field("duration", "duration", "How long they lasted, or last by now.", table=False),
    Field("live", "duration", "The time of their broadcasts; all of a session where none is known."),
    Field("tokens", "int", "Tokens: tips and media, anonymous ones too; null where nothing of it is known.", secrecy="amount", bar=True),
    Field("tokens_per_hour", "int", "Tokens an hour live, of those of which anything is known; null where nothing is.", header="per hour", secrecy="amount"),
    Field("tips", "int", "Tips; null where nothing of it is known.", table=False, secrecy="amount"),
    Field("tippers", "int", "How many people tipped by name, once each; null where nothing of it is known.", secrecy="open"),
    Field("messages", "int", "Public lines; null where nothing of it is known.", table=False, secrecy="open"),
    Field("unique_visitors", "int", "How many people were seen to come or go, once each; null where nothing of it is known, or that is not kept any more.", header="visitors"),
    Field("new_followers", "int", "How many people began to follow; null where nothing of it is known.", table=False),
    Field("unfollows", "int", "How many ceased; null where nothing of it is known.", table=False),
    Field("net_followers", "int", "The one less the other; null where nothing of it is known.", header="net"),
    Field("coverage", "share", "Share of their time that was captured, 0 to 1; null where nothing ever was.", header="cover", secrecy="open"),
    Field("title", "text", "What you called it; null where rows are no sessions."),
)  # fmt: skip
_PERIODS = tuple(replace(field, table=field.table and field.name != "title") for field in SESSIONS)
# What must be read of each session by itself: only where `--fields` names it.
_WHOLE = tuple(
    replace(field, json=False, table=False)
    for field in FIGURES
    if field.name not in {"notes", "noted", *(one.name for one in SESSIONS)}
)
_FIELDS = SESSIONS + _WHOLE
_WHOLE_NAMES = frozenset(field.name for field in _WHOLE)


@click.command(
    "sessions",
    cls=Command,
    examples=[
        "mhc report sessions --since 30d",
        "mhc report sessions --by month --plot",
        "mhc report sessions --since 30d --compare previous",
    ],
)
@click.option("--by", type=click.Choice(BY), default="session", show_default=True, help="What a row is.")
@click.option(
    "--metric",
    type=click.Choice(tuple(METRICS)),
    default="tokens",
    show_default=True,
    help="What pictures draw.",
)
@click.option("--plot", is_flag=True, help="Draw the rows as bars.")
@compare_option
@report_options
@output_options(fields=_FIELDS)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    by: str,
    metric: str,
    plot: bool,
    compare: str | None,
    include_excluded: bool,
    require_complete: bool,
    html: Path | None,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """Show what sessions came to, one by one or by week or month, the latest first.

    A session counts, whole, in the period in which it began. People count once a row, so a week has fewer than its
    sessions have together. JSON is one object: range, timezone, room, sources, coverage, excluded, by, totals, before
    (the range before, as long: where a beginning was given), weeks, months, compared and rows. --compare sets the totals
    against those of an earlier time.
    """
    from mhc.reports import session_periods
    from mhc.store.counting import Scope

    with database(ctx) as db, db.read() as conn:
        asked = ask(ctx, conn, room=room, since=since, until=until, require_complete=require_complete)
        scope = Scope(asked.rooms.ids, asked.range.start, asked.range.end)
        by_which = common.asked(ctx, include_excluded=include_excluded)
        then = comparing.then(ctx, conn, asked, compare)
        found = session_periods.read(conn, scope, by_which, clock(ctx, out))
        earlier = _earlier(conn, scope, by_which, found, then)
        chosen = {"session": found.sessions, "week": found.weeks, "month": found.months}[by]
        local = out.tz if out.format == "table" or plot or html is not None else None
        rows = [_row(one) | {"row": _label(one, local)} for one in chosen]
        if _WHOLE_NAMES.intersection(_asked_names(out)):
            shown = slice(None if out.sort or html else out.limit)
            for row, one in zip(rows[shown], chosen[shown], strict=True):
                row.update(_whole_session(conn, one, by_which, grouped=local is not None))
    now, was = _figures(found.totals), _figures(earlier) if then else {}
    compared = comparing.head(then, now, was)
    about = About(
        ["events"], asked.seen, found.excluded, _head(asked, found, by) | compared, then and then.span
    )
    comparing.tell(out, then)
    sums = _sums(found, asked, hidden=out.on_stream())
    if earlier is not None and then is not None and then.is_known:
        if then.against is Against.PREVIOUS:  # the range before is the one that is compared
            sums = [(name, text) for name, text in sums if name != "before"]
        change = comparing.said(now, was, {} if out.on_stream() else _SAID)
        sums += [("then", _said(earlier, hidden=out.on_stream())), ("change", change)]
    drawn = Drawn(
        f"What {'sessions' if by == 'session' else by + 's'} came to",
        partial(_lines, rows[: out.given_limit or None], metric, by, out.screen),
        partial(_pictures, rows, metric, by),
        sums,
    )
    for_reader = out.format == "table" and out.screen.is_terminal and html is None
    fields = _fields(rows, by, asked.rooms.name, for_reader=for_reader)
    show(out, asked, about, fields, out.ordered(_FIELDS, rows),
        nothing="no session began in that time: mhc session list", drawn=drawn, plot=plot, html=html,
    )  # fmt: skip
    if out.format == "table" and html is None:
        for name, text in sums:
            out.message(f"{name}: {text}")


def _earlier(
    conn: "Connection",
    scope: "Scope",
    asked: "session_figures.Asked",
    found: "Report",
    then: comparing.Then | None,
) -> "Figures | None":
    """Give what the range that is compared came to; the range before is read already."""
    from mhc.reports import session_periods

    if then is None:
        return None
    if then.against is Against.PREVIOUS:
        return found.before and found.before.figures
    other = scope._replace(since=then.span.since, until=then.span.until)
    return session_periods.totals(conn, other, asked)


def _fields(
    rows: Sequence[Mapping[str, object]], by: str, room: str | None, *, for_reader: bool
) -> Sequence[Field]:
    """Give the columns; a reader is spared that of titles where there is none."""
    if by != "session":
        return _PERIODS + _WHOLE
    untitled = for_reader and not any(row["title"] for row in rows)
    return of_rooms(_PERIODS + _WHOLE if untitled else _FIELDS, room)


def _row(row: "Row") -> dict[str, object]:
    one = row.session
    return {
        "period": None if row.period is None else row.period.isoformat(),
        "room": one and one.room,
        "started_at": one and one.started_at,
        "ended_at": one and one.ended_at,
        "title": one and one.title,
        **dict.fromkeys(_WHOLE_NAMES),
        **asdict(row.figures),
    }


def _asked_names(out: Writer) -> Iterator[str]:
    """Give the fields that the options name."""
    yield from out.names or ()
    if out.sort is not None:
        yield out.sort.key


def _whole_session(
    conn: "Connection", row: "Row", asked: "session_figures.Asked", *, grouped: bool
) -> dict[str, object]:
    """Give what only the events of a session say."""
    from mhc.reports import one_session

    if row.session is None:
        return {}
    figures = one_session.read(conn, row.session, asked).figures
    known = asdict(figures) | {"top": common.top(figures, grouped=grouped)}
    return {name: known[name] for name in _WHOLE_NAMES}


def _label(row: "Row", local: tzinfo | None) -> str | None:
    """Say what a row is, a session by its time: for people in their zone."""
    if row.session is None:
        return None if row.period is None else row.period.isoformat()
    began = row.session.started_at
    return iso_z(began) if local is None else f"{began.astimezone(local):%Y-%m-%d %H:%M}"


def _head(asked: Asked, found: "Report", by: str) -> dict[str, object]:
    """Give what JSON says beside the rows."""
    return {
        "by": by,
        "totals": found.totals and asdict(found.totals),
        "before": found.before and _whole(asked, found.before),
        "weeks": [_of_period(one) for one in found.weeks],
        "months": [_of_period(one) for one in found.months],
    }


def _figures(totals: "Figures | None") -> dict[str, float | None]:
    """Give totals as numbers, in JSON's units; None where nothing is known."""
    known = {} if totals is None else asdict(totals)
    figures = {name: known.get(name) for name in _COMPARED}
    return {
        name: value.total_seconds() if isinstance(value, timedelta) else value
        for name, value in figures.items()
    }


def _whole(asked: Asked, before: "Before") -> dict[str, object]:
    """Give the range before; of one up to now it begins with the moment of asking, which JSON does not have."""
    since = None if ends_now(asked) else before.since
    return {"since": since, "until": before.until, **asdict(before.figures)}


def _of_period(row: "Row") -> dict[str, object]:
    return {"period": row.period, **asdict(row.figures)}


def _sums(found: "Report", asked: Asked, *, hidden: bool) -> list[tuple[str, str]]:
    """Say the totals, and those of the range before."""
    if found.totals is None:
        return []
    both = [("all", _said(found.totals, hidden=hidden))]
    if found.before is not None:
        both.append(("before", _said(found.before.figures, hidden=hidden)))
    elif asked.range.start is not None:
        both.append(("before", "unknown, nothing was captured"))
    return both


def _said(one: "Figures", *, hidden: bool) -> str:
    parts = [counted(one.sessions, "session"), f"{duration(one.live)} live"]
    if not hidden and one.tokens is not None:
        each = "" if one.tokens_per_hour is None else f" ({one.tokens_per_hour:,.2f} an hour)"
        parts.append(f"{counted(one.tokens, 'token')}{each}")
    parts += [] if one.tippers is None else [counted(one.tippers, "tipper")]
    parts += [] if one.unique_visitors is None else [counted(one.unique_visitors, "visitor")]
    parts += [] if one.net_followers is None else [f"followers {signed(one.net_followers)}"]
    return ", ".join(parts)


def _drawn(rows: Sequence[Mapping[str, object]], metric: str) -> list[tuple[str, float]]:
    """Give what is drawn of the rows; what is unknown has no bar."""
    known = ((str(row["row"]), row[METRICS[metric]]) for row in rows)
    return [(name, value) for name, value in known if isinstance(value, int | float)]


def _lines(rows: Sequence[Mapping[str, object]], metric: str, by: str, screen: "Screen") -> Iterator[str]:
    from mhc.cli.bars import bars

    return bars(_drawn(rows, metric), _what(metric, by), screen)


def _pictures(rows: Sequence[Mapping[str, object]], metric: str, by: str) -> "Sequence[Picture]":
    from mhc.cli.pictures import latest

    values = _drawn(rows, metric)
    return [latest(values, _what(metric, by), first=True)] if values else []


def _what(metric: str, by: str) -> str:
    return f"{'tokens an hour live' if metric == 'tokens_per_hour' else metric} by {by}"
