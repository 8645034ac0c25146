"""What goes wrong is one line and a status, one JSON object where JSON was asked for, and a crash file where it is a bug."""

import json
import re
from pathlib import Path
from unittest import mock

import click
import pytest

from calls import call_of
from command import Mhc, MhcHere
from conventions_ready import Ready
from docs_tree import Leaf, leaves
from mhc.domain.text import encode

LEAVES = leaves()
each_leaf = pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.path)
WITHOUT_DATABASE = {"config list", "config path", "service print", "completion"}
HERE = [leaf for leaf in LEAVES if not (call_of(leaf).apart or call_of(leaf).endless)]


def as_json(leaf: Leaf) -> tuple[list[str], dict[str, str]]:
    """Give how a command is asked for JSON: by its option, or by the variable where it has none."""
    return (["-o", "json"], {}) if leaf.fields is not None else ([], {"MHC_OUTPUT": "json"})


@each_leaf
def test_wrong_usage_is_one_object_on_stderr(reading: MhcHere, leaf: Leaf) -> None:
    option, variable = as_json(leaf)
    run = reading(*leaf.path.split(), *option, "--no-such-option", **variable)
    assert (run.status, run.stdout, run.stderr.count("\n")) == (2, "", 1)
    assert (run.error["code"], run.error["exit"]) == ("usage", 2)
    assert "--no-such-option" in run.error["message"]
    assert run.error["hint"] == f"mhc {leaf.path} --help"
    plain = reading(*leaf.path.split(), "--no-such-option")
    assert (plain.status, plain.stdout) == (2, "")
    assert plain.stderr.startswith("mhc: no such option")


@each_leaf
def test_what_is_not_there_is_one_object_on_stderr(reading: MhcHere, leaf: Leaf) -> None:
    call = call_of(leaf)
    arguments = [one for one in leaf.command.params if isinstance(one, click.Argument)]
    assert call.missing is not None or not arguments or call.never_missing, (
        f"tests/calls.py: `mhc {leaf.path}` takes a name: say in `missing` with which words it ends with 3"
    )
    if call.missing is None:
        return
    option, variable = as_json(leaf)
    run = reading(*leaf.path.split(), *call.missing.split(), *option, **variable)
    assert (run.status, run.stdout, run.stderr.count("\n")) == (3, "", 1)
    assert (run.error["code"], run.error["exit"]) == ("not_found", 3)
    assert run.error["hint"]  # near names, or what to do
    plain = reading(*leaf.path.split(), *call.missing.split())
    said = [encode(run.error[name], limit=None) for name in ("message", "hint")]
    assert plain.stderr == f"mhc: {said[0]}\nhint: {said[1]}\n"


@pytest.mark.parametrize("leaf", HERE, ids=lambda leaf: leaf.path)
def test_a_bug_leaves_a_private_crash_file_or_a_traceback(ready: Ready, leaf: Leaf) -> None:
    mhc = ready(leaf, MhcHere)
    mhc.environ["CB_AUTH_TOKEN"] = "tell-no-one"
    broken = RuntimeError("GET https://eventsapi.example/events/example_room/tell-no-one/ broke")
    with mock.patch("sqlite3.dbapi2.connect", side_effect=broken):
        run = mhc(*leaf.path.split(), *call_of(leaf).split)
        if leaf.path in WITHOUT_DATABASE:
            assert run.status == 0
            return
        assert (run.status, run.stdout) == (70, "")
        found = re.fullmatch(r"mhc: a bug in mhc \(RuntimeError\), written to (\S+)\nhint: .*\n", run.stderr)
        assert found, run.stderr
        path = Path(found[1])
        assert path.stat().st_mode & 0o777 == 0o600
        assert "Traceback" in path.read_text()
        shown = mhc(*leaf.path.split(), *call_of(leaf).split, "--debug")
    assert shown.status == 70
    assert shown.stderr.startswith("Traceback")
    assert "tell-no-one" not in path.read_text() + shown.stderr
    assert len(list(path.parent.iterdir())) == 1


def test_a_bug_of_the_installed_command(installed: Mhc, tmp_path: Path) -> None:
    lines = "import sqlite3.dbapi2\n\ndef broken(*_, **__):\n    raise RuntimeError('broken')\n\nsqlite3.dbapi2.connect = broken\n"
    (tmp_path / "sitecustomize.py").write_text(lines)
    broken = {"PYTHONPATH": str(tmp_path), "MHC_STATE_DIR": str(tmp_path / "state"), "MHC_OUTPUT": "json"}
    run = installed("person", "list", **broken)
    assert (run.status, run.stdout) == (70, "")
    body = json.loads(run.stderr)["error"]
    assert (body["code"], body["exit"], body["hint"]) == ("bug", 70, "--debug shows it here")
    (crash,) = (tmp_path / "state" / "crash").iterdir()
    assert str(crash) in body["message"]
    assert crash.stat().st_mode & 0o777 == 0o600
    shown = installed("person", "list", "--debug", **broken)
    assert (shown.status, shown.stdout) == (70, "")
    assert "Traceback" in shown.stderr
