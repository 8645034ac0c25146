"""`mhc attr set|remove`: what is said of a person from now on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.attr.known import known_key, name_argument
from mhc.cli.context import database, utc_now
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import rows_of
from mhc.cli.options import Command, common_options, write_options
from mhc.cli.telling import each, say
from mhc.domain.attributes import Confidence, Key, parse_value
from mhc.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection


@click.command(
    "set",
    cls=Command,
    examples=[
        "mhc attr set viewer_one language=french banned_me=no",
        "mhc attr set viewer_one location=Lyon --confidence low --evidence event:1767225675500-0",
    ],
)
@name_argument
@click.argument(
    "pairs",
    metavar="KEY=VALUE…",
    nargs=-1,
    required=True,
    help="What to say; mhc attr keys lists the keys. What was said before stays in the history.",
    shell_complete=complete.attribute_pairs,
)
@click.option(
    "--confidence",
    type=click.Choice([str(one) for one in Confidence], case_sensitive=False),
    default=str(Confidence.HIGH),
    show_default=True,
    help="How sure it is.",
)
@click.option(
    "--evidence",
    metavar="manual|event:ID|snapshot:ID|note:ID",
    default="manual",
    show_default=True,
    help="From what it is known.",
)
@write_options
@common_options
@click.pass_context
def set_values(
    ctx: click.Context,
    /,
    name: str,
    pairs: tuple[str, ...],
    confidence: str,
    evidence: str,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Say something of a person, by key. All of it is checked before any of it is kept."""
    from mhc.store import attributes

    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        who = find_person(conn, name, addable=True)
        known = attributes.keys(conn)
        wanted = dict(_parsed(known, text) for text in pairs)
        found = _evidence(conn, evidence)
        ids = rows_of(conn, who)
        for key, value in wanted.items():
            said = f"{key}={value} of {who.username}"
            if attributes.is_said(conn, ids, key, value, confidence=confidence, evidence=found):
                say(ctx, f"{said} is said already")
                continue
            if not dry_run:
                attributes.set_value(
                    conn, ids, key, value, confidence=confidence, evidence=found, at=utc_now()
                )
            say(ctx, f"{'would say' if dry_run else 'said'} {said}")


def _parsed(known: Mapping[str, Key], text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} is not KEY=VALUE", hint="such as language=french")
    one = known_key(known, key.strip())
    try:
        return one.key, parse_value(one.kind, value)
    except ValueError as error:
        raise UsageError(f"{one.key}: {error}", hint=f"its kind is {one.kind}") from None


def _evidence(conn: "Connection", text: str) -> str:
    """Give the evidence as it is kept; what it names has to be there."""
    from mhc.store import history, notes

    if text == "manual":
        return text
    kind, _, which = text.partition(":")
    if kind == "event" and which:
        there = bool(history.with_raw(conn, which))
    elif kind == "note" and which.isdecimal():
        there = len(which) < 10 and notes.find(conn, int(which)) is not None  # more digits than an id has
        text = f"note:{int(which)}"
    elif kind == "snapshot" and which.isdecimal():
        return f"snapshot:{int(which)}"
    else:
        raise UsageError(f"{text!r} is no evidence", hint="manual, event:ID, snapshot:ID or note:ID")
    if not there:
        raise NotFoundError(f"no {kind} {which!r}, which would be the evidence", hint=f"mhc {kind} list")
    return text


@click.command("remove", cls=Command, examples=["mhc attr remove viewer_one language"])
@name_argument
@click.argument(
    "keys", metavar="KEY…", nargs=-1, required=True, help="The key.", shell_complete=complete.attribute_keys
)
@write_options
@common_options
@click.pass_context
def remove(ctx: click.Context, /, name: str, keys: tuple[str, ...], dry_run: bool, **_asked: bool) -> int:
    """Say something of a person no more; that it was said stays in the history."""
    from mhc.store import attributes

    with database(ctx) as db:

        def one(text: str) -> None:
            with db.read() if dry_run else db.write() as conn:
                who = find_person(conn, name)
                key = known_key(attributes.keys(conn), text).key
                ids = rows_of(conn, who)
                there = bool(attributes.list_of(conn, ids, key))
                if there and not dry_run:
                    attributes.unset(conn, ids, key, at=utc_now())
            verb = "would remove" if dry_run else "removed"
            of = f"{key} of {who.username}"
            say(ctx, f"{verb} {of}" if there else f"nothing is said as {of}")

        return each(ctx, list(dict.fromkeys(keys)), one)
