"""`mhc import tokens`: the site's token statistics, as its page gives them for a file."""

from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.imports.files import Text, file_argument, read_text, save_option
from mhc.cli.imports.rooms import paste_room, room_ids, room_option
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.cli.zone import find_zone
from mhc.domain.clock import iso_z
from mhc.domain.counted import counted
from mhc.errors import CheckError, DataError

if TYPE_CHECKING:
    from mhc.domain.ledger import Break, Entry
    from mhc.reports.ledger_import import Plan

_SHOWN = 10
_HOURS = {"first": 0, "second": 1}
ENTRIES = (
    Field("type", "text", "The site's word for it."),
    Field("entries", "int", "Rows of the file, equal ones once."),
    Field("new", "int", "How many of them are new."),
    Field("known", "int", "How many were imported before."),
    Field(
        "tokens", "int", "Tokens that they moved: less than 0 where more went than came.", secrecy="amount"
    ),
    Field("first_at", "time", "The first one.", header="first"),
    Field("last_at", "time", "The last one.", header="last"),
)


@click.command(
    "tokens",
    cls=Command,
    examples=[
        "mhc import tokens tokens.csv",
        "mhc import tokens tokens.csv --zone America/Denver",
        "mhc import tokens tokens.csv --save",
    ],
)
@file_argument
@save_option
@click.option(
    "--zone",
    "zone_name",
    metavar="ZONE",
    help="The zone of its times, such as America/Denver (default: MHC_SITE_TIMEZONE, America/Los_Angeles).",
)
@click.option(
    "--twice",
    type=click.Choice(list(_HOURS)),
    help="Which of the two is meant where clocks were put back and an hour came twice.",
)
@room_option
@write_options
@output_options(fields=ENTRIES)
@common_options
@click.pass_context
def tokens(
    ctx: click.Context,
    /,
    out: Writer,
    file: str,
    save: bool,
    zone_name: str | None,
    twice: str | None,
    room: str | None,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Take in the token statistics of the own room, a CSV file that the site gives you while you are logged in.

    Shows what it holds by type. A row is known by its time, change, balance, user and type, so the same file, or one
    that reaches into it, adds nothing twice. Where a balance does not follow from the one before it says between which
    two rows how many tokens are missing. mhc report income sets it against what was captured.
    """
    from mhc.reports import ledger_import
    from mhc.store.import_batches import New

    zone = settings(ctx).site_timezone if zone_name is None else find_zone(zone_name)
    given = read_text(file)
    entries = _entries(given, zone, None if twice is None else _HOURS[twice])
    save, number = save and not dry_run, None
    new = New("tokens", given.name, given.hash, utc_now())
    with database(ctx) as db:
        with db.write() if save else db.read() as conn:
            name = paste_room(ctx, conn, room)
            ids = room_ids(conn, name)
            plan = ledger_import.read(conn, ids, entries, zone, settings(ctx).timezone)
            if save and plan.new:
                _refuse_moved(plan)
                number = ledger_import.save(conn, name, ids, plan, new)
        if number is not None:
            known_names.refresh(db, settings(ctx))
    out.rows(ENTRIES, out.ordered(ENTRIES, plan.rows))
    _tell(ctx, plan, number, save=save)
    _warn(out, plan)


def _entries(given: Text, zone: tzinfo, fold: int | None) -> "list[Entry]":
    from mhc.domain.token_statistics import LineError, dated, read

    try:
        return dated(read(given.text), zone, fold)
    except LineError as error:
        shown = "stdin" if given.name == "-" else given.name
        raise DataError(f"{shown}, {error}", hint=error.hint) from None


def _moved(plan: "Plan") -> str:
    return counted(
        plan.moved,
        "of the rows known was taken for another time: it was read in another zone",
        "of the rows known were taken for another time: they were read in another zone",
    )


def _refuse_moved(plan: "Plan") -> None:
    if plan.moved:
        hint = (
            "--zone as before; or mhc import list, mhc import undo, and import both again in the right zone"
        )
        raise CheckError(_moved(plan), hint=hint)


def _tell(ctx: click.Context, plan: "Plan", number: int | None, *, save: bool) -> None:
    parts = [f"{plan.known:,} known already"] if plan.known else []
    parts += [f"{plan.doubled:,} equal to another"] if plan.doubled else []
    parts += [f"{plan.forgotten:,} without a name (forgotten)"] if plan.forgotten else []
    rest = "".join(f", {part}" for part in parts)
    if number is not None:
        say(ctx, f"imported {counted(len(plan.new), 'row')} as import {number}{rest}")
    elif plan.new:
        say(
            ctx,
            f"would import {counted(len(plan.new), 'row')}{rest}" + ("" if save else "; --save keeps them"),
        )
    else:
        say(ctx, f"nothing is new{rest}")
    if plan.first is not None and plan.last is not None:
        whole = "" if plan.breaks else ": no row is missing"
        say(ctx, f"from {iso_z(plan.first.at)} to {iso_z(plan.last.at)}, read in {plan.zone.name}{whole}")


def _warn(out: Writer, plan: "Plan") -> None:
    if plan.better is not None:
        out.warn(
            f"in {plan.better.name} {plan.better.tips:,} captured tips have their row, in {plan.zone.name}"
            f" {plan.zone.tips:,}: is it --zone {plan.better.name}?"
        )
    if plan.moved:
        out.warn(_moved(plan))
        return  # what is between rows of two zones says nothing
    for one in plan.breaks[:_SHOWN]:
        out.warn(break_text(one))
    if (more := len(plan.breaks) - _SHOWN) > 0:
        out.warn(f"rows are missing at {counted(more, 'further place')}")


def break_text(one: "Break") -> str:
    """Say between which two rows how many tokens are missing."""
    way = "came" if one.tokens > 0 else "went"
    return (
        f"a row is missing between {one.before.stamp} (balance {one.before.balance:,}) and {one.after.stamp}"
        f" ({one.after.change:+,}, balance {one.after.balance:,}): {counted(abs(one.tokens), 'token')} {way}"
    )
