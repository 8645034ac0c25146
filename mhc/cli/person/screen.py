"""The card as a terminal shows it: one screen, in which what belongs together stands on a line."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from mhc.cli.fitting import GAP
from mhc.cli.output import Field, Screen
from mhc.cli.person.elsewhere import change, words
from mhc.cli.render import Secrecy
from mhc.cli.table import HIDDEN, UNKNOWN, duration, fit, local
from mhc.domain.counted import counted
from mhc.domain.text import encode

if TYPE_CHECKING:
    from mhc.reports.card import Card, Here, UsualHours
    from mhc.reports.remembered import Attribute, GivenName, Pair, Relationship
    from mhc.reports.room_history import RoomNow

NOTES = 3
_NARROWEST = 16  # columns of a quoted line
_EDGE = len("relationship") + GAP  # of the values

Line = tuple[str, Sequence[str | None]]
# Lines that are hidden whole while others see the screen.
_SECRET: dict[str, Secrecy] = {
    "tokens": "amount",
    "tips": "amount",
    "media": "amount",
    "notes": "note",
    "said": "message",
    "private": "message",
    "elsewhere": "amount",
    "changed": "amount",
}


def lines(card: "Card", screen: Screen, tz: tzinfo, *, hidden: bool) -> tuple[list[Field], dict[str, object]]:
    """Give the lines of a card, for a record: what is not known of a person has none, figures always do.

    `hidden` leaves out what stands beside something else on its line; the record hides the lines that are secret.
    """
    card = _masked(card) if hidden else card
    room = max(_NARROWEST, screen.columns - _EDGE)
    joined = {
        key: [screen.dot.join(known)]
        for key, parts in [*_about(card, tz), *_figures(card.here, tz)]
        if (known := [part for part in parts if part])
    }
    quoted = {
        key: [fit(screen.printable(encode(text)), room, screen.ellipsis) for text in texts]
        for key, texts in _quoted(card, tz)
        if texts
    }
    elsewhere = {key: texts for key, texts in _elsewhere(card, tz) if texts}
    shown: dict[str, object] = {**joined, **elsewhere, **quoted}
    return [Field(key, "lines", secrecy=_SECRET.get(key)) for key in shown], shown


def _masked(card: "Card") -> "Card":
    """Give a card without given names and the notes of pairs."""
    return replace(
        card,
        names=[one._replace(name=HIDDEN) for one in card.names],
        pairs=[one._replace(note=one.note and HIDDEN) for one in card.pairs],
    )


def _about(card: "Card", tz: tzinfo) -> Iterator[Line]:
    """Give who they are, and what you know of them."""
    now = [a.username for a in card.aliases if a.valid_to is None and a.username != card.username]
    former = [
        _when(f"{a.username} until", a.valid_to, tz, date_only=True) for a in card.aliases if a.valid_to
    ]
    rated = None if card.rating is None else f"rated {card.rating} of 5"
    yield "username", [card.username, card.role if card.role != "unknown" else None, rated]
    yield "names", [*now, *former, *(_name(one) for one in card.names)]
    yield "lists", card.watchlists
    yield "relationship", [] if card.relationship is None else list(_relationship(card.relationship, tz))
    yield "attributes", [_attribute(one) for one in card.attributes]
    yield "links", [f"{one.kind} {one.url}" for one in card.links]
    yield "with", [_pair(one) for one in card.pairs]
    yield "seen", [_seen(card.first_seen_at, card.last_seen_at, tz)]
    yield "own room", [] if card.own_room is None else _own_room(card.own_room, tz)


def _own_room(room: "RoomNow", tz: tzinfo) -> list[str | None]:
    """Give their own room: whether it is live, and else when it was read last."""
    state = "live" if room.online else _when("last read", room.observed_at, tz)
    followers = None if room.followers is None else counted(room.followers, "follower")
    if not room.online:
        return [state, followers, room.subject]
    viewers = None if room.viewers is None else counted(room.viewers, "viewer")
    return [state, room.show, _when("since", room.started_at, tz), viewers, followers, room.subject]


def _figures(here: "Here", tz: tzinfo) -> Iterator[Line]:
    """Give what they did here."""
    yield "here", [here.room or "all rooms", f"times of {tz}"]
    recent = [f"{here.tokens_30d:,} in 30 days", f"{here.tokens_90d:,} in 90 days"]
    yield "tokens", [f"{here.tokens:,}", *(recent if here.tokens else [])]
    tips = [
        None if here.largest_tip is None else f"largest {here.largest_tip:,}",
        _when("first", here.first_tip_at, tz, date_only=True),
        _when("last", here.last_tip_at, tz),
    ]
    yield "tips", [f"{here.tips:,}", *tips]
    bought = f"{here.media:,} for {counted(here.media_tokens, 'token')}" if here.media else "0"
    yield "media", [bought, _when("joined the fan club", here.fanclub_joined_at, tz)]
    stay = None if here.median_stay is None else f"median stay {duration(here.median_stay)}"
    yield "visits", [f"{here.visits:,}", stay, here.usual_hours and f"mostly {hours(here.usual_hours)}"]
    yield "messages", [f"{here.messages:,}", f"{here.private_messages:,} private"]
    if here.follows_since is not None:
        yield "follows", [f"{_FOLLOWS[here.follows]} since {local(here.follows_since, tz)}"]


def _elsewhere(card: "Card", tz: tzinfo) -> Iterator[tuple[str, list[str]]]:
    """Give what other sources know, a line each, and what changed."""
    yield "elsewhere", [words(one, tz) for one in card.elsewhere or ()]
    yield "changed", [change(one) for one in card.changes or ()]


_FOLLOWS = {True: "yes", False: "no", None: "unknown"}


def _quoted(card: "Card", tz: tzinfo) -> Iterator[tuple[str, list[str]]]:
    """Give what was written, a line each."""
    written = [(n.happened_at or n.created_at, n.category, n.body) for n in card.notes[:NOTES]]
    notes = [f"{local(at, tz)}  {category}  {body}" for at, category, body in written]
    more = len(card.notes) - NOTES
    yield "notes", [*notes, *([f"{more} more: mhc note list {card.username}"] if more > 0 else [])]
    yield "said", [f"{_at(line.at, tz)}  {line.text or ''}" for line in card.last_lines]
    yield (
        "private",
        [f"{_at(one.at, tz)}  {one.sender or '?'}  {one.text or ''}" for one in card.private_lines or ()],
    )


def _at(at: datetime | None, tz: tzinfo) -> str:
    return UNKNOWN if at is None else local(at, tz)


def _name(one: "GivenName") -> str:
    return one.name if one.kind == "address" else f"{one.name} ({one.kind})"


def _relationship(one: "Relationship", tz: tzinfo) -> Iterator[str | None]:
    roles = [(one.label or role) if role == "custom" else role.capitalize() for role in one.roles]
    yield from (", ".join(part) for part in (roles, [one.status], one.traits) if part)
    for word, at in (("since", one.since), ("until", one.until)):
        yield _when(word, at, tz, date_only=True)


def _attribute(one: "Attribute") -> str:
    doubt = "" if one.confidence == "high" else f" ({one.confidence})"
    return f"{one.key} {one.value}{doubt}"


def _pair(one: "Pair") -> str:
    return f"{one.username} ({', '.join(_known(one.kind, one.note))})"


def _known(*parts: str | None) -> Iterable[str]:
    return (part for part in parts if part)


def _when(word: str, at: datetime | None, tz: tzinfo, *, date_only: bool = False) -> str | None:
    return None if at is None else f"{word} {local(at, tz)[: 10 if date_only else None]}"


def _seen(first: datetime | None, last: datetime | None, tz: tzinfo) -> str:
    if first is None or last is None:
        return "never"
    return local(last, tz) if first == last else f"{local(first, tz)} to {local(last, tz)}"


def hours(one: "UsualHours", *, short: bool = False) -> str:
    """Say which hours are usual, and of how many times that was counted."""
    basis = "" if short else f" {one.basis}"
    return f"{one.begin:02d}:00 to {one.end:02d}:00 ({one.inside:,} of {one.counted:,}{basis})"
