"""`mhc import chat|pm|tips`: what was marked and copied from the page, or written by the bookmarklet."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.imports.files import Text, file_argument, read_text, save_option
from mhc.cli.imports.rooms import paste_room, room_option
from mhc.cli.lookups import username
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.cli.unmasking import unmask_options
from mhc.domain.counted import counted
from mhc.domain.paste_lines import What
from mhc.domain.text import encode
from mhc.errors import UsageError

if TYPE_CHECKING:
    from mhc.reports.pasting import Plan, Row

PASTED = (
    Field("line", "int", "The line of the paste."),
    Field("result", "text", "new, known (it was imported before) or left out.", foreign=False),
    Field("reason", "text", "Why it is left out.", foreign=False),
    Field("happened_at", "time", "When it was said; null where the line has no time.", header="happened"),
    Field("method", "text", "chatMessage, privateMessage or tip.", foreign=False, table=False),
    Field("username", "username", "Who said it, or tipped; null where nobody is named."),
    Field("partner", "username", "Whom a private message is to.", table=False),
    Field("tokens", "int", "Tokens of a tip.", secrecy="amount"),
    Field("text", "text", "What was said; null of a private message without --private.", secrecy="message"),
    Field("guessed", "bool", "Whether the name was guessed from its letters.", table=False),
    Field(
        "counts", "bool", "Whether it counts in figures: where it was captured live it does not.", table=False
    ),
)
PRIVATE = "Show private messages."
date_option = click.option(
    "--date",
    "day",
    metavar="DAY",
    help="The day of the first line, where lines have a time of day only: 2026-03-01.",
)


@click.command(
    "chat", cls=Command, examples=["mhc import chat chat.txt", "mhc import chat chat.txt --save --tz utc"]
)
@file_argument
@save_option
@date_option
@room_option
@unmask_options(private=PRIVATE)
@write_options
@output_options(fields=PASTED)
@common_options
@click.pass_context
def chat(
    ctx: click.Context,
    /,
    out: Writer,
    file: str,
    save: bool,
    day: str | None,
    room: str | None,
    private: bool,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Take in chat that was copied from the page.

    Times without a zone are read in --tz; lines without a time have none, nor have those with a time of day alone, but
    for --date. What the site and its apps wrote is left out. The same paste again adds nothing. Lines count in figures
    only where no listener was at work.
    """
    how = _How(room, _day(day), None, save=save and not dry_run, private=private)
    _run(ctx, out, What.CHAT, read_text(file), how)


@click.command(
    "pm", cls=Command, examples=["mhc import pm pm.txt", "mhc import pm pm.txt --with viewer_one --save"]
)
@file_argument
@save_option
@click.option(
    "--with",
    "with_",
    metavar="NAME",
    shell_complete=complete.people,
    help="Whom the owner's lines are to (default: the only other person in it).",
)
@date_option
@room_option
@unmask_options(private=PRIVATE)
@write_options
@output_options(fields=PASTED)
@common_options
@click.pass_context
def pm(
    ctx: click.Context,
    /,
    out: Writer,
    file: str,
    save: bool,
    with_: str | None,
    day: str | None,
    room: str | None,
    private: bool,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Take in private messages that were copied from the page.

    Their words are shown with --private only. For the rest see `mhc import chat`.
    """
    partner = None if with_ is None else username(with_)
    how = _How(room, _day(day), partner, save=save and not dry_run, private=private)
    _run(ctx, out, What.PM, read_text(file), how)


@click.command(
    "tips", cls=Command, examples=["mhc import tips tips.txt", "mhc import tips tips.txt --save -q"]
)
@file_argument
@save_option
@date_option
@room_option
@write_options
@output_options(fields=PASTED)
@common_options
@click.pass_context
def tips(
    ctx: click.Context,
    /,
    out: Writer,
    file: str,
    save: bool,
    day: str | None,
    room: str | None,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Take in tips that were copied from the page.

    Every line of another kind is left out. For the rest see `mhc import chat`.
    """
    how = _How(room, _day(day), None, save=save and not dry_run, private=True)
    _run(ctx, out, What.TIPS, read_text(file), how)


@dataclass(frozen=True, slots=True)
class _How:
    """What a command is told of a paste, and what it is to do with it."""

    room: str | None
    day: date | None
    partner: str | None
    _: KW_ONLY
    save: bool
    private: bool


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(encode(f"--date: {text!r} is no day"), hint="2026-03-01") from None


def _run(ctx: click.Context, out: Writer, what: What, given: Text, how: _How) -> None:
    from mhc.reports import pasting
    from mhc.store.import_batches import New

    new = New(str(what), given.name, given.hash, utc_now())
    with database(ctx) as db:
        with db.write() if how.save else db.read() as conn:
            room = paste_room(ctx, conn, how.room)
            paste = pasting.Paste(given.text, what, room, out.tz, how.partner, how.day)
            plan = pasting.read(conn, paste, new)
            number = pasting.save(conn, paste, plan, new) if how.save and plan.new else None
        if number is not None:
            known_names.refresh(db, settings(ctx))
    rows = plan.rows if how.private else [_masked(row) for row in plan.rows]
    out.rows(PASTED, out.ordered(PASTED, rows))
    _tell(ctx, plan, number, save=how.save)


def _masked(row: "Row") -> "Row":
    return replace(row, text=None) if row.private else row


def _tell(ctx: click.Context, plan: "Plan", number: int | None, *, save: bool) -> None:
    counts = plan.counts()
    left = summary(counts)
    if plan.before is not None:
        say(ctx, f"this was imported before, as import {plan.before.id}: nothing is new")
    elif number is not None:
        say(ctx, f"imported {counted(counts['new'], 'line')} as import {number}{left}")
    elif not plan.new:
        say(ctx, f"nothing is new{left}")
    else:
        say(
            ctx,
            f"would import {counted(counts['new'], 'line')}{left}" + ("" if save else "; --save keeps them"),
        )


def summary(counts: Mapping[str, int]) -> str:
    """Say how many lines are known, and how many are left out for which reason."""
    reasons = {name: n for name, n in counts.items() if name not in {"new", "known", "people"} and n}
    parts = [f"{counts['known']:,} known already"] if counts.get("known") else []
    if reasons:
        why = ", ".join(f"{name} {n:,}" for name, n in sorted(reasons.items()))
        parts.append(f"{sum(reasons.values()):,} left out ({why})")
    return "".join(f", {part}" for part in parts)
