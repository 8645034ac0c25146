"""`mhc attr define|keys`: by which keys something can be said."""

from collections import Counter

import click

from mhc.cli import names as known_names
from mhc.cli.context import database, settings
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.domain.attributes import KNOWN, Key, Kind, parse_key
from mhc.domain.text import clean
from mhc.errors import UsageError

KEYS = (
    Field("key", "text", "The key."),
    Field("label", "text", "What it is called."),
    Field("kind", "text", "flag, text, number or date.", foreign=False),
    Field("system", "bool", "Whether it came with mhc.", foreign=False),
    Field("people", "int", "Of how many people it is said."),
)
_LONGEST_LABEL = 64


@click.command(
    "define",
    cls=Command,
    examples=[
        'mhc attr define shoe_size --kind number --label "Shoe size"',
        "mhc attr define likes_tea --kind flag",
    ],
)
@click.argument("key", metavar="KEY", help="A lower-case word: letters, digits and _.")
@click.option("--label", metavar="TEXT", help="What it is called (default: the key's words).")
@click.option(
    "--kind",
    type=click.Choice([str(one) for one in Kind], case_sensitive=False),
    help="What its values are (default: text, or what they are).",
)
@write_options
@common_options
@click.pass_context
def define(
    ctx: click.Context, /, key: str, label: str | None, kind: str | None, dry_run: bool, **_asked: bool
) -> None:
    """Make a key of your own, or change what it is called. Its kind stays while anything is said by it."""
    from mhc.store import attributes

    new = _checked(key)
    title = None if label is None else _label(label)
    with database(ctx) as db:
        with db.read() if dry_run else db.write() as conn:
            old = attributes.keys(conn).get(new) or Key(new, new.replace("_", " ").capitalize(), Kind.TEXT)
            wanted = Key(new, title or old.label, kind or old.kind)
            if old.kind != wanted.kind and attributes.history(conn, key=new):
                hint = "a key of another name may have another kind"
                raise UsageError(f"{new} is of the kind {old.kind}, and it is said of people", hint=hint)
            if not dry_run:
                attributes.define(conn, new, label=wanted.label, kind=wanted.kind)
        known_names.refresh(db, settings(ctx))
    say(ctx, f"{'would define' if dry_run else 'defined'} {new}: {wanted.label}, {wanted.kind}")


def _checked(text: str) -> str:
    try:
        key = parse_key(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if key in KNOWN:
        raise UsageError(f"{key} came with mhc and stays as it is", hint="mhc attr keys")
    return key


def _label(text: str) -> str:
    label = " ".join(clean(text).split())
    if not 0 < len(label) <= _LONGEST_LABEL:
        raise UsageError(f"a label has 1 to {_LONGEST_LABEL} characters")
    return label


@click.command("keys", cls=Command, examples=["mhc attr keys"])
@output_options(fields=KEYS)
@common_options
@click.pass_context
def list_keys(ctx: click.Context, out: Writer) -> None:
    """List the keys: what can be said, and of how many people it is."""
    from mhc.store import attributes

    with database(ctx) as db, db.read() as conn:
        known = attributes.keys(conn)
        said = Counter(one.key for one in attributes.list_of(conn))
    rows = [one._asdict() | {"system": one.key in KNOWN, "people": said[one.key]} for one in known.values()]
    out.rows(KEYS, out.ordered(KEYS, rows), total=len(rows))
