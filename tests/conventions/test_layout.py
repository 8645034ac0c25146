"""Whatever the width, no line is wider than the screen, columns are aligned, figures are whole, and colour can be had or not."""

import re

import pytest
from wcwidth import wcswidth, wcwidth

from calls import call_of
from command import Mhc, MhcHere
from docs_tree import Leaf, groups, leaves
from mhc.cli.output import Field
from terminal import on_terminal

PRINTING = [leaf for leaf in leaves() if leaf.fields is not None]
LISTS = [leaf for leaf in PRINTING if leaf.is_list]
WIDTHS = (40, 41, 60, 80, 200)
FIGURES = {"int", "id", "bool", "duration", "share", "change"}
BOLD = "\x1b[1m"
CHECKLIST = {"doctor", "person compare"}  # have no titles on a terminal
each_printing = pytest.mark.parametrize("leaf", PRINTING, ids=lambda leaf: leaf.path)
each_list = pytest.mark.parametrize("leaf", LISTS, ids=lambda leaf: leaf.path)


def words(leaf: Leaf) -> list[str]:
    return [*leaf.path.split(), *call_of(leaf).split, *(["-n"] if "Writing" in leaf.sets else [])]


def cells_of(line: str) -> str:
    """Write a line so that each character is one column: wide ones twice, marks not at all."""
    shown = ""
    for grapheme in re.findall(r".[\u0300-\u036f\ufe0f]*(?:\u200d.\ufe0f?)*", line):
        shown += "#" * wcswidth(grapheme) if wcwidth(grapheme[0]) != 1 else grapheme[0]
    return shown


def gaps_of(lines: list[str]) -> list[tuple[int, int]]:
    """Give where every line has two blanks or more: what stands between columns."""
    most = max(map(len, lines))
    blank = "".join("." if all(line.ljust(most)[at] == " " for line in lines) else "#" for at in range(most))
    return [found.span() for found in re.finditer(r"\.{2,}", blank.rstrip("."))]


@each_printing
def test_no_line_is_wider_than_the_screen(reading: MhcHere, leaf: Leaf) -> None:
    for columns in WIDTHS:
        run = reading(*words(leaf), MHC_FORCE_TTY=str(columns))
        assert run.stdout
        assert max(map(wcswidth, run.stdout.splitlines())) <= columns
        assert min(map(wcswidth, run.stdout.splitlines())) >= 0  # nothing that moves a cursor


@each_list
def test_columns_are_aligned_and_figures_whole(reading: MhcHere, leaf: Leaf) -> None:
    if leaf.path in CHECKLIST:
        return
    fields = [field for field in leaf.fields or () if field.table]
    assert any(is_table(check_table(reading, leaf, fields, columns)) for columns in WIDTHS)


@each_list
def test_no_time_is_cut(reading: MhcHere, leaf: Leaf) -> None:
    for columns in WIDTHS:
        shown = reading(*words(leaf), MHC_FORCE_TTY=str(columns)).stdout
        assert not re.search(r"\d{4}-\d\d-[\d: ]*…|  \d\d-\d\d [\d:]*…", shown)


@pytest.mark.parametrize(
    ("columns", "time"), [(80, r"\d\d-\d\d \d\d:\d\d"), (200, r"\d{4}-\d\d-\d\d \d\d:\d\d")]
)
def test_a_list_of_friends_has_the_hours(installed: Mhc, columns: int, time: str) -> None:
    lines = on_terminal(installed, "watchlist", "show", "Friends", columns=columns).stdout.splitlines()
    (friend,) = (line for line in lines if line.startswith("viewer_one "))
    assert re.fullmatch(rf"viewer_one +-( +{time}){{4}}  .*", friend)


def check_table(mhc: MhcHere, leaf: Leaf, fields: list[Field], columns: int) -> list[str]:
    lines = mhc(*words(leaf), MHC_FORCE_TTY=str(columns)).stdout.splitlines()
    if not is_table(lines):  # records, a blank line between them: nothing is cut
        keys = {field.name for field in fields}
        assert {line.split(" ")[0] for line in lines if line[:1] not in {"", " "}} <= keys
        return lines
    shown = [cells_of(line) for line in lines]
    gaps = gaps_of(shown)
    assert len(gaps) >= len(fields) - 1
    if len(gaps) == len(fields) - 1:
        edges = [0, *(end for _, end in gaps), columns]
        for at, field in enumerate(fields):
            column = [line[edges[at] : edges[at + 1]].rstrip() for line in shown[1:]]
            assert field.kind not in FIGURES or not [cell for cell in column if "…" in cell], field.name
    return lines


def is_table(lines: list[str]) -> bool:
    """Say whether these are the lines of a table: its titles are capitals."""
    return lines[0] == lines[0].upper()


@each_printing
def test_a_terminal_of_forty_columns(installed: Mhc, leaf: Leaf) -> None:
    run = on_terminal(installed, *words(leaf), columns=40)
    assert run.status in {0, 4}, run.stderr
    lines = run.stdout.splitlines()
    assert "\t" not in run.stdout
    assert lines[0].startswith(BOLD)
    assert max(wcswidth(re.sub(r"\x1b\[[01]m", "", line)) for line in lines) <= 40


@each_printing
def test_colour_can_be_asked_for_and_refused(reading: MhcHere, leaf: Leaf) -> None:
    for option, environ, coloured in COLOURS:
        run = reading(*words(leaf), "-o", "table", *option.split(), **environ)
        assert (BOLD in run.stdout) == coloured, (option, environ)
    assert BOLD not in reading(*words(leaf), "--color", "always", "-o", "tsv").stdout
    assert reading(*words(leaf), "--color", "sometimes").status == 2


COLOURS: list[tuple[str, dict[str, str], bool]] = [
    ("--color always", {"MHC_COLOR": "never", "NO_COLOR": "1", "TERM": "dumb"}, True),
    ("--color never", {"MHC_COLOR": "always", "CLICOLOR_FORCE": "1"}, False),
    ("", {"MHC_COLOR": "always", "NO_COLOR": "1"}, True),
    ("", {"MHC_COLOR": "never", "CLICOLOR_FORCE": "1"}, False),
    ("", {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
    ("", {"CLICOLOR_FORCE": "1", "TERM": "dumb"}, True),
    ("", {}, False),  # no terminal
]  # fmt: skip


@pytest.mark.parametrize(
    ("option", "environ", "coloured"),
    [*COLOURS[:6], ("", {"TERM": "dumb"}, False), ("", {"NO_COLOR": ""}, True), ("", {}, True)],
)
def test_the_order_of_what_decides_on_colour_on_a_terminal(
    installed: Mhc, option: str, environ: dict[str, str], *, coloured: bool
) -> None:
    installed = Mhc(installed.home, **installed.environ | environ)
    run = on_terminal(installed, "watchlist", "list", *option.split())
    assert run.status == 0
    assert (BOLD in run.stdout) == coloured


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf.path)
def test_help_fits_forty_columns(reading: MhcHere, leaf: Leaf) -> None:
    for columns in (40, 60, 80, 200):
        run = reading(*leaf.path.split(), "--help", COLUMNS=str(columns))
        assert (run.status, run.stderr) == (0, "")
        # An example is one line that can be copied, whatever its length.
        lines = [line for line in run.stdout.splitlines() if line.strip() not in leaf.examples]
        assert max(map(wcswidth, lines)) <= columns


@pytest.mark.parametrize("path", groups())
def test_help_of_a_group_gives_whole_sentences(reading: MhcHere, path: str) -> None:
    for columns in (40, 80):
        run = reading(*path.split(), "--help", COLUMNS=str(columns))
        text, _, examples = run.stdout.partition("\nExamples:\n")
        assert max(map(wcswidth, text.splitlines())) <= columns
        assert examples.strip()
        assert not re.search(r"\w\.\.\.", run.stdout)
