"""The documentation and the program say the same: every command line, setting, status, variable and link."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import click
import pytest

import docs_generator
import docs_pages
import docs_words
from docs_lines import Line, lines_of, refusal
from docs_tree import Leaf, groups, leaves
from mhc.cli.help import Group
from mhc.cli.root import COMMANDS
from mhc.config.table import SETTINGS
from mhc.errors import Exit

ROOT = Path(__file__).parent.parent
PAGES = docs_generator.sources()
LEAVES = leaves()
each_leaf = pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.path.replace(" ", "-"))


@pytest.mark.parametrize("path", [*PAGES, ROOT / "crontab.example"], ids=lambda path: path.name)
def test_every_line_is_one_that_the_commands_take(path: Path) -> None:
    wrong = {str(line): why for line in lines_of(path) if (why := refusal(line))}
    assert wrong == {}


def test_lines_are_found_where_they_stand() -> None:
    found = Counter(line.page for path in PAGES for line in lines_of(path))
    assert found["commands.md"] > 2 * len(LEAVES)
    assert found["README.md"] > 10
    assert found["operations.md"] > 20
    assert [line.words for line in lines_of(ROOT / "crontab.example") if line.whole]


@pytest.mark.parametrize(
    "words",
    [
        "persn show viewer_one",
        "person shwo viewer_one",
        "person show",
        "person show viewer_one --josn",
        "event list -o yaml",
        "event list -L many",
        "session show twelve",
        "capture",
        "watchlist list viewer_one",
    ],
)
def test_a_wrong_line_is_refused(words: str) -> None:
    assert refusal(Line("page.md", tuple(words.split()), whole=True))


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("```sh\nexport A=1\nmhc event list | head -1   # the last\n```\n", ["event list"]),
        ("```sh\necho $(mhc db info) && mhc status < file\n```\n", ["db info", "status"]),
        ("```ini\nExecStart=/opt/mhc/bin/mhc listen -o none\nUser=mhc\n```\n", ["listen -o none"]),
        ("```sh\nsudo -u mhc /opt/mhc/bin/mhc db info\n```\n", ["db info"]),
        ("```sql\nCREATE DATABASE mhc OWNER mhc TEMPLATE template0;\n```\n", []),
        ("Say `mhc --db FILE\ndb check`, not mhc alone.\n", ["--db FILE db check"]),
    ],
)
def test_what_counts_as_a_line(tmp_path: Path, text: str, calls: list[str]) -> None:
    (tmp_path / "page.md").write_text(text)
    assert [" ".join(line.words) for line in lines_of(tmp_path / "page.md")] == calls


@each_leaf
def test_every_command_explains_itself(leaf: Leaf) -> None:
    assert re.match(r"[A-Z].*[.…]$", leaf.help, re.DOTALL)
    assert leaf.examples
    assert all(re.search(rf"(^|\(| )mhc {leaf.path}\b", example) for example in leaf.examples)
    silent = [one.written for one in [*leaf.arguments, *leaf.own_options] if not one.help]
    assert silent == []
    assert all(re.fullmatch(r"[A-Za-z0-9 …[].*[.…)\]]", one.help) for one in leaf.own_options)
    assert not [
        one.written for one in leaf.own_options if re.search(r"[A-Z]+ RANGE|INTEGER|FLOAT", one.written)
    ]
    assert [field.name for field in leaf.fields or () if not field.help] == []


@pytest.mark.parametrize("path", groups())
def test_a_group_shows_examples_of_its_commands(path: str) -> None:
    (group,) = (group for name, group in groups().items() if name == path)
    assert isinstance(group, Group)
    assert group.examples
    assert set(group.examples) <= {
        example for leaf in LEAVES if leaf.path.startswith(f"{path} ") for example in leaf.examples
    }
    if path == "report":
        named = {example.split()[2] for example in group.examples}
        assert named == set(group.list_commands(click.Context(group))), "every report has one"


def test_the_table_of_commands_says_what_their_help_begins_with() -> None:
    short = {leaf.path: leaf.command.get_short_help_str(200) for leaf in LEAVES}
    short |= {path: group.get_short_help_str(200) for path, group in groups().items()}
    assert {name: text for name, (_, text) in COMMANDS.items()} == {name: short[name] for name in COMMANDS}


def test_every_part_stands_in_one_page() -> None:
    found = Counter(part for path in PAGES for part in docs_generator.parts_of(path.read_text()))
    assert found == dict.fromkeys(docs_generator.PARTS, 1)


def test_a_page_out_of_step_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    for path in PAGES:
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    monkeypatch.setattr(docs_generator, "ROOT", tmp_path)
    docs_generator.main([])
    assert docs_generator.main(["--check"]) == 0
    page = tmp_path / "docs" / "exit-statuses.md"
    whole = page.read_text()
    page.write_text(whole.replace("| 78 |", "| 79 |"))
    said: list[str] = []
    monkeypatch.setattr(sys.stderr, "write", said.append)
    assert docs_generator.main(["--check"]) == 1
    assert said == ["docs/exit-statuses.md: out of step with the code; make docs\n"]
    assert docs_generator.main([]) == 0
    assert page.read_text() == whole


def test_what_has_no_sentence_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(docs_words.TABLES, "visit")
    with pytest.raises(LookupError, match="table visit has no sentence"):
        docs_pages.tables()


def test_every_setting_and_every_variable_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert [one.name for one in SETTINGS if f"| `{one.name}` |" not in page] == []
    code = "".join(path.read_text() for path in ROOT.glob("mhc/**/*.py"))
    variables = set(re.findall(r'"((?:MHC|XDG|NOTIFY|STATE|CREDENTIALS|JOURNAL)_[A-Z_]+[A-Z])"', code))
    assert sorted(name for name in variables if f"`{name}`" not in page) == []


def test_every_exit_status_is_documented() -> None:
    page = (ROOT / "docs" / "exit-statuses.md").read_text()
    assert [int(found) for found in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)] == sorted(Exit)
    readme = (ROOT / "README.md").read_text()
    listed = re.findall(r"^\| ([\d, ]+) \|", readme, re.MULTILINE)
    assert sorted(int(number) for line in listed for number in line.split(",")) == sorted(Exit)


def test_the_readme_begins_with_make_and_stays_short() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = [line.split("  ")[0] for line in readme.split("```sh\n")[1].split("```")[0].splitlines()]
    assert commands == ["make run", "make test"]
    assert len(readme.splitlines()) < 150
    for path in ROOT.glob("docs/*.md"):
        assert f"(docs/{path.name})" in readme


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        other = (path.parent / file).resolve() if file else path
        if not other.is_file() or (anchor and anchor not in _anchors(other.read_text())):
            broken.append(target)
    assert broken == []


def _anchors(text: str) -> set[str]:
    """Give the anchors that a page's headings get."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_make_lists_the_target_that_writes_the_pages() -> None:
    run = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.search(r"^ +make docs ", run.stdout, re.MULTILINE)
