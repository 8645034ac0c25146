"""`--require-complete`: figures are printed all the same, and the status says whether anything may be missing."""

from typing import TYPE_CHECKING

import click

from mhc.domain.clock import iso_z
from mhc.errors import CheckError

if TYPE_CHECKING:
    from mhc.reports.completeness import Hole

require_complete = click.option(
    "--require-complete",
    is_flag=True,
    help="End with 4 where events of this time are, or may be, missing.",
)


def refuse(hole: "Hole | None") -> None:
    """Raise CheckError where something may be missing; call it when the figures are printed."""
    if hole is None:
        return
    since = "the beginning" if hole.since is None else iso_z(hole.since)
    missing = "are" if hole.certainty == "certain" else "may be"
    whose = "events" if hole.room is None else f"events of {hole.room}"
    said = f"{whose} {missing} missing from {since} to {iso_z(hole.until)}: {hole.cause}"
    raise CheckError(said, hint="mhc capture gaps")
