"""`mhc sandbox`: the upstreams on this machine, from made-up data."""

import os
import shlex
import socket
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import click

from mhc.cli.context import settings, utc_now
from mhc.cli.help import Group
from mhc.cli.lookups import instant
from mhc.cli.options import Command, common_options
from mhc.config import Settings
from mhc.domain.names import UsernameError, parse_username
from mhc.domain.times import parse_duration
from mhc.errors import TryLaterError, UsageError

PORT = 8750
ROOM = "example_room"
_DEMO_SECONDS = 20
_DEMO_SPEED = 60.0
_QUESTIONS = (
    ["session", "list", "-L", "5"],
    ["report", "tippers", "--top", "10"],
    ["person", "show", "viewer_one"],
)
_FAREWELL = """
That was the sandbox; what it captured stays in {path}

For your own room: make a token with the scope Events API at https://chaturbate.com/statsapi/authtoken/
and set it, with your name, in the environment or with: mhc init

  export CHATURBATE_USERNAME=your_name
  export CB_AUTH_TOKEN=your_token
  mhc listen"""


@click.group(cls=Group, examples=["mhc sandbox demo --for 5s", "mhc sandbox serve"])
def group() -> None:
    """Try mhc out against made-up data."""


@group.command(
    "serve",
    cls=Command,
    examples=[
        "mhc sandbox serve",
        "mhc sandbox serve --speed 60 --misbehave 0.1",
        "mhc sandbox serve --start 30d --speed 86400",
    ],
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    metavar="N",
    help="0 takes a free one.",
)
@click.option("--room", default=ROOM, show_default=True, metavar="ROOM", help="The room that plays.")
@click.option(
    "--seed", type=int, default=1, show_default=True, metavar="N", help="The same seed plays the same show."
)
@click.option(
    "--speed",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    metavar="N",
    help="Times as fast; 0 plays all at once.",
)
@click.option(
    "--start", metavar="TIME", help="When the first show begins; made-up time runs from there until now."
)
@click.option("--events", type=click.IntRange(1), metavar="N", help="End the show after so many events.")
@click.option("--length", default="2h", show_default=True, metavar="TIME", help="How long a show lasts.")
@click.option(
    "--empty",
    type=click.Choice(["200", "400"]),
    default="200",
    show_default=True,
    help="Status of an empty poll.",
)
@click.option(
    "--retention", type=click.IntRange(1), metavar="N", help="Keep so many past events (default: all)."
)
@click.option(
    "--faults", metavar="WORDS", default="", help="Faults for the first requests to each API: 3*502,reset …"
)
@click.option(
    "--misbehave",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="SHARE",
    help="Share of requests that go wrong, 0 to 1.",
)
@click.option(
    "--rename",
    "renames",
    metavar="OLD=NEW",
    multiple=True,
    help="Who bears another name from the second show on.",
)
@click.option(
    "--crowd",
    type=click.IntRange(0, 9_999),
    default=0,
    metavar="N",
    help="Further members whom Statbate knows.",
)
@click.option(
    "--rooms",
    type=click.IntRange(0, 99_999),
    default=6_000,
    show_default=True,
    metavar="N",
    help="Further rooms in the public feed, a tenth of them on air.",
)
@click.option(
    "--naive", is_flag=True, help="Statbate in its other form: times without a zone, model_name for model."
)
@click.option("--for", "seconds", metavar="TIME", help="End after this time.")
@common_options
@click.pass_context
def serve(
    ctx: click.Context,
    port: int,
    room: str,
    seed: int,
    speed: float,
    start: str | None,
    events: int | None,
    length: str,
    empty: str,
    retention: int | None,
    faults: str,
    misbehave: float,
    renames: tuple[str, ...],
    crowd: int,
    rooms: int,
    naive: bool,
    seconds: str | None,
) -> None:
    """Play a made-up room on this machine, until stopped.

    Its feed, what Statbate saw of its people over the last months, the statistics of its account, its affiliate
    earnings, the public feed of rooms: one story, the same for the same seed. Its token statistics are a file, as a
    browser would get it: /tokens.csv, which mhc import tokens takes. Each API refuses and slows down as the real one
    does; its limits run as fast as the show.

    Says on stdout what to set, as lines that a shell can take: `eval "$(mhc sandbox serve …)"` would wait, so run it
    in another terminal.
    """
    from mhc.sandbox.server import Sandbox

    try:
        sandbox = Sandbox(
            port=port,
            room=room,
            seed=seed,
            speed=speed,
            start=None if start is None else instant(ctx, start, now=utc_now()),
            until_now=True,
            events=events,
            length=timedelta(seconds=_seconds(length, "--length")),
            empty="400" if empty == "400" else "200",
            retention=retention,
            faults=faults,
            misbehave=misbehave,
            renames=dict(map(_rename, renames)),
            crowd=crowd,
            rooms=rooms,
            naive=naive,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
    until = None if seconds is None else _seconds(seconds, "--for")
    try:
        sandbox.start()
    except OSError as error:
        raise TryLaterError(f"port {port}: {error.strerror}", hint="--port 0 takes a free one") from None
    try:
        for name, value in sandbox.environment.items():
            click.echo(f"export {name}={shlex.quote(value)}")
        threading.Event().wait(until)
    finally:
        sandbox.stop()


def _rename(text: str) -> tuple[str, str]:
    old, _, new = text.partition("=")
    try:
        return parse_username(old), parse_username(new)
    except UsernameError as error:
        raise UsageError(f"--rename takes OLD=NEW: {error}") from None


@group.command("demo", cls=Command, examples=["mhc sandbox demo --for 5s"])
@click.option(
    "--for", "length", default=f"{_DEMO_SECONDS}s", show_default=True, metavar="TIME", help="How long."
)
@click.option("--unless-configured", is_flag=True, help="With a room and a token set: mhc listen instead.")
@common_options
@click.pass_context
def demo(ctx: click.Context, length: str, unless_configured: bool) -> int:
    """Capture a made-up room for a while, and show what became of it.

    Uses a database of its own, sandbox.db beside the real one, which is never opened.
    """
    loaded = settings(ctx)
    if unless_configured and loaded.room and loaded.events_token:
        return _mhc(["listen"], None)
    from mhc.sandbox.server import Sandbox

    seconds = _seconds(length, "--for")
    path = loaded.data_dir / "sandbox.db"
    click.echo(f"No room of yours is set: this is a made-up one, captured into {path}")
    click.echo("Your real database is not opened.")
    show = timedelta(seconds=max(60.0, seconds * 0.85 * _DEMO_SPEED))
    with Sandbox(port=_free(PORT), room=ROOM, speed=_DEMO_SPEED, length=show) as sandbox:
        feed = {"MHC_EVENTS_URL": sandbox.url, "CHATURBATE_USERNAME": ROOM, "CB_AUTH_TOKEN": sandbox.token}
        surroundings = _surroundings(loaded, path) | feed
        for words in (["listen", "--for", length], *_QUESTIONS):
            click.echo(f"\n$ mhc {' '.join(words)}")
            if status := _mhc(words, surroundings):
                return status
    click.echo(_FAREWELL.format(path=path))
    return 0


def _seconds(text: str, option: str) -> float:
    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def _free(port: int) -> int:
    """Give the port, or 0 where it is taken: the same one each time keeps one feed in the database."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _surroundings(loaded: Settings, path: Path) -> dict[str, str]:
    """Give an environment in which mhc knows the sandbox only: no configuration, token or database of the user's."""
    ours = ("MHC_", "CB_", "CHATURBATE_", "STATBATE_", "DATABASE_", "STATE_DIRECTORY")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    state = loaded.state_dir / "sandbox"
    return kept | {
        "XDG_CONFIG_HOME": str(state / "config"),
        "MHC_STATE_DIR": str(state),
        "MHC_TIMEZONE": loaded.timezone.key,
        "DATABASE_URL": f"sqlite:///{path}",
        "MHC_OUTPUT": "table",  # for a person, in a log too
    }


def _mhc(words: list[str], environment: dict[str, str] | None) -> int:
    """Run a command as a person would, and give its status."""
    sys.stdout.flush()
    call = [sys.executable, "-P", "-m", "mhc", *words]  # -P: nothing is imported from here
    return subprocess.run(call, env=environment, check=False).returncode  # noqa: S603 - our own words
