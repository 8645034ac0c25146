"""`mhc report income`: what was captured, against the ledger and the balance."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database, settings
from mhc.cli.lookups import own_room
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.cli.report import comparing
from mhc.cli.report.asking import About, Drawn, ask, compare_option, own_report_options, show
from mhc.cli.table import local
from mhc.domain.clock import iso_z
from mhc.domain.counted import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mhc.cli.page import Picture
    from mhc.cli.terminal import Screen
    from mhc.reports.income import Report, Row

BY = ("session", "day", "type")


def _tokens(name: str, text: str, *, table: bool = True) -> Field:
    return Field(name, "int", text, table=table, secrecy="amount")


INCOME = (
    Field("row", "text", "The session by its beginning, the day or the type; - is outside of sessions.", json=False,
          absent="-"),
    Field("day", "text", "The day in your zone; null where rows are no days, or the time is unknown.", foreign=False,
          table=False),
    Field("started_at", "time", "When the session began; null where rows are no sessions, and for all outside of one.",
          table=False),
    Field("type", "text", "The site's word for it; null where rows are no types.", table=False),
    Field("entries", "int", "Rows of the ledger.", table=False),
    Field("shows", "int", "Private shows, and times that somebody spied on one.", table=False),
    _tokens("earned", "Tokens that the ledger has: all that came, but what was bought. Null where it does not reach."),
    _tokens("captured", "Tokens of captured tips and media. Null where nobody listened, and of what is never captured."),
    _tokens("matched", "Tokens that are in both."),
    _tokens("missing", "In the ledger, and not captured, though mhc listened."),
    _tokens("away", "In the ledger, when mhc did not listen."),
    _tokens("other", "In the ledger, of kinds that are never captured, or of somebody who was forgotten."),
    _tokens("unexplained", "Captured, and not in the ledger, though no row of it is missing there."),
    _tokens("unchecked", "Captured, where the ledger does not reach, or a row of it is missing.", table=False),
    _tokens("purchased", "Tokens that you bought.", table=False),
    _tokens("paid_out", "Tokens that were paid out.", table=False),
    _tokens("spent", "Other tokens that went.", table=False),
    _tokens("rose", "By how much the balance rose between two readings of the statistics; null without any.", table=False),
    _tokens("fell", "By how much it fell: pay-outs.", table=False),
    _tokens("earned_usd", "What was earned in US dollars, at [money] usd_per_token; null without that.", table=False),
    _tokens("captured_usd", "What was captured, in the same.", table=False),
)  # fmt: skip
_OF_LEDGER = (
    "entries",
    "shows",
    "earned",
    "matched",
    "missing",
    "away",
    "other",
    "purchased",
    "paid_out",
    "spent",
)
_OF_CAPTURE = ("captured", "unexplained", "unchecked")
_OF_BALANCE = ("rose", "fell")
_NOTHING = "nothing was earned in that time, as far as is known: mhc import tokens brings the ledger"
_SAID = {"earned": "earned", "captured": "captured"}  # below a table that is compared
_NOT_EARNED = {"paid_out": "paid out", "purchased": "bought", "spent": "spent"}  # below each
_SHOWN = [one.name for one in INCOME if one.table and one.kind == "int"]


@click.command(
    "income",
    cls=Command,
    examples=[
        "mhc report income --by day --since 30d",
        "mhc report income --by type --json",
        "mhc report income --by day --plot",
        "mhc report income --since 30d --compare previous",
    ],
)
@click.option("--by", type=click.Choice(BY), default="session", show_default=True, help="What a row is.")
@click.option(
    "--plot",
    is_flag=True,
    help="Draw the rows as bars of what was earned, by the ledger where it reaches, else as captured.",
)
@compare_option
@own_report_options
@output_options(fields=INCOME)
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    out: Writer,
    by: str,
    plot: bool,
    compare: str | None,
    include_excluded: bool,
    require_complete: bool,
    html: Path | None,
    since: str | None,
    until: str | None,
    room: str | None,
) -> None:
    """Show what the room earned: tips and media as captured, against the ledger and the balance.

    The ledger is what mhc import tokens brought, the balance what the job stats-poll read. A tip is in both where
    amount and person are the same and the times are 10 seconds apart at most; an anonymous one by amount and time.
    Rows come by time, types by what they earned. Excluded people are in no figure but the balance. JSON is one object:
    range, timezone, room, sources, coverage, excluded, by, ledger, balance, usd_per_token, total, compared and rows.
    --compare sets the totals against those of an earlier time.
    """
    from mhc.reports import income as report
    from mhc.reports.income_book import Wanted

    own_room(ctx, room)  # there must be one: a balance is that of one account
    with database(ctx) as db, db.read() as conn:
        asked = ask(ctx, conn, room=room, since=since, until=until, require_complete=require_complete)
        span, ids = asked.range, asked.rooms.ids or ()
        wanted = Wanted(ids, span.start, span.end, by, settings(ctx).timezone, include_excluded)
        found = report.read(conn, wanted)
        then = comparing.then(ctx, conn, asked, compare)
        earlier = then and report.read(conn, wanted._replace(since=then.span.since, until=then.span.until))
    rate = settings(ctx).usd_per_token
    total, was = _figures(found.total, rate), _figures(earlier.total, rate) if earlier else {}
    more = _head(found, by, total, rate) | comparing.head(then, total, was, captured_only=False)
    about = About(found.sources, asked.seen, found.excluded, more, then and then.span)
    people = out.format == "table" or plot or html is not None
    _tell(out, found, total, rate, people=people)
    comparing.tell(out, then, "what was captured")
    sums = [] if out.on_stream() else _beside(total) + (_sums(total, was) if earlier else [])
    tz = out.tz if people else None
    rows = [_row(row, rate) | {"row": _label(row, tz)} for row in found.rows]
    if by == "type" and people and out.names is None:  # a pay-out is in none of the columns
        rows = [row for row in rows if any(row[name] for name in _SHOWN)]
    bars = _bars(rows[: out.given_limit or None])
    lines = partial(_lines, bars, by, out.screen) if bars else None
    drawn = Drawn("What the room earned", lines, partial(_pictures, _bars(rows), by), sums)
    columns = _with_unchecked(rows) if people and found.ledger is not None else INCOME
    show(out, asked, about, columns, out.ordered(INCOME, rows),
        nothing=_NOTHING, drawn=drawn, plot=plot, html=html,
    )  # fmt: skip
    if out.format == "table" and html is None:
        for name, text in sums:
            out.message(f"{name}: {text}")


def _beside(total: Mapping[str, comparing.Figure]) -> list[tuple[str, str]]:
    """Say what of the ledger is in no column, as it was not earned."""
    known = [f"{figure:,} {word}" for name, word in _NOT_EARNED.items() if (figure := total[name])]
    return [("not earned", ", ".join(known))] if known else []


def _head(
    found: "Report", by: str, total: Mapping[str, comparing.Figure], rate: float | None
) -> dict[str, object]:
    """Give what JSON says beside the rows."""
    return {
        "by": by,
        "ledger": found.ledger and asdict(found.ledger),
        "balance": found.balance and _without_moves(asdict(found.balance)),
        "usd_per_token": rate,
        "total": total,
    }


def _with_unchecked(rows: "Sequence[Mapping[str, object]]") -> Sequence[Field]:
    """Give the columns for people: where the ledger does not reach, figures do not add up without what is unchecked."""
    shown = any(row["unchecked"] for row in rows)
    return [replace(one, table=one.table or (shown and one.name == "unchecked")) for one in INCOME]


def _bars(rows: "Sequence[Mapping[str, object]]") -> list[tuple[str, int]]:
    """Give what was earned, by the ledger where it reaches, else as captured; what is unknown has no bar."""
    known = ((row["row"], row["captured"] if row["earned"] is None else row["earned"]) for row in rows)
    return [(str(name or "-"), tokens) for name, tokens in known if isinstance(tokens, int)]


def _lines(values: Sequence[tuple[str, int]], by: str, screen: "Screen") -> "Iterator[str]":
    from mhc.cli.bars import bars

    return bars(values, _what(by), screen)


def _pictures(values: Sequence[tuple[str, int]], by: str) -> "Sequence[Picture]":
    from mhc.cli.pictures import bars, latest

    return [(bars if by == "type" else latest)(values, _what(by))] if values else []


def _what(by: str) -> str:
    outside = ", - outside of any" if by == "session" else ""
    return f"tokens earned by {by}{outside}: by the ledger, or as captured where it does not reach"


def _sums(now: Mapping[str, comparing.Figure], was: Mapping[str, comparing.Figure]) -> list[tuple[str, str]]:
    """Say the totals, those of the earlier range, and by how much they grew."""
    both = [("all", _said(now)), ("then", _said(was))]
    return [*both, ("change", comparing.said(now, was, _SAID))]


def _said(one: Mapping[str, comparing.Figure]) -> str:
    known = (f"{word} {one[name]:,} tokens" for name, word in _SAID.items() if one[name] is not None)
    return ", ".join(known) or "unknown"


def _without_moves(balance: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in balance.items() if name != "moves"}


def _label(row: "Row", tz: tzinfo | None) -> str | None:
    """Say what a row is, a session by its time: for people in their zone."""
    if row.started_at is None:
        return row.day or row.type
    return iso_z(row.started_at) if tz is None else local(row.started_at, tz)


def _row(row: "Row", rate: float | None) -> dict[str, object]:
    return {"day": row.day, "started_at": row.started_at, "type": row.type, **_figures(row, rate)}


def _figures(row: "Row", rate: float | None) -> dict[str, comparing.Figure]:
    """Give what a row comes to; what is known from no source is None."""
    figures: dict[str, comparing.Figure] = {
        one.name: getattr(row.figures, one.name) for one in fields(row.figures)
    }
    parts = ((row.of_ledger, _OF_LEDGER), (row.of_capture, _OF_CAPTURE), (row.of_balance, _OF_BALANCE))
    for known, names in parts:
        figures |= {} if known else dict.fromkeys(names)
    dollars = {
        f"{name}_usd": None if rate is None or (tokens := figures[name]) is None else round(tokens * rate, 2)
        for name in ("earned", "captured")
    }
    return figures | dollars


def _tell(
    out: Writer, found: "Report", total: Mapping[str, comparing.Figure], rate: float | None, *, people: bool
) -> None:
    """Say what the figures leave open, and what they are in dollars."""
    if found.ledger is None:
        out.message("no ledger of that time: mhc import tokens")
    elif total["unchecked"] and people:
        begin, end = (local(at, out.tz) for at in (found.ledger.since, found.ledger.until))
        out.message(f"the ledger reaches from {begin} to {end}: what was captured beyond is unchecked")
    if found.ledger is not None and found.ledger.missing:
        number = len(found.ledger.missing)
        out.warn(f"rows of the ledger are missing at {counted(number, 'place')}: another file may have them")
    if not total["matched"] and total["unexplained"] and (total["missing"] or total["away"]):
        out.warn("nothing that was captured is in the ledger: mhc import tokens FILE says which zone fits")
    if found.balance is not None and found.balance.agree < found.balance.checked:
        wrong = found.balance.checked - found.balance.agree
        out.warn(f"the ledger does not bear out {wrong:,} of {counted(found.balance.checked, 'balance')}")
    if rate is not None and not out.on_stream():
        sums = ((name, total[f"{name}_usd"]) for name in ("earned", "captured"))
        said = ", ".join(f"{name} {dollars:,.2f} USD" for name, dollars in sums if dollars is not None)
        out.message(f"{said or 'nothing'} at {rate:g} USD a token (your own setting)")
