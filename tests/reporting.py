"""How each report is asked where all of them are measured, compared and tried: a new report is a line of REPORTS."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from docs_tree import leaves


@dataclass(frozen=True, slots=True)
class Asked:
    """How one report is asked.

    `nothing` is what is said on stderr where there is nothing. `ways` are the words after the report's name, a way to
    ask each; `{who}` in them is a person's name. `elsewhere` are those whose figures are all of other sources.
    """

    nothing: str
    ways: tuple[str, ...] = ("",)
    elsewhere: tuple[str, ...] = ()


REPORTS = {
    "tippers": Asked("no tips in that time", ("", "--with-alternates")),
    "followers": Asked("nobody was seen to follow"),
    "tipmenu": Asked("no menu is saved"),
    "income": Asked("nothing was earned", ("", "--by day", "--by type")),
    "timing": Asked(
        "no hour of that time", ("", "--metric tips", "--metric messages", "--metric arrivals", "{who}")
    ),
}


def calls(who: str, *, elsewhere: bool = False) -> Iterator[tuple[str, ...]]:
    """Give the words of every way to ask every report, or of those whose figures are of other sources."""
    for name, asked in REPORTS.items():
        for way in asked.elsewhere if elsewhere else asked.ways:
            yield "report", name, *way.format(who=who).split()


def taken(call: tuple[str, ...], options: Iterable[str]) -> list[str]:
    """Give the words of those options that a call's report has, each written with its value."""
    (leaf,) = (one for one in leaves() if one.path == " ".join(call[:2]))
    known = {name for option in leaf.command.params for name in option.opts}
    return [word for option in options if option.split()[0] in known for word in option.split()]
