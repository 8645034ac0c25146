"""How each report is asked where all of them are measured, compared and tried: a new report is a line of REPORTS."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from docs_tree import leaves


@dataclass(frozen=True, slots=True)
class Asked:
    """How one report is asked: each way is what follows its name, and `{who}` in it is a person's name.

    `nothing` is what it says on stderr where there is nothing.
    """

    nothing: str
    ways: tuple[str, ...] = ("",)
    ranged: tuple[str, ...] = ()  # ways that want a time with a beginning
    of_session: tuple[str, ...] = ()  # about the latest session
    elsewhere: tuple[str, ...] = ()  # all figures are of other sources


REPORTS = {
    "tippers": Asked(
        "in that time; what was captured: mhc capture coverage",
        ("", "--with-alternates"),
        ranged=("--segment new", "--segment lapsed", "--compare previous"),
    ),
    "followers": Asked("nobody was seen to follow", ranged=("--compare previous",)),
    "tipmenu": Asked("no menu is saved"),
    "income": Asked("nothing was earned", ("", "--by day", "--by type"), ranged=("--compare previous",)),
    "timing": Asked(
        "no hour of that time",
        ("", "--metric tips", "--metric messages", "--metric arrivals", "{who}"),
        ranged=("--compare previous",),
    ),
    "tags": Asked("no subject is known", elsewhere=("{who}",)),
    "sessions": Asked("no session began in that time", ("", "--by week", "--by month")),
    "spending": Asked("is not known to have paid", ("{who}", "{who} --with-alternates")),
    "retention": Asked("of that time is known", ("", "--by session", "--by month --metric tippers")),
    "digest": Asked("nothing happened"),
    "audience": Asked("nobody was seen there", (), of_session=("",)),
}


def calls(who: str, *kinds: str) -> Iterator[tuple[str, ...]]:
    """Give the words of every way of some kinds to ask every report; without kinds of the plain ways."""
    for kind in kinds or ("ways",):
        for name, asked in REPORTS.items():
            for way in getattr(asked, kind):
                yield "report", name, *way.format(who=who).split()


def taken(call: tuple[str, ...], options: Iterable[str]) -> list[str]:
    """Give the words of those options that a call's report has, each written with its value."""
    (leaf,) = (one for one in leaves() if one.path == " ".join(call[:2]))
    known = {name for option in leaf.command.params for name in option.opts}
    return [word for option in options if option.split()[0] in known for word in option.split()]
