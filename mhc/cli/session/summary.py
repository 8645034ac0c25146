"""`mhc session summary`: one session as Markdown."""

import sys

import click

from mhc.cli.context import database, settings
from mhc.cli.options import Command, common_options
from mhc.cli.session.common import any_room_option, asked, excluded_option, find_or_latest, latest_argument
from mhc.cli.session.markdown import Page
from mhc.domain.text import encode


@click.command("summary", cls=Command, examples=["mhc session summary", "mhc session summary 1 > session.md"])
@latest_argument
@excluded_option
@any_room_option
@common_options
@click.pass_context
def summary(ctx: click.Context, /, session_id: int | None, include_excluded: bool, room: str | None) -> None:
    """Write the summary of one session as Markdown.

    Its sections and their order are always the same: time, subject, tokens, viewers, followers, visitors, tracked people
    by list (friends are bold, known streamers have a star), top tippers, tippers, highlights, coverage. What is not
    known is Unknown. Times are those of your time zone.
    """
    from mhc.reports import session_summary

    loaded = settings(ctx)
    with database(ctx) as db, db.read() as conn:
        one = find_or_latest(ctx, conn, session_id, room)
        said = session_summary.read(conn, one, asked(ctx, include_excluded=include_excluded))
    page = Page(said, loaded.timezone, hidden=loaded.screen_safe)
    sys.stdout.writelines(f"{encode(line, limit=None)}\n" for line in page.lines())
