"""`mhc service`: what cron, systemd and logrotate want to read, with the paths of this installation."""

import getpass
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mhc.cli.context import settings
from mhc.cli.help import Group
from mhc.cli.options import Command, Shared, common_options

if TYPE_CHECKING:
    from mhc.config import Settings

CRONTAB = """\
# m  h  dom mon dow  command                               (paths as `which mhc` shows them)
# Read what came since the last time, where no `mhc listen` runs as a service: where one does it ends with 75, silent.
*/5  *  *   *   *    {mhc} -q listen --once -o none
# Run the jobs that are due: [jobs.NAME] of config.toml says when each is, `mhc job list` shows it.
*    *  *   *   *    {mhc} -q job tick
# Say what is wrong with them, once a day: a run that failed, or one that did not come.
30   7  *   *   *    {mhc} -q job status --check >/dev/null
# Compare all that is derived with the events, once a week; says something only where it differs.
30   6  *   *   1    {mhc} -q db check >/dev/null
# Mail what happened in the last day; where nothing did, nothing is printed, and cron mails nothing. Where nothing was
# captured that is said: the listener may be dead.
# 0    8  *   *   *    {mhc} -q report digest --since 24h --format text
# In place of `mhc job tick`, where cron is to say when: a line a job. One that is off, or runs already, is left alone.
# 7    */6 *   *   *    {mhc} -q job run statbate-refresh
# */15 *  *   *   *    {mhc} -q job run stats-poll
# */10 *  *   *   *    {mhc} -q job run sessions-close
# 15   4  *   *   *    {mhc} -q job run db-backup
# 15   5  *   *   *    {mhc} -q job run db-prune
# */5  *  *   *   *    {mhc} -q job run affiliate-poll
# 45   6  *   *   *    {mhc} -q job run profile-refresh
# */10 *  *   *   *    {mhc} -q job run cbhours-poll
"""
_JOB = """\
# mhc-job.service: runs the jobs that are due, as {user}. mhc-job.timer calls it each minute. To install both:
#   mhc service print job | sudo tee /etc/systemd/system/mhc-job.service
#   mhc service print timer | sudo tee /etc/systemd/system/mhc-job.timer
#   sudo systemctl daemon-reload && sudo systemctl enable --now mhc-job.timer
# Tokens and database: in {config} (mhc init), or as
# NAME=value lines in /etc/mhc/mhc.env (mode 0600). What a shell has set does not reach a service.
[Unit]
Description=mhc: jobs that are due
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={user}
ExecStart={mhc} -q job tick
EnvironmentFile=-/etc/mhc/mhc.env
Environment={state}
# Another is at work still.
SuccessExitStatus=75
TimeoutStopSec=60
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=full
{home}"""
_TIMER = """\
# mhc-job.timer: calls mhc-job.service each minute. mhc knows when each job is due, and runs once what was missed.
[Unit]
Description=mhc: each minute, the jobs that are due

[Timer]
OnCalendar=minutely
AccuracySec=5s

[Install]
WantedBy=timers.target
"""
_UNIT = """\
# mhc-listen.service: captures the room from boot on, as {user}. To install it:
#   mhc service print listen | sudo tee /etc/systemd/system/mhc-listen.service
#   sudo systemctl daemon-reload && sudo systemctl enable --now mhc-listen
# Room, token and database: in {config} (mhc init), or
# as NAME=value lines in /etc/mhc/mhc.env (mode 0600). What a shell has set does not reach a service.
[Unit]
Description=mhc: capture of the room
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
User={user}
ExecStart={mhc} listen -o none
ExecReload=/bin/kill -HUP $MAINPID
EnvironmentFile=-/etc/mhc/mhc.env
Environment={state}
Restart=on-failure
RestartSec=5s
# Usage, token, configuration: starting again cannot help.
RestartPreventExitStatus=2 77 78
WatchdogSec=120
TimeoutStopSec=30
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=full
{home}
[Install]
WantedBy=multi-user.target
"""
_LOGROTATE = """\
# What cron or a shell writes there, such as: mhc -v listen --once 2>>{log}/listen.log
# A service writes to the journal, and mhc keeps no log of its own. Copied, since a shell keeps its file open.
{log}/*.log {{
    su {user} {group}
    weekly
    rotate 8
    compress
    delaycompress
    missingok
    notifempty
    copytruncate
}}
"""
_HOMES = ("/home", "/root", "/run/user")


@click.group(cls=Group, examples=["mhc service print listen", "mhc service print cron"])
def group() -> None:
    """Units for cron, systemd and logrotate, to be printed."""


@group.command(
    "print",
    cls=Command,
    examples=["mhc service print listen", "mhc service print cron", "mhc service print timer"],
)
@click.argument("what", metavar="KIND", type=click.Choice(["listen", "job", "timer", "cron", "logrotate"]),
                help="listen, job and timer, systemd units; cron, a crontab; logrotate, rules for log files.")  # fmt: skip
@common_options
@click.pass_context
def print_unit(ctx: click.Context, what: str) -> None:
    """Print a file for cron, systemd or logrotate, with the paths of this installation. Installs nothing.

    A configuration file that this call names (--config, MHC_CONFIG) is named in what is printed, too.
    """
    loaded = settings(ctx)
    words = [*program(), *_options(ctx)]
    if what == "cron":
        text = CRONTAB.format(mhc=shlex.join(words).replace("%", "\\%"))
    elif what == "timer":
        text = _TIMER
    elif what in {"listen", "job"}:
        text = _unit(_UNIT if what == "listen" else _JOB, loaded, words)
    else:
        log = shlex.quote(str(loaded.state_dir / "log"))
        text = _LOGROTATE.format(log=log, user=getpass.getuser(), group=_group())
    sys.stdout.write(text)


def program() -> list[str]:
    """Give the words that start this installation of mhc, from anywhere."""
    script = Path(sys.executable).with_name("mhc")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "mhc"]


def _options(ctx: click.Context) -> list[str]:
    named = ctx.ensure_object(Shared).config or os.environ.get("MHC_CONFIG", "").strip()
    return ["--config", str(settings(ctx).config_path)] if named else []


def _unit(unit: str, loaded: "Settings", words: list[str]) -> str:
    used = [Path(words[0]), loaded.config_path, loaded.state_dir, loaded.database_file]
    at_home = any(path.is_relative_to(home) for path in used if path for home in _HOMES)
    return unit.format(
        user=getpass.getuser(),
        config=loaded.config_path,
        mhc=" ".join(_word(word).replace("$", "$$") for word in words),
        state=_word(f"MHC_STATE_DIR={loaded.state_dir}"),
        home="" if at_home else "ProtectHome=yes\n",
    )


def _word(word: str) -> str:
    """Write a word as a unit takes it: quoted where it has blanks, % doubled."""
    word = word.replace("%", "%%")
    if not any(letter in word for letter in " \t\"'\\"):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _group() -> str:
    import grp

    return grp.getgrgid(os.getgid()).gr_name
