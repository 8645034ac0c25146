"""`mhc service print`: files for others, with the paths of this installation."""

import getpass
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from command import MHC, Mhc, MhcHere
from mhc.cli import service
from mhc.config import JOBS

ROOT = Path(__file__).parent.parent.parent
SYSTEMD_ANALYZE = shutil.which("systemd-analyze")


@pytest.fixture
def mhc(tmp_path: Path) -> MhcHere:
    return MhcHere(tmp_path)


def printed(mhc: Mhc, what: str, *words: str, **environ: str) -> str:
    run = mhc("service", "print", what, *words, **environ)
    assert (run.status, run.stderr) == (0, "")
    return run.stdout


def test_the_example_at_the_top_is_what_is_printed_for_opt() -> None:
    assert service.CRONTAB.format(mhc="/opt/mhc/bin/mhc") == (ROOT / "crontab.example").read_text()


def test_cron_lines_call_this_installation(mhc: MhcHere) -> None:
    text = printed(mhc, "cron")
    assert text == service.CRONTAB.format(mhc=MHC)
    jobs = [line.split(None, 5)[5] for line in text.splitlines() if line[0] != "#"]
    assert [job.split()[0] for job in jobs] == [str(MHC)] * 4
    assert list(mhc.home.iterdir()) == []


def test_a_cron_line_runs_in_crons_environment(run_mhc: Mhc) -> None:
    lines = [line for line in printed(run_mhc, "cron").splitlines() if line[0] != "#"]
    job = lines[-1].split(None, 5)[5]
    cron = {"HOME": str(run_mhc.home), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
    run = subprocess.run(["/bin/sh", "-c", job], env=cron, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_a_configuration_that_was_named_is_named_again(mhc: MhcHere) -> None:
    path = mhc.home / "it's 100%.toml"
    path.touch(mode=0o600)
    quoted = "'" + str(path).replace("'", "'\"'\"'").replace("%", "\\%") + "'"
    assert f"{MHC} --config {quoted} -q listen --once" in printed(mhc, "cron", "--config", str(path))
    unit = printed(mhc, "listen", MHC_CONFIG=str(path))
    assert f'ExecStart={MHC} --config "{path}" listen -o none\n'.replace("%", "%%") in unit


def test_the_unit_of_the_listener(mhc: MhcHere) -> None:
    lines = printed(mhc, "listen").splitlines()
    for line in (
        "Type=notify",
        f"User={getpass.getuser()}",
        f"ExecStart={MHC} listen -o none",
        f"Environment=MHC_STATE_DIR={mhc.home}/state",
        "Restart=on-failure",
        "RestartPreventExitStatus=2 77 78",
        "UMask=0077",
    ):
        assert line in lines
    assert "ProtectHome=yes" not in printed(mhc, "listen", MHC_STATE_DIR="/home/somebody/state").splitlines()


def test_no_secret_is_printed(mhc: MhcHere) -> None:
    secret = {
        "CB_AUTH_TOKEN": "CANARY0TOKEN",
        "DATABASE_URL": "postgresql://mhc:CANARY0PASSWORD@localhost/mhc",
    }
    kinds = ("listen", "job", "timer", "cron", "logrotate")
    assert all("CANARY" not in printed(mhc, what, **secret) for what in kinds)


@pytest.mark.skipif(SYSTEMD_ANALYZE is None, reason="systemd-analyze not found")
def test_systemd_takes_the_unit(mhc: MhcHere, tmp_path: Path) -> None:
    odd = tmp_path / 'a 100% $HOME "odd" place'
    assert SYSTEMD_ANALYZE is not None
    for environ in ({}, {"MHC_STATE_DIR": str(odd)}):
        units = [tmp_path / name for name in ("mhc-listen.service", "mhc-job.service", "mhc-job.timer")]
        for unit, what in zip(units, ("listen", "job", "timer"), strict=True):
            unit.write_text(printed(mhc, what, **environ))
        verify = [SYSTEMD_ANALYZE, "verify", *map(str, units)]
        run = subprocess.run(verify, capture_output=True, text=True, check=False)
        assert (run.returncode, run.stderr) == (0, "")


def test_logrotate_keeps_what_was_written_beside_the_state(mhc: MhcHere) -> None:
    text = printed(mhc, "logrotate")
    assert f"{mhc.home}/state/log/*.log {{\n" in text
    for word in ("weekly", "rotate 8", "missingok", "copytruncate"):
        assert f"    {word}\n" in text


def test_only_what_can_run_is_printed(mhc: MhcHere) -> None:
    run = mhc("service", "print", "launchd")
    assert (run.status, run.stdout) == (2, "")
    assert "is not one of 'listen', 'job', 'timer', 'cron', 'logrotate'" in run.stderr


def test_the_units_of_the_jobs(mhc: MhcHere) -> None:
    lines = printed(mhc, "job").splitlines()
    for line in ("Type=oneshot", f"ExecStart={MHC} -q job tick", "SuccessExitStatus=75", "UMask=0077"):
        assert line in lines
    assert "OnCalendar=minutely" in printed(mhc, "timer").splitlines()


def test_the_crontab_has_a_line_for_every_job() -> None:
    found = re.findall(r"^# .* job run (\S+)$", (ROOT / "crontab.example").read_text(), re.MULTILINE)
    assert found == [job.name for job in JOBS]
