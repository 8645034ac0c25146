"""The columns of sessions: those of the list, and all that is known of one."""

from collections.abc import Sequence
from dataclasses import replace

from mhc.cli.output import Field

SESSIONS = (
    Field("id", "id", "Its number."),
    Field("room", "username", "The room.", table=False),
    Field("origin", "text", "manual, events or observed.", table=False, foreign=False),
    Field("state", "text", "live, ended (a new start would reopen it) or closed.", foreign=False),
    Field("started_at", "time", "When it began.", header="started"),
    Field("ended_at", "time", "When it ended; null while it is live.", table=False),
    Field("duration", "duration", "How long it lasted, or lasts by now.", header="length", json=False),
    Field("title", "text", "What you called it."),
    Field(
        "tokens",
        "int",
        "Tokens: tips and media, anonymous ones too; null where nothing of it is known.",
        secrecy="amount",
    ),
    Field("tips", "int", "Tips; null where nothing of it is known.", table=False, secrecy="amount"),
    Field(
        "tippers", "int", "How many people tipped by name; null where nothing of it is known.", secrecy="open"
    ),
    Field("messages", "int", "Public lines; null where nothing of it is known.", table=False, secrecy="open"),
    Field(
        "unique_visitors",
        "int",
        "How many people were seen to come or go; null where nothing of it is known, or that is not kept any more.",
        header="visitors",
    ),
    Field(
        "new_followers", "int", "How many people followed; null where nothing of it is known.", table=False
    ),
    Field(
        "coverage",
        "share",
        "Share of it that was captured, 0 to 1; null where nothing ever was.",
        header="cover",
        secrecy="open",
    ),
)


def of_rooms(fields: Sequence[Field], room: str | None) -> tuple[Field, ...]:
    """Give the fields of sessions of a room, or of every one (None), where a column says of which each is."""
    return tuple(
        replace(one, table=one.table or room is None) if one.name == "room" else one for one in fields
    )


_AMOUNTS = frozenset({"tokens", "tips"})
# What one session has beside the columns of the list; a value that JSON nests is lines for a reader.
FIGURES = (
    Field("theme", "text", "What it was about."),
    Field("tags", "list", "Your words for it."),
    Field("live", "duration", "The time of its broadcasts; all of it where none is known."),
    Field("broadcasts", "int", "How many broadcasts it had."),
    Field("tokens_per_hour", "int", "Tokens an hour live; null where nothing of it is known.", secrecy="amount"),
    Field("media", "int", "Photos and videos sold; null where nothing of it is known."),
    Field("media_tokens", "int", "Tokens for them, which are in tokens, too; null where nothing of it is known.", secrecy="amount"),
    Field("fanclub_joins", "int", "How often somebody joined the fan club; null where nothing of it is known."),
    Field("top_tippers", "json", "Who paid most; a username of null is all who paid anonymously.", table=False, inside=_AMOUNTS),
    Field("top", "lines", "Who paid most.", json=False, secrecy="amount"),
    Field("chatters", "int", "How many people wrote; null where nothing of it is known."),
    Field("known_peak", "int", "Most people known to be there at once, who was there already when they speak; null where nothing of it is known."),
    Field("known_mean", "int", "Mean number of people known to be there; null where nothing of it is known.", secrecy="open"),
    Field("viewers_peak", "int", "Most viewers of a reading of the public feed; null where nothing read it."),
    Field("viewers_mean", "int", "Mean of the viewers of those readings, by the time between them.", secrecy="open"),
    Field("unfollows", "int", "How many people stopped following; null where nothing of it is known."),
    Field("net_followers", "int", "How many followed, less those who stopped; null where nothing of it is known."),
    Field("visits", "int", "How often somebody came; null where nothing of it is known."),
    Field("quick_visits", "int", "Visits shorter than a minute; null where nothing of it is known."),
    Field("median_stay", "duration", "How long visits were of which both ends were seen.", secrecy="open"),
    Field("subjects", "lines", "What the room said, in order, without its count of tokens.", secrecy="message"),
    Field("notes", "json", "What you noted of it.", table=False, secrecy="note"),
    Field("noted", "lines", "What you noted of it, by number.", json=False, secrecy="note"),
)  # fmt: skip
WHOLE = tuple(replace(field, table=True) for field in SESSIONS) + FIGURES
