"""`mhc import follows`: who follows the room, or whom its owner follows."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import click

from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.imports.files import read_text, save_option
from mhc.cli.imports.paste import summary
from mhc.cli.imports.rooms import paste_room, room_ids, room_option
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.domain.rosters import MOST_GONE, RosterError, is_plausible
from mhc.domain.text import encode
from mhc.errors import CheckError, DataError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.cli.imports.files import Text
    from mhc.domain.paste_follows import Listed
    from mhc.store.follow_lists import Change

FOLLOWS = (
    Field("username", "username", "Who."),
    Field(
        "result",
        "text",
        "new, same (known already), gone, missing (not on a list that may not be whole), or forgotten: left out.",
        foreign=False,
    ),
)
_FORMS = "names one a line, CSV with a column username, or the saved page"
DIRECTIONS = {"followers": "follower", "following": "following"}


class _Given(NamedTuple):
    """The files, taken together."""

    name: str
    hash: str
    names: list[str]
    bad: int
    whole: bool  # by what the pages say


@click.command(
    "follows",
    cls=Command,
    examples=[
        "mhc import follows followers.txt --direction followers",
        "mhc import follows followers.html --direction followers --save --force",
        "mhc import follows followers.txt --direction following --complete --save",
    ],
)
@click.argument("files", metavar="FILE…", nargs=-1, required=True, help="Files in UTF-8; - reads stdin.")
@click.option(
    "--direction",
    type=click.Choice(list(DIRECTIONS)),
    required=True,
    help="Who follows the room, or whom its owner follows.",
)
@click.option("--complete", is_flag=True, help="The list is whole: who is not on it does not follow.")
@click.option("--force", is_flag=True, help="Take it even where over 5 % of those known would be gone.")
@save_option
@room_option
@write_options
@output_options(fields=FOLLOWS)
@common_options
@click.pass_context
def follows(
    ctx: click.Context,
    /,
    out: Writer,
    files: tuple[str, ...],
    direction: str,
    complete: bool,
    force: bool,
    save: bool,
    room: str | None,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Take in who follows the room, or whom its owner follows.

    Names one a line, CSV with a column username, or the saved pages of followers or following. Who is not on the list
    is gone only where it is whole: --complete says so, or the pages, by their count or their numbers. Ends with 4
    where over 5 % would be gone, which --force allows.
    """
    from mhc.store import follow_lists, people

    given, save, at, number = _read(files), save and not dry_run, utc_now(), None
    way, whole = DIRECTIONS[direction], complete or given.whole
    with database(ctx) as db:
        with db.write() if save else db.read() as conn:
            name = paste_room(ctx, conn, room)
            ids = room_ids(conn, name)
            change = follow_lists.compare(conn, ids, way, [one for one in given.names if one != name])
            if save and whole and not force:
                _refuse_improbable(change)
            if save and (change.new or (change.gone and whole)):
                ids = ids or [
                    people.ensure(conn, [name], source="import", at=at, role=people.Role.MODEL)[name]
                ]
                number = _save(conn, given, change, (ids[0], way, at), end=whole)
        if number is not None:
            known_names.refresh(db, settings(ctx))
    out.rows(FOLLOWS, out.ordered(FOLLOWS, list(_rows(change, whole=whole))))
    _tell(ctx, change, number, given.bad, whole=whole, save=save)
    if whole and not save and not force:
        _warn_improbable(out, change)


def _save(
    conn: "Connection", given: _Given, change: "Change", told: tuple[int, str, datetime], *, end: bool
) -> int:
    """Keep what a list changes; give the import's number."""
    from mhc.store import follow_lists, import_batches

    room_id, way, at = told
    counts = {"new": len(change.new), "known": len(change.same), "no name": given.bad}
    counts |= {"gone": len(change.gone) if end else 0}
    counts |= {"forgotten": len(change.forgotten)} if change.forgotten else {}
    new = import_batches.New("follows", given.name, given.hash, at)
    number = import_batches.add(conn, new, room_id, counts)
    follow_lists.apply(conn, change, follow_lists.Told(room_id, way, at, number), end=end)
    return number


def _read(files: Sequence[str]) -> _Given:
    from mhc.domain.paste_follows import is_whole

    texts = [read_text(one) for one in files]
    parts = [_listed(one) for one in texts]
    names = list(dict.fromkeys(name for one in parts for name in one.names))
    if not names:
        raise DataError(f"{', '.join(files)}: no name in it", hint=_FORMS)
    digest = hashlib.sha256("".join(one.hash for one in texts).encode()).hexdigest()
    return _Given(
        " ".join(one.name for one in texts),
        digest,
        names,
        sum(len(one.bad) for one in parts),
        is_whole(parts),
    )


def _listed(file: "Text") -> "Listed":
    from mhc.domain.paste_follows import parse_list

    try:
        return parse_list(file.text)
    except RosterError as error:
        raise DataError(encode(f"{file.shown}: {error}"), hint=_FORMS) from None


def _improbable(change: "Change") -> bool:
    known = len(change.same) + len(change.gone)
    return not is_plausible(len(change.gone), known)


def _sentence(change: "Change") -> str:
    known = len(change.same) + len(change.gone)
    return f"{len(change.gone):,} of {known:,} known would be gone, over {MOST_GONE} %"


def _refuse_improbable(change: "Change") -> None:
    if _improbable(change):
        raise CheckError(
            _sentence(change), hint="--force, where that is so; without --complete nobody is gone"
        )


def _warn_improbable(out: Writer, change: "Change") -> None:
    if _improbable(change):
        out.warn(f"{_sentence(change)}: --save wants --force")


def _rows(change: "Change", *, whole: bool) -> Iterator[dict[str, object]]:
    words = {"gone": "gone" if whole else "missing"}
    found = [
        (name, words.get(result, result)) for result, names in change._asdict().items() for name in names
    ]
    for name, result in sorted(found):
        yield {"username": name, "result": result}


def _tell(
    ctx: click.Context, change: "Change", number: int | None, bad: int, *, whole: bool, save: bool
) -> None:
    counts = f"{len(change.new):,} new, {len(change.same):,} known"
    counts += f", {len(change.gone):,} gone" if whole else ""
    rest = summary({"forgotten": len(change.forgotten), "no name": bad})
    if number is not None:
        say(ctx, f"imported the list as import {number}: {counts}{rest}")
    elif change.new or (change.gone and whole):
        say(ctx, f"would import the list: {counts}{rest}" + ("" if save else "; --save keeps it"))
    else:
        say(ctx, f"nothing is new{rest}")
