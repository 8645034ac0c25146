"""Figures beside those of an earlier range: the fields of a row, the totals, and how alike the two were captured."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, tzinfo
from typing import TYPE_CHECKING, NamedTuple

import click

from mhc.cli.output import Field, Writer
from mhc.cli.render import Secrecy
from mhc.cli.report.asking import Asked, earlier_span, ends_now, span
from mhc.cli.table import change as percent
from mhc.cli.table import share
from mhc.domain import earlier
from mhc.domain.earlier import Against, Span
from mhc.domain.figures import change, growth

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.reports.frame import Covered

Figure = int | float | None
_ALIKE = 0.8  # the less of the two that was captured, as a part of the more


class Then(NamedTuple):
    """The earlier range, and how much of it, and of the range that was asked for, was captured; None: nothing."""

    against: Against
    span: Span
    captured: float | None
    captured_now: float | None
    coverage: "Covered | None"
    moves: bool  # whether it goes on with the time: the range that was asked for ends now

    @property
    def is_known(self) -> bool:
        """Whether anything of it was captured: of what was not nothing is known."""
        return self.captured is not None


def then(ctx: click.Context, conn: "Connection", asked: Asked, compare: str | None) -> Then | None:
    """Give the range to compare with, where --compare asks for one."""
    if compare is None:
        return None
    from mhc.reports.frame import captured, seen

    against, ids = Against(compare), asked.rooms.ids
    other, now = earlier_span(ctx, asked, against), span(asked)
    return Then(
        against,
        other,
        captured(conn, ids, *other),
        now and captured(conn, ids, *now),
        seen(conn, ids, *other, other.until).covered,
        ends_now(asked),
    )


def days(asked: Asked, then: Then | None, tz: tzinfo) -> dict[date, date]:
    """Give for each local day of the range the day that it is compared with."""
    now = span(asked)
    return {} if now is None or then is None else earlier.days(now, then.span, then.against, tz)


def fields(name: str, what: str, *, secrecy: Secrecy | None = None) -> tuple[Field, ...]:
    """Give the fields of a figure then, its change and its growth: null in every row unless --compare is given."""
    return (
        Field(f"{name}_then", "int", f"With --compare: {what}, then; null: unknown.", header="then", table=False,
              secrecy=secrecy),
        Field(f"{name}_change", "int", f"With --compare: {name.replace('_', ' ')} now less then.", table=False,
              secrecy=secrecy),
        Field(f"{name}_growth", "change", "With --compare: that by what it was then, 0.5 for half as much more; null of nothing.",
              header="change", table=False, secrecy=secrecy),
    )  # fmt: skip


def columns(fields: Sequence[Field], names: Collection[str]) -> list[Field]:
    """Give the fields with these as the columns of a table."""
    return [replace(field, table=field.name in names) for field in fields]


def head(
    then: Then | None,
    now: Mapping[str, Figure],
    was: Mapping[str, Figure],
    *,
    captured_only: bool = True,
) -> dict[str, object]:
    """Say what was compared, for JSON: the range, its coverage, and each total now and then.

    Where nothing was captured no figure is known, but for those that say so themselves (not `captured_only`).
    """
    if then is None:
        return {"compared": None}
    before = was if then.is_known or not captured_only else {}
    known = then.captured_now is not None or not captured_only
    range_: dict[str, object] = {"since": then.span.since, "until": then.span.until}
    of = then.coverage and asdict(then.coverage)
    if then.moves:  # with the moment of asking, which JSON does not have
        end = "since" if then.against is Against.PREVIOUS else "until"
        range_, of = range_ | {end: None}, of and of | {end: None}
    return {
        "compared": {
            "with": then.against.value,
            "range": range_,
            "captured": then.captured,
            "coverage": of,
            "totals": {
                name: _total(figure if known else None, before.get(name)) for name, figure in now.items()
            },
        }
    }


def _total(now: Figure, then: Figure) -> dict[str, Figure]:
    return {"now": now, "then": then, "change": change(now, then), "growth": growth(now, then)}


def said(now: Mapping[str, Figure], was: Mapping[str, Figure], names: Mapping[str, str]) -> str:
    """Say in a line how much figures have grown, by their names in words: as a number where there are no percent."""
    both = [(called, now[name], was[name]) for name, called in names.items()]
    moved = ((called, change(*pair), growth(*pair)) for called, *pair in both)
    told = (
        f"{called} {(f'{by:+,}' if by else '0') if more is None else percent(more)}"
        for called, by, more in moved
        if by is not None
    )
    return ", ".join(told) or "unknown"


def tell(out: Writer, then: Then | None, what: str = "what was") -> None:
    """Say where two ranges are not alike in what was captured of them."""
    if then is None:
        return
    if then.captured is None:
        out.warn(f"nothing was captured in the range that is compared: {what} then is not known")
        return
    now = then.captured_now or 0
    if min(now, then.captured) < _ALIKE * max(now, then.captured):
        out.warn(
            f"{share(now)} of the time was captured, and {share(then.captured)} of that it is compared with:"
            " what changed may be what was captured"
        )
