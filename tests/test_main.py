"""The installed command: exit statuses, pipes, signals, and what an error looks like."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

MHC = Path(sys.executable).parent / "mhc"
ROOT = Path(__file__).parent.parent

# A small command group, run by the same main() as the real one.
SCRIPT = """
import errno, os, signal, sys, threading
import click
import mhc.cli.root
from mhc.__main__ import main
from mhc.errors import ConfigError, NotFoundError

@click.group()
@click.option("--debug", is_flag=True)
def cli(debug): pass

@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("what")
@click.argument("more", nargs=-1)
def do(what, more):
    if what == "big":
        for number in range(20000): click.echo(f"row {number}")
    if what == "print":
        for number in range(20000): print("row", number)
    if what == "small": print("row")
    if what == "missing": raise NotFoundError.named("person", "viewer_one", ["viewer_two"])
    if what == "two": raise ConfigError.all_of(["first\\nmhc: forged", "token=canary-token \\x1b[2J"], hint="read")
    if what == "bug": raise RuntimeError("/events/example_room/canary-token/ broke")
    if what == "disk": raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/mhc.db")
    if what == "exit": sys.exit("stopped")
    if what == "ask": click.confirm("Sure?", abort=True)
    if what == "status": click.get_current_context().exit(4)
    if what == "return": return 75
    if what == "true": return True
    if what == "umask": print(oct(os.umask(0)))
    if what == "odd": print("\\u2603 \\udcff")
    if what == "wait":
        print("ready", flush=True)
        threading.Event().wait()

mhc.cli.root.cli = cli
main()
"""


def environ(home: Path, **more: str) -> dict[str, str]:
    """Give an environment in which pipes are buffered, as they are for a user."""
    ours = {n: v for n, v in os.environ.items() if not n.startswith(("PYTHON", "MHC_", "XDG_", "STATE_"))}
    return ours | {"HOME": str(home), "LC_ALL": "C.UTF-8"} | more


def mhc(home: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(MHC), *args], env=environ(home, **more), capture_output=True, text=True, check=False
    )


def script(home: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SCRIPT, *args]
    return subprocess.run(
        command,
        env=environ(home, **more),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
    )


@pytest.mark.parametrize("words", [["-o", "json"], ["--output=json"], ["-ojson"], ["--json"]])
def test_errors_are_json_where_json_was_asked_for(tmp_path: Path, words: list[str]) -> None:
    run = script(tmp_path, "do", "missing", *words)
    body = json.loads(run.stderr)["error"]
    assert (run.returncode, body["exit"], body["code"]) == (3, 3, "not_found")
    assert body["message"] == "no person named 'viewer_one'"
    assert body["hint"] == "did you mean: viewer_two?"
    assert run.stderr.count("\n") == 1


def test_json_may_come_from_the_environment_and_be_undone(tmp_path: Path) -> None:
    assert json.loads(mhc(tmp_path, "persn", MHC_OUTPUT="json").stderr)["error"]["code"] == "usage"
    assert script(tmp_path, "do", "missing", "-o", "table", MHC_OUTPUT="json").stderr.startswith("mhc: ")
    assert script(tmp_path, "do", "missing", "--", "--json").stderr.startswith("mhc: ")


def test_a_known_error_is_a_sentence_and_a_hint(tmp_path: Path) -> None:
    run = script(tmp_path, "do", "missing")
    assert (run.returncode, run.stdout) == (3, "")
    assert run.stderr == "mhc: no person named 'viewer_one'\nhint: did you mean: viewer_two?\n"


def test_what_is_printed_of_an_error_is_redacted_and_escaped(tmp_path: Path) -> None:
    run = script(tmp_path, "do", "two")
    assert run.returncode == 78
    assert run.stderr == "mhc: 2 problems:\n  first\\nmhc: forged\n  token=*** \\x1b[2J\nhint: read\n"


@pytest.mark.parametrize(
    ("what", "status", "stderr"),
    [
        ("status", 4, ""),
        ("return", 75, ""),
        ("true", 0, ""),
        ("exit", 1, "mhc: stopped\n"),
        ("disk", 74, "mhc: write error: /data/mhc.db: No space left on device\n"),
    ],
)
def test_each_way_to_end_has_its_status(tmp_path: Path, what: str, status: int, stderr: str) -> None:
    run = script(tmp_path, "do", what)
    assert (run.returncode, run.stdout, run.stderr) == (status, "", stderr)


def test_a_question_without_an_answer_is_a_no(tmp_path: Path) -> None:
    run = script(tmp_path, "do", "ask")
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("mhc: not done")


def test_a_group_alone_prints_its_help_on_stderr(tmp_path: Path) -> None:
    run = script(tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert "Usage: mhc" in run.stderr


def test_a_bug_leaves_a_private_redacted_file(tmp_path: Path) -> None:
    run = script(tmp_path, "do", "bug")
    assert (run.returncode, run.stdout) == (70, "")
    found = re.fullmatch(r"mhc: a bug in mhc \(RuntimeError\), written to (\S+)\nhint: .*\n", run.stderr)
    assert found
    path = Path(found[1])
    assert path.parent == tmp_path / ".local/state/mhc/crash"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert "RuntimeError: /events/example_room/***/ broke" in path.read_text()
    assert "canary" not in path.read_text()


def test_a_bug_without_a_place_for_its_file_is_still_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = script(tmp_path, "do", "bug", MHC_STATE_DIR=str(tmp_path / "file"))
    assert run.returncode == 70
    assert "Traceback" in run.stderr
    assert "no crash file could be written (Not a directory)" in run.stderr


@pytest.mark.parametrize(("words", "variable"), [(["--debug"], ""), ([], "1")])
def test_debug_shows_the_redacted_traceback(tmp_path: Path, words: list[str], variable: str) -> None:
    run = script(tmp_path, *words, "do", "bug", MHC_DEBUG=variable)
    assert run.returncode == 70
    assert run.stderr.startswith("Traceback")
    assert "canary" not in run.stderr
    assert list(tmp_path.iterdir()) == []
    known = script(tmp_path, *words, "do", "missing", MHC_DEBUG=variable)
    assert known.stderr.startswith("Traceback")
    assert known.stderr.endswith("mhc: no person named 'viewer_one'\nhint: did you mean: viewer_two?\n")


PIPED = [["--help"], ["--version"], []]
UNBUFFERED = [{}, {"PYTHONUNBUFFERED": "1"}]


def into_closed_pipe(command: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            command, env=env, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT
        )
    finally:
        os.close(writer)


@pytest.mark.parametrize("unbuffered", UNBUFFERED)
@pytest.mark.parametrize("args", PIPED)
def test_a_closed_pipe_ends_help_quietly(tmp_path: Path, args: list[str], unbuffered: dict[str, str]) -> None:
    run = into_closed_pipe([str(MHC), *args], environ(tmp_path, **unbuffered))
    assert (run.returncode, run.stderr) == (141, "")


@pytest.mark.parametrize("unbuffered", UNBUFFERED)
@pytest.mark.parametrize("what", ["big", "print", "small"])
def test_a_closed_pipe_ends_a_command_quietly(tmp_path: Path, what: str, unbuffered: dict[str, str]) -> None:
    command = [sys.executable, "-c", SCRIPT, "do", what]
    run = into_closed_pipe(command, environ(tmp_path, **unbuffered))
    assert (run.returncode, run.stderr) == (141, "")


@pytest.mark.parametrize("unbuffered", UNBUFFERED)
@pytest.mark.parametrize("what", ["big", "print", "small"])
def test_a_pipe_closed_after_a_line_too(tmp_path: Path, what: str, unbuffered: dict[str, str]) -> None:
    command = [sys.executable, "-c", SCRIPT, "do", what]
    run = subprocess.Popen(
        command, env=environ(tmp_path, **unbuffered), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert run.stdout is not None
    assert run.stderr is not None
    assert run.stdout.readline().startswith(b"row")
    run.stdout.close()
    errors = run.stderr.read()
    run.stderr.close()
    assert (run.wait(), errors) == (0 if what == "small" else 141, b"")


@pytest.mark.parametrize("unbuffered", UNBUFFERED)
@pytest.mark.parametrize("what", ["big", "print", "small", "--help"])
def test_a_full_disk_is_told(tmp_path: Path, what: str, unbuffered: dict[str, str]) -> None:
    args = [what] if what == "--help" else ["do", what]
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, *args],
            env=environ(tmp_path, **unbuffered), stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT,
        )  # fmt: skip
    assert (run.returncode, run.stderr) == (74, "mhc: write error: No space left on device\n")


@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"])
def test_streams_that_take_nothing_keep_the_status(tmp_path: Path, redirect: str) -> None:
    command = ["/bin/sh", "-c", f'"$0" persn {redirect}', str(MHC)]
    run = subprocess.run(command, env=environ(tmp_path), capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (2, "", "")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_with_their_status(tmp_path: Path, number: int, status: int) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "do", "wait"],
        env=environ(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    run.send_signal(number)
    _, errors = run.communicate()
    assert (run.returncode, errors.strip()) == (status, "")


def test_files_are_private_and_odd_text_is_escaped(tmp_path: Path) -> None:
    assert script(tmp_path, "do", "umask").stdout == "0o77\n"
    ascii_only = script(tmp_path, "do", "odd", PYTHONIOENCODING="ascii")
    assert ascii_only.stdout == "\\u2603 \\udcff\n"
    assert script(tmp_path, "do", "odd").stdout == "\u2603 \\udcff\n"
