"""The root command: help, version, typos and completion, which import none of the commands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from mhc.cli.context import settings
from mhc.cli.options import Shared
from mhc.cli.root import COMMANDS, LazyGroup, cli
from mhc.errors import ConfigError

MHC = Path(sys.executable).parent / "mhc"
HEAVY = {
    "sqlalchemy",
    "requests",
    "urllib3",
    "alembic",
    "psycopg",
    "tabulate",
    "msgspec",
    "mhc.config",
    "mhc.log",
}


def environ(home: Path, **more: str) -> dict[str, str]:
    """Give an environment in which pipes are buffered, as they are for a user."""
    ours = {n: v for n, v in os.environ.items() if not n.startswith(("PYTHON", "MHC_", "XDG_", "STATE_"))}
    return ours | {"HOME": str(home), "LC_ALL": "C.UTF-8"} | more


def mhc(home: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(MHC), *args], env=environ(home, **more), capture_output=True, text=True, check=False
    )


def test_bare_mhc_says_where_to_begin(tmp_path: Path) -> None:
    run = mhc(tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert len(re.findall(r"^  mhc \w+", run.stdout, re.MULTILINE)) == 5
    assert list(tmp_path.iterdir()) == []


def test_help_and_version(tmp_path: Path) -> None:
    run = mhc(tmp_path, "--help")
    assert (run.returncode, run.stderr) == (0, "")
    for name in ("init", "listen", "person", "sandbox"):
        assert re.search(rf"^  {name} +[A-Z]", run.stdout, re.MULTILINE)
    assert mhc(tmp_path, "-h").stdout == run.stdout
    assert mhc(tmp_path, "-V").stdout == mhc(tmp_path, "--version").stdout
    assert re.fullmatch(r"mhc \d+\.\d+\S*\n", mhc(tmp_path, "-V").stdout)


def test_a_typo_is_a_line_a_suggestion_and_a_hint(tmp_path: Path) -> None:
    run = mhc(tmp_path, "persn", "show")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "mhc: no such command 'persn'. Did you mean 'person'?\nhint: mhc --help\n"


def test_a_wrong_option_too(tmp_path: Path) -> None:
    run = mhc(tmp_path, "--verbos")
    assert run.returncode == 2
    assert (
        run.stderr
        == "mhc: no such option '--verbos'. (Did you mean one of: '--verbose', '--version'?)\nhint: mhc --help\n"
    )


@click.command()
@click.pass_context
def extra(ctx: click.Context, /) -> None:
    """Do more."""
    shared = ctx.find_object(Shared)
    assert shared
    assert callable(shared.tz)
    click.echo(f"{settings(ctx).database_url} {shared.verbose} {shared.tz()}")
    assert settings(ctx) is settings(ctx)
    assert settings(ctx, fresh=True) is settings(ctx)


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Run the real root command, with one more command."""
    monkeypatch.setitem(cli.commands, "extra", extra)
    monkeypatch.setattr("mhc.cli.context.setup", lambda *_args: None)  # the process's logging stays as it is
    return CliRunner(env={"HOME": str(tmp_path), "MHC_TIMEZONE": "Europe/Berlin"}, catch_exceptions=False)


def test_root_options_reach_the_settings(runner: CliRunner) -> None:
    run = runner.invoke(cli, ["-vv", "--db", "/data/a.db", "extra"])
    assert run.stdout == "sqlite:////data/a.db 2 Europe/Berlin\n"


def test_bad_settings_are_an_error_when_they_are_read(runner: CliRunner) -> None:
    with pytest.raises(ConfigError, match="MHC_WAIT_SCALE"):
        runner.invoke(cli, ["extra"], env={"MHC_WAIT_SCALE": "-1"})
    assert runner.invoke(cli, [], env={"MHC_WAIT_SCALE": "-1"}).exit_code == 0


def test_a_lazy_group_may_hold_plain_commands_too() -> None:
    group = LazyGroup("mhc", table={"gone": ("mhc.cli.gone:group", "Not there.")})
    group.add_command(extra)
    run = CliRunner().invoke(group, ["-h"])
    assert re.findall(r"^  (\w+ +.*)$", run.stdout, re.MULTILINE)[-2:] == [
        "gone   Not there.",
        "extra  Do more.",
    ]
    assert CliRunner().invoke(group, ["extra", "--help"]).exit_code == 0


def test_the_table_is_what_help_lists() -> None:
    assert cli.list_commands(click.Context(cli)) == list(COMMANDS)
    for target, text in COMMANDS.values():
        assert re.fullmatch(r"mhc\.cli\.\w+:(group|command)", target)
        assert re.fullmatch(r"[A-Z].{10,64}\.", text)


def test_verbose_and_quiet_contradict_each_other(runner: CliRunner) -> None:
    run = runner.invoke(cli, ["-v", "-q", "extra"])
    assert (run.exit_code, run.stdout) == (2, "")
    assert "contradict" in run.stderr


def test_a_missing_module_is_a_bug_and_not_a_typo(tmp_path: Path) -> None:
    code = (
        "from mhc.cli.root import LazyGroup\nfrom mhc.__main__ import run\nimport sys\n"
        "cli = LazyGroup('mhc', table={'gone': ('mhc.cli.gone:group', 'Not there.')})\n"
        "sys.exit(run(cli, sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "gone", "--debug"]
    run = subprocess.run(command, env=environ(tmp_path), capture_output=True, text=True, check=False)
    assert run.returncode == 70
    assert "ModuleNotFoundError: No module named 'mhc.cli.gone'" in run.stderr


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["persn"], []])
def test_what_needs_no_data_imports_nothing_heavy(tmp_path: Path, args: list[str]) -> None:
    code = (
        "import sys\nfrom mhc.__main__ import run\nfrom mhc.cli.root import cli\nrun(cli, sys.argv[1:])\n"
        "print('\\nloaded', *sys.modules)"
    )
    command = [sys.executable, "-c", code, *args]
    run = subprocess.run(command, env=environ(tmp_path), capture_output=True, text=True, check=True)
    loaded = set(run.stdout.rpartition("\nloaded ")[2].split())
    assert "mhc.cli.root" in loaded
    # Bare mhc looks whether there is a database; an error is redacted.
    needed = {"persn": {"mhc.log"}, "": {"mhc.log", "mhc.config"}}.get("".join(args), set())
    assert loaded & (HEAVY - needed) == set()


def test_names_complete_without_an_import(tmp_path: Path) -> None:
    run = mhc(tmp_path, _MHC_COMPLETE="bash_complete", COMP_WORDS="mhc pe", COMP_CWORD="1")
    assert run.stdout == "plain,person\n"
