"""What the site, its apps and its toys write into a chat: nobody said it, so a paste leaves it out."""

from typing import NamedTuple


class _Kind(NamedTuple):
    """One kind of notice: a line that begins so, or that holds a phrase; `when` must be in it, too, where it is given."""

    reason: str
    phrases: tuple[str, ...]
    begins: tuple[str, ...] = ()
    when: tuple[str, ...] = ()


_KINDS = (
    _Kind(
        "fan club", ("fan club", "fanclub"), when=("join", "member", "welcome", "notice", "thank", "subscri")
    ),
    _Kind(
        "join or leave",
        (
            "has joined the room",
            "has left the room",
            "joined the room",
            "left the room",
            "entered the room",
            "has joined the chat",
            "has left the chat",
            "enters the room",
            "leaves the room",
        ),
    ),
    _Kind(
        "subject change",
        (
            "room subject changed",
            "subject changed to",
            "changed the room subject",
            "changed the subject",
            "room topic changed",
            "has changed the room subject",
        ),
        begins=("room subject:", "room subject is", "subject:", "topic:"),
    ),
    _Kind(
        "private show",
        ("private show", "group show", "spy show", "ticket show"),
        when=("start", "begin", "began", "end", "finish", "over", "request", "accept", "declin", "cancel"),
    ),
    _Kind(
        "moderator",
        ("moderator",),
        when=("grant", "revok", "promot", "privilege", "is now a", "made a", "no longer", "has been"),
    ),
    _Kind(
        "silence",
        (
            "was silenced",
            "has been silenced",
            "were silenced",
            "silenced by",
            "is silenced",
            "been muted",
            "was kicked",
            "has been kicked",
            "was banned from",
            "has been banned from",
            "is no longer silenced",
        ),
    ),
    _Kind(
        "toy",
        (
            "lovense",
            "ohmibod",
            "oh mi bod",
            "kiiroo",
            "interactive toy",
            "levels of vibration",
            "my toy is",
            "toy is now",
            "toy is connected",
            "toy is on",
            "toy is reacting",
            "vibrating at",
            "ultra high vibe",
        ),
    ),
    _Kind(
        "goal",
        (
            "goal reached",
            "goal has been reached",
            "goal is met",
            "tokens remaining",
            "tokens left]",
            "tokens to goal",
            "tokens left to",
            "next goal",
            "more tokens to",
            "until the goal",
        ),
        begins=("goal:", "goal ", "goals:", "current goal", "multi-goal", "multi goal"),
    ),
    _Kind("rules", ("rules of this room", "rules of the room"), begins=("rules", "rule ", "room rules")),
    _Kind(
        "site warning",
        (
            *("never share your password", "chaturbate will never ask", "never ask for your password"),
            *("do not give out personal", "don't give out personal", "personal information", "phishing"),
            *("outside of the site", "outside the site", "off-site payment", "third-party site"),
            *("is running these apps", "running apps and bots", "apps and bots are", "these apps:"),
            *("terms of service", "terms & conditions", "chat rules", "be respectful", "violat"),
            *("your message was not sent", "you are not allowed to", "to go to next room"),
        ),
        begins=("warning:", "important:", "welcome to ", "broadcaster is", "please be polite"),
    ),
)
_MARKS = ("notice:", "notice\uff1a")
_MOVES = frozenset({"joined", "left", "entered", "joins", "leaves"})


def notice_in(line: str) -> str | None:
    """Give what kind of notice a line is that nobody said; None where it is none."""
    low = " ".join(line.casefold().split())
    marked = low.startswith(_MARKS)
    low = low[len(_MARKS[0]) :].lstrip() if marked else low
    for kind in _KINDS:
        there = low.startswith(kind.begins) if kind.begins else False
        there = there or any(phrase in low for phrase in kind.phrases)
        if there and (not kind.when or any(word in low for word in kind.when)):
            return kind.reason
    words = low.rstrip(".!").split(" ")
    if len(words) == 2 and words[1] in _MOVES:
        return "join or leave"
    return "notice" if marked else None
