"""`mhc person timeline`: what they did, and what you noted and changed, in one order."""

from typing import TYPE_CHECKING

import click

from mhc.cli import complete
from mhc.cli.context import database
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import time_range
from mhc.cli.options import Command, common_options, output_options, time_options
from mhc.cli.output import Field, Writer
from mhc.cli.table import HIDDEN
from mhc.cli.unmasking import unmask_options
from mhc.domain.events import ALIASES, method_named
from mhc.domain.names import near_matches
from mhc.errors import UsageError

if TYPE_CHECKING:
    from mhc.reports.timeline import Entry

FIELDS = (
    Field("at", "time", "When it happened; null for a pasted line that does not say."),
    Field(
        "kind",
        "text",
        "tip, chat, pm, enter, … of events; note, rename, merge, unmerge, list, rating, relationship, attribute,"
        " follow, unfollow, snapshot (a reading that said something new).",
    ),
    Field("tokens", "int", "Tokens paid.", secrecy="amount"),
    Field("what", "text", "What was said, noted or changed, in words.", json=False),
    Field("room", "username", "The room.", table=False),
    Field("direction", "text", "Of a private message: in is from them, out is to them.", table=False, foreign=False),
    Field("about", "text", "What changed: the key of an attribute, the field of a relationship, the category of a"
          " note, the direction of a follow, what a source was asked.", table=False),
    Field("before", "text", "What was before; null where nothing was.", table=False),
    Field("after", "text", "What is since then; null where nothing is.", table=False),
    Field("text", "text", "Message, note, reason; null for a private message without --private.", table=False,
          secrecy="message"),
    Field("anonymous", "bool", "Whether they asked not to be named.", table=False),
    Field("source", "text", "The kind of stream of an event; who or what brought a change.", table=False),
    Field("event_id", "text", "The API's id of an event.", table=False, foreign=True),
)  # fmt: skip
_NOTHING = "nothing is known of that time"
_EVENT = "event"  # stands for every event


@click.command(
    "timeline",
    cls=Command,
    examples=[
        "mhc person timeline viewer_one -L 20",
        "mhc person timeline viewer_one --kind tip,note,list --since 90d",
        "mhc person timeline viewer_one -o ndjson",
    ],
)
@click.argument("name", metavar="NAME", help="Any name of the person.", shell_complete=complete.people)
@click.option(
    "--kind",
    "kinds",
    metavar="A,B,…",
    help="These kinds only: event, tip, chat, pm, …, note, list, rating, …",
)
@unmask_options(
    reveal="Show what they tipped anonymously, too.", private="Show the text of private messages."
)
@time_options
@output_options(fields=FIELDS, sort_keys=("at",))
@common_options
@click.pass_context
def timeline(
    ctx: click.Context,
    out: Writer,
    name: str,
    kinds: str | None,
    reveal: bool,
    private: bool,
    since: str | None,
    until: str | None,
) -> None:
    """Show what a person did, and what you noted and changed about them, the newest first.

    --sort at turns it round. A note stands where it happened, or else where it was written.
    What has no time stands last.
    """
    from mhc.reports import timeline as report
    from mhc.store import people

    methods, changed = _kinds(kinds)
    with database(ctx) as db:
        with db.read() as conn:
            time = time_range(ctx, conn, since, until)
            ids = people.members(conn, find_person(conn, name).id)
        asked = report.Asked(ids, methods, changed, time.start, time.end, reveal=reveal, private=private)
        newest_first = out.sort is None or out.sort.descending
        limit = (
            None if out.limit is None else out.limit + (out.format == "table")
        )  # one more says that there is
        found = report.read(db, asked, limit, newest_first=newest_first)
        hidden = out.on_stream()
        rows = (one._asdict() | {"what": _what(one, hidden=hidden)} for one in found)
        out.rows(FIELDS, rows, nothing=_NOTHING)


def _kinds(text: str | None) -> tuple[tuple[str, ...] | None, frozenset[str] | None]:
    """Give the methods of events and the kinds of changes in `--kind`; None is all."""
    from mhc.store.changes import KINDS

    if text is None:
        return None, None
    given = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    known = [_EVENT, *ALIASES, "tip", *KINDS]
    unknown = [word for word in given if word not in known and method_named(word) is None]
    if unknown or not given:
        near = [one for word in unknown for one in near_matches(word, known)]
        hint = f"did you mean: {', '.join(near)}?" if near else f"kinds: {', '.join(dict.fromkeys(known))}"
        raise UsageError(f"--kind: nothing is called {unknown[0] if unknown else text!r}", hint=hint)
    named = {method for word in given if (method := method_named(word)) is not None and word not in _TYPED}
    methods = None if _EVENT in given else tuple(sorted(named))
    return methods, frozenset(given) & frozenset(KINDS)


_TYPED = frozenset(
    {_EVENT, "note", "rename", "merge", "unmerge", "list", "rating", "relationship", "attribute", "snapshot"}
)


def _what(entry: "Entry", *, hidden: bool) -> str:
    """Say in words what an entry is about; `hidden` leaves out what was said or noted."""
    if entry.direction is not None:
        said = "from them" if entry.direction == "in" else "to them"
    elif entry.kind in {"follow", "unfollow"} and entry.about is not None:
        said = f"{entry.about} of {entry.room}: {entry.after}"
    else:
        said = _change(entry)
        said = f"{entry.about}: {said}" if entry.about and said else entry.about or said
    text = HIDDEN if hidden and entry.text else entry.text
    return ": ".join(part for part in (said, text) if part)


def _change(entry: "Entry") -> str:
    if entry.before is not None and entry.after is not None:
        return f"{entry.before} → {entry.after}"
    return entry.after or (f"no longer {entry.before}" if entry.before is not None else "")
