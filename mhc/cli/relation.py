"""`mhc relation`: what people are to you."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from mhc.cli import complete
from mhc.cli.context import database, utc_now
from mhc.cli.help import Group
from mhc.cli.lookups import instant, rows_of
from mhc.cli.lookups import person as find_person
from mhc.cli.options import Command, common_options, output_options, record_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.telling import say
from mhc.domain.clock import iso_z
from mhc.domain.relationship import ROLES, STATUSES, TRAITS, Relationship
from mhc.domain.text import clean
from mhc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mhc.store.relations import Change, Cleared

RELATIONS = (
    Field("username", "username", "Who."),
    Field("roles", "list", "dom, sub, friend, custom.", foreign=False),
    Field("label", "text", "Your own word, for custom."),
    Field("status", "text", f"{', '.join(STATUSES)}; null where they are nothing to you.", foreign=False),
    Field("traits", "list", "Words for what they are like."),
    Field("since", "time", "Since when."),
    Field("until", "time", "Until when."),
)
CHANGES = (
    Field("at", "time", "When it changed."),
    Field("field", "text", "What changed: roles, label, status, traits, since or until.", foreign=False),
    Field("before", "text", "What it was; null where nothing was said."),
    Field("after", "text", "What it became; null where nothing is said any more."),
    Field("by", "text", "manual, or import."),
)
_NONE = "none"  # takes away what was said
_LONGEST = 64
_roles = click.Choice(ROLES, case_sensitive=False)
_status = click.Choice(STATUSES, case_sensitive=False)
_name = click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)


@click.group(
    cls=Group,
    examples=[
        "mhc relation set viewer_one --role friend --trait Regular --status active",
        "mhc relation show viewer_one",
    ],
)
def group() -> None:
    """What people are to you."""


@group.command(
    "set",
    cls=Command,
    examples=[
        "mhc relation set viewer_one --role friend --trait Regular --status active",
        "mhc relation set viewer_one --role custom --label muse --since 2026-01-01",
    ],
)
@_name
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([*ROLES, _NONE], case_sensitive=False),
    help="What they are; may be given again, replaces those before.",
)
@click.option("--label", metavar="WORD", help="Your own word, for the role custom.")
@click.option(
    "--status",
    metavar="STATUS",
    type=_status,
    help=f"How it stands: {', '.join(STATUSES)}; Potential at first.",
)
@click.option(
    "--trait",
    "traits",
    multiple=True,
    metavar="WORD|none",
    help="A word for what they are like; may be given again, replaces those before.",
    shell_complete=complete.traits,
)
@click.option("--since", metavar="TIME|none", help="Since when.")
@click.option("--until", metavar="TIME|none", help="Until when.")
@write_options
@common_options
@click.pass_context
def set_relation(
    ctx: click.Context,
    /,
    name: str,
    roles: tuple[str, ...],
    label: str | None,
    status: str | None,
    traits: tuple[str, ...],
    since: str | None,
    until: str | None,
    dry_run: bool,
    **_asked: bool,
) -> None:
    """Say what somebody is to you. What is not given stays; every change is kept."""
    from mhc.store import relations

    wanted = {
        "roles": _several(roles),
        "label": None if label is None else _word(label, "label"),
        "status": status,
        "traits": _several([_trait(one) for one in traits]),
        "since": _time(ctx, since),
        "until": _time(ctx, until),
    }
    if all(value is None for value in wanted.values()):
        raise UsageError("nothing to set", hint="--role, --label, --status, --trait, --since, --until")
    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        who = find_person(conn, name, addable=True)
        ids = rows_of(conn, who)
        fitting = _fitting(wanted, relations.find(conn, ids) or Relationship())
        changed = relations.differing(conn, ids, **fitting)
        if not dry_run:
            relations.change(conn, ids, **fitting, by="manual", at=utc_now())
    verb = "would change" if dry_run else "changed"
    said = f"{verb} {', '.join(changed)} of {who.username}"
    say(ctx, said if changed else f"that is what {who.username} is already")


def _fitting(wanted: "Mapping[str, Any]", old: Relationship) -> dict[str, Any]:
    """Give what was asked for with what follows from it: a label goes with the role custom, until comes after since."""
    new = dict(wanted)
    custom = "custom" in (old.roles if new["roles"] is None else new["roles"])
    if custom and not (old.label if new["label"] is None else new["label"]):
        raise UsageError("the role custom wants a word of your own", hint="--label WORD")
    if not custom and new["label"]:
        raise UsageError("--label is the word for the role custom", hint="--role custom --label WORD")
    if not custom and old.label is not None:
        new["label"] = ""
    begin, end = (getattr(old, name) if new[name] is None else new[name] for name in ("since", "until"))
    if isinstance(begin, datetime) and isinstance(end, datetime) and begin > end:
        raise UsageError("--until lies before --since")
    return new


def _several(given: "Sequence[str]") -> list[str] | None:
    """Give a list that was typed; none in it empties it, and nothing typed leaves what is there."""
    if not given:
        return None
    if _NONE in given and len(set(given)) > 1:
        raise UsageError("none goes with nothing else")
    return [one for one in given if one != _NONE]


def _trait(text: str) -> str:
    """Give a trait; a suggested one, or none, as it is spelled."""
    word = _word(text, "trait")
    known = {one.lower(): one for words in TRAITS.values() for one in words} | {_NONE: _NONE}
    return known.get(word.lower(), word)


def _word(text: str, what: str) -> str:
    word = " ".join(clean(text).split())
    if not 0 < len(word) <= _LONGEST:
        raise UsageError(f"a {what} has 1 to {_LONGEST} characters")
    return word


def _time(ctx: click.Context, text: str | None) -> "datetime | Cleared | None":
    from mhc.store.relations import CLEARED

    if text is None:
        return None
    return CLEARED if text.strip().lower() == _NONE else instant(ctx, text, now=utc_now())


@group.command("show", cls=Command, examples=["mhc relation show viewer_one"])
@_name
@record_options(fields=RELATIONS)
@common_options
@click.pass_context
def show(ctx: click.Context, out: Writer, name: str) -> None:
    """Show what somebody is to you."""
    from mhc.store import relations

    with database(ctx) as db, db.read() as conn:
        who = find_person(conn, name)
        found = relations.find(conn, rows_of(conn, who)) or Relationship()
    out.record(RELATIONS, _row(who.username, found))


def _row(username: str, one: Relationship) -> dict[str, object]:
    return {"username": username} | {name: getattr(one, name) for name in one.__slots__}


@group.command(
    "list", cls=Command, examples=["mhc relation list", "mhc relation list --role friend --status active"]
)
@click.option("--role", type=_roles, help="Who is this.")
@click.option("--status", metavar="STATUS", type=_status, help=f"Who stands so: {', '.join(STATUSES)}.")
@output_options(fields=RELATIONS)
@common_options
@click.pass_context
def list_relations(ctx: click.Context, out: Writer, role: str | None, status: str | None) -> None:
    """List who is something to you, by name."""
    from mhc.store import relations

    with database(ctx) as db, db.read() as conn:
        found = [
            _row(username, one)
            for username, one in relations.list_all(conn)
            if status in {None, one.status} and (role is None or role in one.roles)
        ]
    nothing = "nobody: mhc relation set NAME --role ROLE"
    out.rows(RELATIONS, out.ordered(RELATIONS, found), total=len(found), nothing=nothing)


@group.command("history", cls=Command, examples=["mhc relation history viewer_one"])
@_name
@output_options(fields=CHANGES)
@common_options
@click.pass_context
def history_of(ctx: click.Context, out: Writer, name: str) -> None:
    """List every change of what somebody is to you, the last first."""
    from mhc.store import relations

    with database(ctx) as db, db.read() as conn:
        found = [_shown(one) for one in relations.history(conn, rows_of(conn, find_person(conn, name)))[::-1]]
    out.rows(CHANGES, out.ordered(CHANGES, found), total=len(found), nothing="nothing was ever said")


def _shown(change: "Change") -> dict[str, object]:
    return change._asdict() | {"before": _said(change.before), "after": _said(change.after)}


def _said(value: "tuple[str, ...] | datetime | str | None") -> str | None:
    """Give what a field held as one text; null for nothing."""
    if isinstance(value, tuple):
        return ", ".join(value) or None
    return iso_z(value) if isinstance(value, datetime) else value


@group.command("remove", cls=Command, examples=["mhc relation remove viewer_one"])
@_name
@write_options
@common_options
@click.pass_context
def remove(ctx: click.Context, /, name: str, dry_run: bool, **_asked: bool) -> None:
    """Make somebody nothing to you; what they were stays in the history."""
    from mhc.store import relations

    with database(ctx) as db, db.read() if dry_run else db.write() as conn:
        who = find_person(conn, name)
        ids = rows_of(conn, who)
        there = relations.find(conn, ids) is not None
        if there and not dry_run:
            relations.remove(conn, ids, by="manual", at=utc_now())
    verb = "would remove" if dry_run else "removed"
    said = f"{verb} what {who.username} is to you"
    say(ctx, said if there else f"{who.username} is nothing to you already")
