"""Each example of each help text does what it says, on a database with data in it; JSON holds what docs/json.md says."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import docs_words as words
import pastes
import seed
from command import MHC, Mhc, MhcHere, Run
from conftest import fresh
from docs_tree import Leaf, leaves
from factories import ROOM
from mhc.sandbox.server import Sandbox
from mhc.store.database import Database

LEAVES = leaves()
EXAMPLES = [(leaf, example) for leaf in LEAVES for example in leaf.examples]


@dataclass(frozen=True)
class Special:
    """What an example needs beside the data: calls before it, words after it, a room's feed, a file, an end."""

    reason: str
    before: tuple[str, ...] = ()
    more: str = ""
    feed: bool = False
    file: str | None = None
    endless: bool = False


NONE = Special("none")
LIVE = 'mhc session start --at "1h ago"'
EXPORT = "mhc capture export --out capture.jsonl"
BACKUP = "mhc db backup --out night.backup"
PASTE = "mhc import chat chat.txt --save"
FEED = "listens to a room until stopped"
ENDLESS = "goes on until stopped"
SPECIAL = {
    "mhc listen": Special(FEED, feed=True),
    "mhc listen --for 10m --events tip,pm": Special(FEED, feed=True),
    "mhc listen -o ndjson --events tip": Special(FEED, feed=True),
    "mhc listen --all --standby": Special(FEED, feed=True),
    "mhc event tail": Special(ENDLESS, endless=True),
    "mhc event tail --events tip -L 20": Special(ENDLESS, endless=True),
    "mhc event tail -o ndjson": Special(ENDLESS, endless=True),
    "mhc status --watch --interval 2": Special(ENDLESS, endless=True),
    "mhc room now --watch -o ndjson": Special(ENDLESS, endless=True),
    "mhc sandbox serve": Special("its port may be taken", more="--port 0", endless=True),
    "mhc sandbox serve --start 30d --speed 86400": Special(
        "its port may be taken", more="--port 0", endless=True
    ),
    "mhc sandbox serve --speed 60 --misbehave 0.1": Special(
        "its port may be taken", more="--port 0", endless=True
    ),
    "mhc sandbox demo --for 5s": Special("takes as long as it says", more="--for 1s"),
    "mhc session stop": Special("a session must be live", before=(LIVE,)),
    'mhc session stop --at "5m ago"': Special("a session must be live", before=(LIVE,)),
    "mhc session status --check -q": Special("a session must be live", before=(LIVE,)),
    "mhc job status --check -q": Special(
        "the last runs must have gone well", before=("mhc job run db-prune", "mhc job run sessions-close")
    ),
    "mhc alias remove viewer_one viewer_uno": Special(
        "the name must be theirs", before=("mhc alias add viewer_one viewer_uno",)
    ),
    "mhc person unmerge viewer_two -n": Special(
        "they must be merged", before=("mhc person merge viewer_one viewer_two -y",)
    ),
    "mhc note add viewer_one - --at yesterday < note.txt": Special("reads a file", file="note.txt"),
    "mhc session note 1 - < note.txt": Special("reads a file", file="note.txt"),
    "mhc capture import capture.jsonl": Special("needs an export", before=(EXPORT,)),
    "mhc capture import -n capture.jsonl": Special("needs an export", before=(EXPORT,)),
    "mhc import list": Special("something must be imported", before=(PASTE,)),
    "mhc import list --json": Special("something must be imported", before=(PASTE,)),
    "mhc import undo 1 -n": Special("something must be imported", before=(PASTE,)),
    "mhc import undo 1 -y": Special("something must be imported", before=(PASTE,)),
    "mhc db restore night.backup -n": Special("there must be a backup", before=(BACKUP,)),
    "mhc db restore night.backup -y": Special("there must be a backup", before=(BACKUP,)),
    "mhc completion fish > ~/.config/fish/completions/mhc.fish": Special(
        "writes into a folder", file=".config/fish/completions/mhc.fish"
    ),
}
# Runs in a process of its own: it starts others, which print.
APART = "mhc sandbox demo"


def evening(now: datetime) -> str:
    """Give a zone in which it is ten in the evening, so that `--at 19:30` is in the past whenever the tests run."""
    ahead = (22 - now.hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def seeded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Give a database with data in it, to be copied."""
    folder = tmp_path_factory.mktemp("seeded")
    with fresh(request.param, request, folder) as db:
        mhc = MhcHere(folder, DATABASE_URL=db.url.render_as_string(hide_password=False))
        seed.fill(db, mhc, datetime.now(UTC))
        db.close()  # nobody may be connected to what PostgreSQL copies
        yield db


@contextmanager
def copied(seeded: Database, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Give the URL of a copy of it."""
    if seeded.path is not None:
        shutil.copy(seeded.path, folder / "mhc.db")
        yield f"sqlite:///{folder / 'mhc.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    url = server.empty(seeded.url.database)
    yield url.render_as_string(hide_password=False)
    server.release(url)


@pytest.fixture(scope="module")
def for_readers(
    seeded: Database, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Give the URL of a copy for all who write nothing, as tests/conventions proves of them."""
    with copied(seeded, request, tmp_path_factory.mktemp("readers")) as url:
        yield url


@pytest.fixture
def copy(seeded: Database, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a copy of the test's own."""
    with copied(seeded, request, tmp_path) as url:
        yield url


def is_reader(example: str) -> bool:
    """Say whether an example can do without a database of its own."""
    (leaf,) = (leaf for leaf, one in EXAMPLES if one == example)
    special = SPECIAL.get(example, NONE)
    return not ("Writing" in leaf.sets or special.before or special.feed or example.startswith(APART))


@pytest.fixture
def mhc(request: pytest.FixtureRequest, seeded: Database, tmp_path: Path) -> MhcHere:
    """Give the command in this process, on a copy, in the evening, beside the files that examples read."""
    given = request.node.callspec.params
    path = given["leaf"].path if "leaf" in given else given["path"]
    example = given.get("example") or next(one for leaf, one in EXAMPLES if leaf.path == path)
    pastes.write(tmp_path)
    return MhcHere(
        tmp_path,
        DATABASE_URL=request.getfixturevalue("for_readers" if is_reader(example) else "copy"),
        CHATURBATE_USERNAME=ROOM,
        MHC_TIMEZONE=evening(datetime.now(UTC)),
        MHC_ERASURE_KEY="FAKE0KEY0OF0ERASURES",
    )


def run_line(mhc: MhcHere, line: str, special: Special) -> Run:
    """Run an example as it stands: in this process, or by a shell where it needs one."""
    for before in special.before:
        assert mhc(*shlex.split(before)[1:]).status == 0
    if special.file:
        path = mhc.home / special.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("likes the blue light\n")
    if set(line) & set("<>|$"):
        return _run_in_shell(mhc, line)
    words = shlex.split(f"{line} {special.more}")[1:]
    apart = Mhc(mhc.home)
    apart.environ = mhc.environ
    if special.feed:
        with Sandbox(speed=0, events=200, room=ROOM) as sandbox:
            feed = {"MHC_EVENTS_URL": sandbox.url, "CB_AUTH_TOKEN": sandbox.token}
            return apart.until(sandbox.until_held, *words, **feed)
    if special.endless:
        return apart.until(lambda: _wait_for_output(mhc.home / "out"), *words)
    return (apart if line.startswith(APART) else mhc)(*words)


def _wait_for_output(path: Path) -> None:
    """Wait until a process has printed something; at most 30 s."""
    for _ in range(600):
        if path.stat().st_size:
            return
        Event().wait(0.05)
    pytest.fail("nothing was printed")


def _run_in_shell(mhc: MhcHere, line: str) -> Run:
    path = f"{MHC.parent}{os.pathsep}{mhc.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-c", line], env=mhc.environ | {"PATH": path}, cwd=mhc.home, capture_output=True,
        encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip
    return Run(run.returncode, run.stdout, run.stderr)


@pytest.mark.parametrize(("leaf", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_every_example_does_what_it_says(mhc: MhcHere, leaf: Leaf, example: str) -> None:
    special = SPECIAL.get(example, NONE)
    run = run_line(mhc, example, special)
    ended = 143 if special.endless else 0
    assert (run.status, "Traceback" in run.stderr) == (ended, False), run.stderr
    if leaf.fields is not None or leaf.path == "listen":
        assert run.stdout.strip()
    if example.split()[-1] in {"json", "ndjson", "--json"}:
        assert run.stdout[0] in "[{"


@pytest.mark.parametrize("hour", range(24))
def test_it_is_always_evening(hour: int) -> None:
    now = datetime(2026, 1, 1, hour, 30, tzinfo=UTC)
    assert now.astimezone(ZoneInfo(evening(now))).hour == 22


def test_no_special_case_is_left_over() -> None:
    assert set(SPECIAL) <= {example for _, example in EXAMPLES}
    assert all(one.reason for one in SPECIAL.values())


TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,), "username": (str,), "time": (str,), "id": (int,), "int": (int, float), "duration": (int, float),
    "share": (int, float),
    "bool": (bool,), "list": (list,), "lines": (list,), "json": (dict, list), "value": (int, float, str, bool, list),
}  # fmt: skip


@pytest.mark.parametrize("leaf", [one for one in LEAVES if one.fields], ids=lambda leaf: leaf.path)
def test_json_holds_what_is_documented(mhc: MhcHere, leaf: Leaf) -> None:
    for before in SPECIAL.get(leaf.examples[0], NONE).before:
        assert mhc(*shlex.split(before)[1:]).status == 0
    call = [*shlex.split(leaf.examples[0])[1:], "-o", "json"]
    if leaf.is_list and leaf.path not in words.REPORTS:
        call += ["-L", "5"]
    body = mhc(*call).json
    if leaf.path in words.REPORTS:
        assert list(body) == [*words.REPORTS[leaf.path], "rows"]
        body = body["rows"]
    assert isinstance(body, list) == leaf.is_list
    rows: list[dict[str, Any]] = body if isinstance(body, list) else [body]
    assert rows
    fields = [field for field in leaf.fields or () if field.json]
    for row in rows:
        assert list(row) == [field.name for field in fields]
        for field in fields:
            value = row[field.name]
            assert value is None or isinstance(value, TYPES[field.kind]), field.name
            assert field.kind != "time" or value is None or str(value).endswith("Z"), field.name
            assert field.kind not in {"int", "id"} or not isinstance(value, bool), field.name


@pytest.mark.parametrize(("path", "name"), words.NESTED)
def test_objects_inside_hold_what_is_documented(mhc: MhcHere, path: str, name: str) -> None:
    kind, many = words.NESTED[path, name]
    (leaf,) = (one for one in LEAVES if one.path == path)
    example = leaf.examples[0].replace("viewer_one", "example_room" if name == "own_room" else "viewer_one")
    body = mhc(*shlex.split(example)[1:], "-o", "json").json[name]
    inside = body if many else [body]
    assert inside or (path, name) in words.RARE
    assert inside or set(kind.__annotations__) == set(words.NESTED_HELP[kind.__name__])
    assert all(set(one) == set(words.NESTED_HELP[kind.__name__]) for one in inside)


def test_the_seed_holds_a_bit_of_everything(seeded: Database) -> None:
    with closing(Database(seeded.url.render_as_string(hide_password=False))) as db:
        from mhc.store import inventory

        found = inventory.of(db)
    assert found["events"] > seed.EVENTS
    assert found["sessions"] > 2
