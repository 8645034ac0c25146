"""`mhc attr list|show|history`: what is said of people, and was."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.attr.known import known_key, name_argument
from mhc.cli.context import database
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import rows_of
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer

if TYPE_CHECKING:
    from mhc.store.attributes import Attribute

_USERNAME = Field("username", "username", "Who it is said of.")
_VALUE = (
    Field("key", "text", "What is said, by key."),
    Field("value", "text", "yes or no, a text, a number or a date."),
    Field("confidence", "text", "low, medium or high.", foreign=False),
    Field("evidence", "text", "manual, event:ID, snapshot:ID or note:ID."),
    Field("set_at", "time", "Since when it is said.", header="set"),
)
ATTRIBUTES = (_USERNAME, *_VALUE)
HISTORY = (
    _USERNAME,
    *_VALUE,
    Field("unset_at", "time", "Until when it was said; null where it still is.", header="until"),
    Field("by", "text", "manual, or the import that brought it.", foreign=False),
)
OF_ONE = (*_VALUE[:1], Field("label", "text", "What the key is called."), *_VALUE[1:], _USERNAME)
_NOTHING = "nothing is said: mhc attr set NAME KEY=VALUE"


@click.command("list", cls=Command, examples=["mhc attr list", "mhc attr list --key language"])
@click.argument(
    "name", metavar="[NAME]", required=False, help="Of this person only.", shell_complete=complete.people
)
@click.option("--key", metavar="KEY", help="This key only.", shell_complete=complete.attribute_keys)
@output_options(fields=ATTRIBUTES)
@common_options
@click.pass_context
def list_values(ctx: click.Context, out: Writer, name: str | None, key: str | None) -> None:
    """List what is said of people, by name and key."""
    from mhc.store import attributes

    with database(ctx) as db, db.read() as conn:
        ids = None if name is None else rows_of(conn, find_person(conn, name))
        wanted = None if key is None else known_key(attributes.keys(conn), key).key
        found = attributes.list_of(conn, ids, wanted)
    out.rows(ATTRIBUTES, out.ordered(ATTRIBUTES, found), total=len(found), nothing=_NOTHING)


@click.command("show", cls=Command, examples=["mhc attr show viewer_one"])
@name_argument
@output_options(fields=OF_ONE)
@common_options
@click.pass_context
def show(ctx: click.Context, out: Writer, name: str) -> None:
    """List what is said of one person, with what the keys are called."""
    from mhc.store import attributes

    with database(ctx) as db, db.read() as conn:
        known = attributes.keys(conn)
        found = attributes.list_of(conn, rows_of(conn, find_person(conn, name)))
    rows = [one._asdict() | {"label": known[one.key].label if one.key in known else None} for one in found]
    out.rows(OF_ONE, out.ordered(OF_ONE, rows), total=len(rows), nothing=_NOTHING)


@click.command("history", cls=Command, examples=["mhc attr history viewer_one language"])
@name_argument
@click.argument(
    "key", metavar="[KEY]", required=False, help="This key only.", shell_complete=complete.attribute_keys
)
@output_options(fields=HISTORY)
@common_options
@click.pass_context
def history(ctx: click.Context, out: Writer, name: str, key: str | None) -> None:
    """List what is and was said of a person: by key, the last first."""
    from mhc.store import attributes

    with database(ctx) as db, db.read() as conn:
        wanted = None if key is None else known_key(attributes.keys(conn), key).key
        found = attributes.history(conn, rows_of(conn, find_person(conn, name)), wanted)
    rows = [one._asdict() | {"by": _by(one)} for one in found]
    out.rows(HISTORY, out.ordered(HISTORY, rows), total=len(rows), nothing="nothing was ever said")


def _by(one: "Attribute") -> str:
    return "manual" if one.batch_id is None else f"import {one.batch_id}"
