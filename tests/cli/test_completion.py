"""`mhc completion`: the scripts, and the names that they ask for, without anything heavy."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from command import Mhc, MhcHere
from factories import store, tell_story, tip
from mhc.cli import names
from mhc.config import load
from mhc.domain.clock import from_ms
from mhc.sandbox.server import Sandbox
from mhc.store import people, watchlists
from mhc.store.database import Database
from mhc.store.schema import SYSTEM_LISTS

HEAVY = {"sqlalchemy", "requests", "urllib3", "alembic", "psycopg", "tabulate", "msgspec"}


def complete(mhc: Mhc, *words: str, shell: str = "bash", **environ: str) -> list[str]:
    """Give what a shell is offered for the last of these words."""
    asked = {
        "_MHC_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(["mhc", *words]),
        "COMP_CWORD": str(len(words)),
    }
    if shell == "fish":
        asked["COMP_CWORD"] = words[-1]
    run = mhc(**asked, **environ)
    assert (run.status, run.stderr) == (0, "")
    lines = [line for line in run.stdout.splitlines() if line]
    return [line.removeprefix("plain,").partition("\t")[0] for line in lines]


@pytest.fixture
def told(database: Database, run_mhc: Mhc, database_url: str) -> Mhc:
    """Give the command on a database with people, and with what a writing command leaves."""
    tell_story(database)
    run_mhc.environ["DATABASE_URL"] = database_url
    assert run_mhc("person", "rename", "viewer_two", "second_name").status == 0
    return run_mhc


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_this_command(run_mhc: Mhc, shell: str) -> None:
    run = run_mhc("completion", shell)
    assert (run.status, run.stderr) == (0, "")
    assert f"_MHC_COMPLETE={shell}_complete" in run.stdout
    assert list(run_mhc.home.iterdir()) == []


def test_another_shell_is_wrong(run_mhc: Mhc) -> None:
    run = run_mhc("completion", "tcsh")
    assert (run.status, run.stdout) == (2, "")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["person", "show", "v"], ["viewer_one", "viewer_two"]),
        (["person", "show", "viewer_one", "VIEWER_T"], ["viewer_two"]),
        (["person", "show", "@view"], ["@viewer_one", "@viewer_two"]),
        (["person", "rename", "second"], ["second_name"]),
        (["alias", "list", "s"], ["second_name"]),
        (["note", "add", "viewer_o"], ["viewer_one"]),
        (["note", "list", "viewer_o"], ["viewer_one"]),
        (["watchlist", "show", "f"], ["Friends"]),
        (["watchlist", "add", "Friends", "viewer_o"], ["viewer_one"]),
        (["watchlist", "remove", "k"], ["'Known Streamers'"]),
        (["event", "list", "--person", "viewer_o"], ["viewer_one"]),
        (["event", "list", "--room", "ex"], ["example_room"]),
        (["event", "tail", "--room", "ex"], ["example_room"]),
        (["session", "show", "--room", "ex"], ["example_room"]),
        (["capture", "gaps", "--room", "ex"], ["example_room"]),
        (["person", "show", "x"], []),
        (["person", "show", "%"], []),
    ],
    ids=" ".join,
)
def test_names_complete(told: Mhc, words: list[str], found: list[str]) -> None:
    assert complete(told, *words) == found


def test_other_shells_quote_for_themselves(told: Mhc) -> None:
    assert complete(told, "watchlist", "show", "kn", shell="fish") == ["Known Streamers"]


def test_the_database_may_stand_on_the_line(told: Mhc, database_url: str) -> None:
    told.environ.pop("DATABASE_URL")
    assert complete(told, "person", "show", "viewer_o") == []
    for words in (
        ["--db", database_url, "person", "show", "viewer_o"],
        ["person", "show", "--db", database_url, "viewer_o"],
    ):
        assert complete(told, *words) == ["viewer_one"]


def test_own_rooms_complete_before_anything_was_captured(run_mhc: Mhc) -> None:
    assert complete(run_mhc, "event", "list", "--room", "e", CHATURBATE_USERNAME="example_room") == [
        "example_room"
    ]
    assert list(run_mhc.home.iterdir()) == []


@pytest.mark.parametrize(
    "environ",
    [
        {"DATABASE_URL": "postgresql://mhc@127.0.0.1:1/none"},
        {"DATABASE_URL": "/nowhere/mhc.db"},
        {"DATABASE_URL": "/"},
        {"MHC_TIMEZONE": "Nowhere/At_all"},
    ],
)
def test_an_error_completes_nothing(run_mhc: Mhc, environ: dict[str, str]) -> None:
    assert complete(run_mhc, "person", "show", "v", **environ) == []
    assert list(run_mhc.home.iterdir()) == []


def test_a_damaged_file_completes_nothing(run_mhc: Mhc) -> None:
    path = run_mhc.home / "mhc.db"
    path.write_bytes(b"this is no database" * 100)
    assert complete(run_mhc, "person", "show", "v", DATABASE_URL=str(path)) == []


def test_no_more_than_two_hundred(database: Database, run_mhc: Mhc, database_url: str) -> None:
    with database.write() as conn:
        people.ensure(conn, [f"viewer_{n}" for n in range(300)], source="test", at=from_ms(0))
    run_mhc("person", "add", "zoe", DATABASE_URL=database_url)
    assert len(complete(run_mhc, "person", "show", "", DATABASE_URL=database_url)) == names.MOST


def test_what_a_shell_would_run_is_not_offered(database: Database, run_mhc: Mhc, database_url: str) -> None:
    with database.write() as conn:
        people.ensure(
            conn,
            ["viewer_$(reboot)", "viewer_`x`", "viewer_\x1b[2j", "viewer_\nx"],
            source="test",
            at=from_ms(0),
        )
        who = people.ensure(conn, ["viewer_one"], source="test", at=from_ms(0))["viewer_one"]
        for name in ("$(reboot) it's", "\x1b[2J"):
            watchlists.add(conn, watchlists.create(conn, name).id, [who], at=from_ms(0), note=None)
    run_mhc.environ["DATABASE_URL"] = database_url
    run_mhc("person", "add", "zoe")
    assert complete(run_mhc, "person", "show", "viewer") == ["viewer_one"]
    assert complete(run_mhc, "watchlist", "show", "$") == ["""'$(reboot) it'"'"'s'"""]
    assert not any("\x1b" in name for name in complete(run_mhc, "watchlist", "show", ""))


@pytest.fixture
def on_server(postgres_database: Database, tmp_path: Path) -> MhcHere:
    return MhcHere(tmp_path, DATABASE_URL=postgres_database.url.render_as_string(hide_password=False))


def test_the_list_of_a_server_is_private_and_follows(postgres_database: Database, on_server: MhcHere) -> None:
    cli = on_server

    def listed() -> list[str]:
        (path,) = (cli.home / "state").glob("names-*.txt")
        assert path.stat().st_mode & 0o777 == 0o600
        return path.read_text().splitlines()

    cli("person", "add", "viewer_one")
    assert listed() == [f"watchlist\t{name}" for name in sorted(SYSTEM_LISTS)] + ["person\tviewer_one"]
    cli("alias", "add", "viewer_one", "viewer_uno")
    assert "person\tviewer_uno" in listed()
    cli("watchlist", "add", "--create", "Blue night", "viewer_one")
    assert "watchlist\tBlue night" in listed()
    cli("person", "rename", "viewer_one", "viewer_new")
    assert "person\tviewer_new" in listed()
    with postgres_database.write() as conn:
        store(conn, [tip(0, "viewer_two", 5)])
    assert "person\tviewer_two" not in listed()


def test_a_database_that_is_slow_to_name_its_people_holds_up_nobody(
    postgres_database: Database, tmp_path: Path
) -> None:
    url = postgres_database.url.render_as_string(hide_password=False)
    loaded = load(environ={"HOME": str(tmp_path), "DATABASE_URL": url})
    keeper = names.Keeper(postgres_database, loaded)
    with postgres_database.write() as conn:
        conn.exec_driver_sql("LOCK TABLE alias IN ACCESS EXCLUSIVE MODE")
        keeper.came()  # comes back
        assert not list(loaded.state_dir.glob("names-*.txt"))
    keeper.close(time.monotonic() + 30)
    assert len(list(loaded.state_dir.glob("names-*.txt"))) == 1


def test_a_listener_keeps_the_list(run_mhc: Mhc, postgres_database: Database) -> None:
    with Sandbox(speed=0, events=400) as running:
        env = {
            "MHC_EVENTS_URL": running.url,
            "CHATURBATE_USERNAME": running.room,
            "CB_AUTH_TOKEN": running.token,
            "DATABASE_URL": postgres_database.url.render_as_string(hide_password=False),
        }
        assert run_mhc("listen", "--once", "-o", "none", **env).status == 0
        assert "viewer_one" in complete(run_mhc, "person", "show", "viewer", **env)


def test_a_list_that_cannot_be_written_stops_nothing(on_server: MhcHere) -> None:
    (on_server.home / "file").touch()
    run = on_server("person", "add", "viewer_one", MHC_STATE_DIR=str(on_server.home / "file"))
    assert (run.status, run.stderr) == (0, "added viewer_one\n")


RUN = """
import sys
from mhc.__main__ import run
from mhc.cli.root import cli
status = run(cli, [])
print("\\nloaded", *sys.modules)
"""


@pytest.mark.parametrize(
    "words", [["person", "show", "v"], ["watchlist", "show", "F"], ["event", "list", "--room", "e"]]
)
def test_completing_imports_nothing_heavy(told: Mhc, words: list[str]) -> None:
    asked = {
        "_MHC_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["mhc", *words]),
        "COMP_CWORD": str(len(words)),
    }
    run = subprocess.run(
        [sys.executable, "-c", RUN], env=told.environ | asked, capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("plain,")
    loaded = {name.partition(".")[0] for name in run.stdout.rpartition("\nloaded ")[2].split()}
    assert "mhc" in loaded
    assert loaded & HEAVY == set()


def test_bash_takes_script_and_names(told: Mhc) -> None:
    script = f"""
eval "$({told.program} completion bash)"
COMP_WORDS=(mhc watchlist show Kn); COMP_CWORD=3
_mhc_completion {told.program}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    env = told.environ | {"PATH": f"{Path(told.program).parent}:{told.environ['PATH']}"}
    run = subprocess.run(
        ["bash", "--norc", "-c", script], env=env, capture_output=True, text=True, check=False
    )
    assert (run.stdout, run.stderr) == ("'Known Streamers'\n", "")


def test_keys_traits_and_choices_complete_in_any_case(told: Mhc) -> None:
    told("attr", "define", "lucky_number", "--kind", "number")
    assert complete(told, "attr", "set", "viewer_one", "l") == ["language=", "location=", "lucky_number="]
    assert complete(told, "attr", "history", "viewer_one", "LU") == ["lucky_number"]
    assert complete(told, "relation", "set", "viewer_one", "--role", "FR") == ["friend"]
    assert complete(told, "relation", "set", "viewer_one", "--role", "friend", "--trait", "s") == ["Special"]
    assert complete(told, "relation", "set", "viewer_one", "--trait", "s") == [
        "Sir",
        "Slave",
        "Servant",
        "Special",
    ]
    assert complete(told, "link", "add", "viewer_one", "twi") == ["twitter"]
