"""`mhc import tipmenu`: a room's tip menu, as it stands in the chat or in the bio."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mhc.cli.context import database, utc_now
from mhc.cli.imports.files import file_argument, read_text, save_option
from mhc.cli.imports.rooms import paste_room, room_ids, room_option
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.errors import DataError

if TYPE_CHECKING:
    from mhc.store.tip_menus import Change

MENU = (
    Field("tokens", "int", "What it costs.", secrecy="amount"),
    Field("label", "text", "What it is."),
    Field("result", "text", "new, same (it stands there already) or gone.", foreign=False),
)


@click.command(
    "tipmenu",
    cls=Command,
    examples=["mhc import tipmenu menu.txt", "mhc import tipmenu menu.txt --save"],
)
@file_argument
@save_option
@room_option
@write_options
@output_options(fields=MENU)
@common_options
@click.pass_context
def tipmenu(
    ctx: click.Context, /, out: Writer, file: str, save: bool, room: str | None, dry_run: bool, **_asked: bool
) -> None:
    """Take in a room's tip menu, by tokens and label.

    An item stands on a line of its own, or between bars: `100 - song`, `song - 100`, `song: 100`, `song (100)` or
    `song [100]`. What is no longer in the menu ends now; that it stood there is kept.
    """
    from mhc.domain.paste_menu import parse_menu
    from mhc.store import import_batches, people, tip_menus

    given = read_text(file)
    items, rest = parse_menu(given.text)
    if not items:
        raise DataError(f"{file} holds no item of a tip menu", hint="100 - song, one a line")
    save, at, number = save and not dry_run, utc_now(), None
    with database(ctx) as db, db.write() if save else db.read() as conn:
        name = paste_room(ctx, conn, room)
        ids = room_ids(conn, name)
        change = tip_menus.compare(conn, ids, items)
        if save and (change.new or change.gone):
            ids = ids or [people.ensure(conn, [name], source="import", at=at, role=people.Role.MODEL)[name]]
            new = import_batches.New("tipmenu", given.name, given.hash, at)
            counts = {"new": len(change.new), "known": len(change.same), "gone": len(change.gone)}
            number = import_batches.add(conn, new, ids[0], counts)
            tip_menus.replace(conn, ids, change, at=at, batch_id=number)
    out.rows(MENU, out.ordered(MENU, list(_rows(change))))
    _tell(ctx, change, number, len(rest), save=save)


def _rows(change: "Change") -> Iterator[dict[str, object]]:
    found = [(item, result) for result, items in change._asdict().items() for item in items]
    for item, result in sorted(found):
        yield item._asdict() | {"result": result}


def _tell(ctx: click.Context, change: "Change", number: int | None, left: int, *, save: bool) -> None:
    counts = f"{len(change.new):,} new, {len(change.gone):,} gone"
    rest = f", {left:,} left out (no item {left:,})" if left else ""
    if number is not None:
        say(ctx, f"imported the menu as import {number}: {counts}{rest}")
    elif change.new or change.gone:
        say(ctx, f"would import the menu: {counts}{rest}" + ("" if save else "; --save keeps it"))
    else:
        say(ctx, f"nothing is new{rest}")
