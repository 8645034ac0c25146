"""`mhc report`: figures."""

from typing import Final

import click

from mhc.cli.root import LazyGroup, Table

COMMANDS: Final[Table] = {
    "tippers": (
        "mhc.cli.report.tippers:command",
        "Show who tipped and how much, most tokens first, equals by name.",
    ),
    "followers": (
        "mhc.cli.report.followers:command",
        "Show who began and ceased to follow, by day, the earliest first.",
    ),
    "tipmenu": (
        "mhc.cli.report.tipmenu:command",
        "Show what of the tip menu sold, most tokens first; an item that nobody wanted has zeros.",
    ),
    "income": (
        "mhc.cli.report.income:command",
        "Show what the room earned: tips and media as captured, against the ledger and the balance.",
    ),
    "timing": (
        "mhc.cli.report.timing:command",
        "Show at which hours of the week the most happens, by the hour that was live and captured.",
    ),
    "spending": (
        "mhc.cli.report.spending:command",
        "Show how one person spends: how often, how much, in which rhythm, and by session.",
    ),
    "tags": (
        "mhc.cli.report.tags:command",
        "Show which tags of the room's subject go with tokens, by the hour live and captured; of NAME where they spend.",
    ),
    "sessions": (
        "mhc.cli.report.sessions:command",
        "Show what sessions came to, one by one or by week or month, the latest first.",
    ),
    "audience": (
        "mhc.cli.report.audience:command",
        "Show who was there in one session: who paid most first, then who wrote most, equals by name.",
    ),
    "retention": (
        "mhc.cli.report.retention:command",
        "Show how many people are new, come back and stay away, by period, the latest first.",
    ),
    "digest": (
        "mhc.cli.report.digest:command",
        "Show what happened since the last session began: the session, people, lists, followers, and what went wrong.",
    ),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    examples=[
        "mhc report tippers --since 30d --top 10",
        "mhc report followers --since 30d",
        "mhc report tipmenu --since 30d",
        "mhc report income --by day --since 30d",
        "mhc report timing --since 90d",
        "mhc report spending viewer_one",
        "mhc report tags --since 90d",
        "mhc report sessions --since 30d",
        "mhc report audience",
        "mhc report retention --by month",
        "mhc report digest",
    ],
)
def group() -> None:
    """Figures, each with its range and what was captured of it."""
