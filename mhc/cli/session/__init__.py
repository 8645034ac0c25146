"""`mhc session`: your streams."""

from typing import Final

import click

from mhc.cli.root import LazyGroup, Table

COMMANDS: Final[Table] = {
    "start": ("mhc.cli.session.running:start", "Start a session by hand."),
    "stop": ("mhc.cli.session.running:stop", "End the live session by hand; without one this ends with 3."),
    "status": ("mhc.cli.session.looking:status", "Show the live session and its figures so far."),
    "list": (
        "mhc.cli.session.looking:list_sessions",
        "List the sessions that touch a range of time, the latest first, equals by number.",
    ),
    "show": ("mhc.cli.session.looking:show", "Show one session and all its figures."),
    "add": ("mhc.cli.session.changing:add", "Add a session of the past by hand."),
    "edit": ("mhc.cli.session.changing:edit", "Change what a session is called, or when it was."),
    "merge": ("mhc.cli.session.joining:merge", "Make two sessions one."),
    "split": ("mhc.cli.session.joining:split", "Make two sessions of one."),
    "rebuild": (
        "mhc.cli.session.rebuilding:rebuild",
        "Find the sessions of a room again from its events, and say what that changed.",
    ),
    "events": ("mhc.cli.session.people:events", "List the events of one session, the newest first."),
    "audience": ("mhc.cli.session.people:audience", "List who was there in one session."),
    "note": ("mhc.cli.session.noting:note", "Note something of a session, or list, change and remove notes."),
    "summary": ("mhc.cli.session.summary:summary", "Write the summary of one session as Markdown."),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    examples=[
        "mhc session status",
        "mhc session list",
        "mhc session show 1",
        "mhc session summary 1 > session.md",
    ],
)
def group() -> None:
    """Your streams: start, stop, look back. Most are known from the room's events by themselves."""
