"""`mhc link`: where else people are to be found."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.help import Group
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import rows_of
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.domain.links import KINDS, parse_link
from mhc.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from mhc.store.links import Link

LINKS = (
    Field("username", "username", "Whose it is."),
    Field("kind", "text", "What is there: twitter, website …", foreign=False),
    Field("url", "text", "The address."),
    Field("source", "text", "manual, or what brought it."),
    Field("added_at", "time", "Since when mhc knows it.", header="added"),
)
_kind = click.Choice(list(KINDS), case_sensitive=False)
_name = click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)


@click.group(cls=Group, examples=["mhc link add viewer_one twitter @viewer_one", "mhc link list"])
def group() -> None:
    """Where else people are to be found."""


@group.command(
    "add",
    cls=Command,
    examples=[
        "mhc link add viewer_one twitter @viewer_one",
        "mhc link add viewer_one website https://viewer.example/",
    ],
)
@_name
@click.argument("kind", metavar="KIND", type=_kind, help=f"What is there: {', '.join(KINDS)}.")
@click.argument("address", metavar="HANDLE|URL", help="The name that they have there, or the address.")
@write_options
@common_options
@click.pass_context
def add(ctx: click.Context, /, name: str, kind: str, address: str, dry_run: bool, **_asked: bool) -> None:
    """Keep where else a person is to be found; a handle becomes an address."""
    from mhc.store import links

    url = _address(kind, address)
    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        who = find_person(conn, name, addable=True)
        known = any((one.kind, one.url) == (kind, url) for one in links.list_of(conn, rows_of(conn, who)))
        if not dry_run:
            links.add(conn, who.id, kind, url, source=links.MANUAL, at=utc_now())
    if known:
        say(ctx, f"{who.username} has {url} already")
    else:
        say(ctx, f"{'would add' if dry_run else 'added'} {url} to the links of {who.username}")


def _address(kind: str, text: str) -> str:
    try:
        return parse_link(kind, text)
    except ValueError as error:
        raise UsageError(f"{kind}: {error}") from None


@group.command("list", cls=Command, examples=["mhc link list", "mhc link list viewer_one --kind twitter"])
@click.argument(
    "name", metavar="[NAME]", required=False, help="Of this person only.", shell_complete=complete.people
)
@click.option("--kind", metavar="KIND", type=_kind, help="Of this kind only.")
@output_options(fields=LINKS)
@common_options
@click.pass_context
def list_links(ctx: click.Context, out: Writer, name: str | None, kind: str | None) -> None:
    """List links, by name, kind and address."""
    from mhc.store import links

    with database(ctx) as db, db.read() as conn:
        ids = None if name is None else rows_of(conn, find_person(conn, name))
        found = [one for one in links.list_of(conn, ids) if kind in {None, one.kind}]
    nothing = "no such links: mhc link add NAME KIND HANDLE|URL"
    out.rows(LINKS, out.ordered(LINKS, found), total=len(found), nothing=nothing)


@group.command("remove", cls=Command, examples=["mhc link remove viewer_one website"])
@_name
@click.argument("which", metavar="KIND|URL", help="A kind, for every link of it, or one address.")
@write_options
@common_options
@click.pass_context
def remove(ctx: click.Context, /, name: str, which: str, dry_run: bool, **_asked: bool) -> None:
    """Take links of a person away; no source brings them back."""
    from mhc.store import links

    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        who = find_person(conn, name)
        ids = rows_of(conn, who)
        gone = sorted({one.url for one in links.list_of(conn, ids) if _is(one, which)})
        if not gone:
            raise NotFoundError(f"{who.username} has no link {which!r}", hint=f"mhc link list {who.username}")
        if not dry_run:
            links.remove(conn, ids, gone, at=utc_now())
    for url in gone:
        say(ctx, f"{'would take' if dry_run else 'took'} {url} off the links of {who.username}")


def _is(one: "Link", which: str) -> bool:
    if which.lower() in KINDS:
        return one.kind == which.lower()
    try:
        return which == one.url or parse_link(one.kind, which) == one.url
    except ValueError:
        return False
