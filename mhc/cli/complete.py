"""What a shell completes beside commands and options: names of people, lists and rooms. An error completes nothing."""

import os
from typing import TYPE_CHECKING

import click

from mhc.patterns import Pattern

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# What may be typed as a name. The feed may know others, and a shell would run what some of them say.
_PLAIN = Pattern(r"[a-z0-9_]+")


def people(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Complete any name that somebody goes or went by, after an @ too."""
    name = incomplete.lstrip("@")
    at = incomplete[: len(incomplete) - len(name)]
    return _items([at + found for found in _plain(_names(ctx, "person", name))])


def watchlists(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Complete the name of a list."""
    found = [name for name in _names(ctx, "watchlist", incomplete) if name.isprintable()]
    return _items([_word(name) for name in found])


def rooms(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Complete a room that is set up, or was listened to."""
    return _items(_plain(_names(ctx, "room", incomplete)))


def attribute_keys(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list["CompletionItem"]:
    """Complete the key of an attribute."""
    return _items(_keys(ctx, incomplete))


def attribute_pairs(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list["CompletionItem"]:
    """Complete the key of an attribute, with the sign after which its value stands."""
    return [] if "=" in incomplete else _items([f"{key}=" for key in _keys(ctx, incomplete)])


def jobs(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Complete the name of a job."""
    from mhc.config import JOBS

    return _items([job.name for job in JOBS if job.name.startswith(incomplete.lower())])


def traits(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Complete the traits that are suggested for the roles on the line, or for every role."""
    from mhc.domain.relationship import TRAITS

    given = [role.lower() for role in ctx.params.get("roles") or ()]
    words = [word for role in given or TRAITS for word in TRAITS.get(role, ())]
    return _items([word for word in dict.fromkeys(words) if word.lower().startswith(incomplete.lower())])


def _keys(ctx: click.Context, begin: str) -> list[str]:
    from mhc.domain.attributes import KNOWN

    own = _plain(_names(ctx, "attribute", begin))
    return sorted({*own, *(key for key in KNOWN if key.startswith(begin.lower()))})


def _items(words: list[str]) -> list["CompletionItem"]:
    from click.shell_completion import CompletionItem  # where a shell asks, and nowhere else

    return [CompletionItem(word) for word in words]


def _plain(names: list[str]) -> list[str]:
    return [name for name in names if _PLAIN.fullmatch(name)]


def _word(name: str) -> str:
    """Write a name as one word: bash takes it as it stands, the other shells quote for themselves."""
    import shlex

    return shlex.quote(name) if os.environ.get("_MHC_COMPLETE", "").startswith("bash") else name


def _names(ctx: click.Context, kind: str, begin: str) -> list[str]:
    from mhc.cli.names import matching
    from mhc.cli.options import Shared  # which completes rooms itself
    from mhc.config import load

    try:
        root, leaf = ctx.find_root().params, ctx.ensure_object(Shared)
        loaded = load(
            config_file=leaf.config or root.get("config"),
            env_file=leaf.env_file or root.get("env_file"),
            db=leaf.db or root.get("db"),
            environ=os.environ,
        )
        own = [one.name for one in loaded.rooms if kind == "room" and one.name.startswith(begin.lower())]
    except Exception:  # noqa: BLE001 - a word half typed is no place for a message
        return []
    try:
        found = matching(loaded, kind, begin)
    except Exception:  # noqa: BLE001 - nor is a database that is away, locked or damaged
        found = []
    return list(dict.fromkeys([*own, *found]))
