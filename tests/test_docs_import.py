"""The files in docs/import.md are read as it says: each block under its name, nothing of it left out but what it names."""

import re
from pathlib import Path

import pytest

from command import MhcHere
from factories import ROOM

PAGE = Path(__file__).parents[1] / "docs" / "import.md"
FILES = dict(re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```\n", PAGE.read_text(), re.DOTALL))
SAID = {
    "chat.txt": (("chat",), "imported 4 lines as import 1, 1 left out (join or leave 1)"),
    "menu.txt": (("tipmenu",), "imported the menu as import 1: 5 new, 0 gone"),
    "followers.txt": (
        ("follows", "--direction", "followers"),
        "imported the list as import 1: 2 new, 0 known",
    ),
    "tokens.csv": (
        ("tokens",),
        (
            "imported 4 rows as import 1\n"
            "from 2026-01-02T05:30:00.111Z to 2026-01-02T13:00:00Z, read in America/Los_Angeles: no row is missing"
        ),
    ),
    "people.jsonl": (("people",), "imported as import 1"),
}


def test_every_file_of_the_page_is_tried() -> None:
    assert set(FILES) == set(SAID)


@pytest.mark.parametrize("name", SAID)
def test_a_file_of_the_page_is_read_as_it_says(cli: MhcHere, name: str) -> None:
    (cli.home / name).write_text(FILES[name])
    words, said = SAID[name]
    run = cli("import", *words, name, "--save", CHATURBATE_USERNAME=ROOM)
    assert (run.status, run.stderr) == (0, f"{said}\n")
