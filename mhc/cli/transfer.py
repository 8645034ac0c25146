"""`mhc capture export` and `import`: a capture as a file, whole, and back."""

import os
import secrets
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, TextIO

import click

from mhc import __version__, audit
from mhc.cli import complete
from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.lookups import person as find_person
from mhc.cli.lookups import time_range
from mhc.cli.options import Command, common_options, output_options, write_options
from mhc.cli.output import Field, Writer
from mhc.cli.progress import Progress
from mhc.cli.telling import say
from mhc.config import check_option
from mhc.domain.counted import counted
from mhc.errors import DataError, NotFoundError, UsageError, of_os_error

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.capture.importing import Result
    from mhc.store.transfer_out import Wanted

IMPORTED = (
    Field("what", "text", "Type of line: event, person, gap, …", foreign=False),
    Field("lines", "int", "How many the file has."),
    Field("new", "int", "How many were not here; with -n, would be new."),
)
_BUFFER = 256 * 1024


@click.command(
    cls=Command,
    examples=[
        "mhc capture export --out capture.jsonl",
        "mhc capture export --room example_room --since 30d | gzip > capture.jsonl.gz",
    ],
)
@click.option(
    "--room",
    "rooms",
    metavar="ROOM",
    multiple=True,
    shell_complete=complete.rooms,
    help="This room only; may be given again (default: all).",
)
@click.option("--since", metavar="TIME", help="From then on: 2d, yesterday, 2026-03-01, session …")
@click.option("--until", metavar="TIME", help="Before then; a date includes its whole day.")
@click.option(
    "--out",
    metavar="FILE",
    help="A file of yours alone, instead of stdout (-); one that is there is refused. A terminal needs one of the two.",
)
@click.option("-y", "--yes", is_flag=True, help="Replace the file.")
@common_options
@click.pass_context
def export(
    ctx: click.Context,
    rooms: tuple[str, ...],
    since: str | None,
    until: str | None,
    out: str | None,
    yes: bool,
) -> None:
    """Write all that was captured, and what you typed, as JSON lines.

    The file is always whole: it names who tipped anonymously and holds private messages. Nothing is missing that a
    running listener had stored before; `mhc capture import` reads it, on another machine or database, too.
    """
    from mhc.store import transfer_out
    from mhc.store.lines import FORMAT, TYPES, Header, write
    from mhc.store.schema import REVISION

    check_option("--out", out)
    if sys.stdout.isatty() and out == "-" and settings(ctx).screen_safe:
        raise UsageError("MHC_SCREEN_SAFE is set, and an export hides nothing", hint="--out FILE")
    if out is None and sys.stdout.isatty():
        raise UsageError(
            "an export shows private messages and who tipped anonymously", hint="--out FILE, or a pipe"
        )
    out = None if out == "-" else out
    state, counts = settings(ctx).state_dir, Counter[str]()
    with database(ctx) as db:
        with db.read() as conn:
            names, wanted = _wanted(ctx, conn, rooms, since, until)
        header = Header(FORMAT, __version__, REVISION, utc_now(), names, wanted.since, wanted.until)
        audit.ensure_writable(state)
        facts: dict[str, object] = {
            "file": out or "-",
            "rooms": names,
            "since": wanted.since,
            "until": wanted.until,
            "complete": False,
        }
        try:
            with target_file(out, replace=yes) as file, Progress(ctx, "lines") as progress:
                file.write(write(header))
                for number, line in enumerate(transfer_out.export(db, wanted), 1):
                    file.write(write(line))
                    counts[TYPES[type(line)]] += 1
                    progress(number)
            facts["complete"] = True
        finally:
            audit.record(state, "capture export", at=utc_now(), **facts, lines=counts)
    if out is not None:
        say(ctx, f"exported {counted(counts['event'], 'event')} to {out}")


def _wanted(
    ctx: click.Context, conn: "Connection", rooms: tuple[str, ...], since: str | None, until: str | None
) -> "tuple[list[str] | None, Wanted]":
    from mhc.store import people
    from mhc.store.transfer_out import Wanted

    asked = time_range(ctx, conn, since, until)
    if not rooms:
        return None, Wanted(None, asked.start, asked.end)
    found = [find_person(conn, one) for one in rooms]
    ids = tuple(i for one in found for i in people.members(conn, one.id))
    return [one.username for one in found], Wanted(ids, asked.start, asked.end)


@contextmanager
def target_file(out: str | None, *, replace: bool) -> Iterator[TextIO]:
    """Give stdout, or a new file that the owner alone can read; a link is never followed.

    An old file is replaced when the new one is whole and on the disk; what fails leaves no file.
    """
    if out is None:
        yield sys.stdout
        return
    path = Path(out)
    if path.is_dir() and not path.is_symlink():
        raise UsageError(f"{out} is a directory", hint="--out FILE")
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part") if replace else path
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(f"{out} is there already", hint="-y replaces it") from None
    except OSError as error:
        raise of_os_error(error, f"cannot use {out}") from None
    try:
        with os.fdopen(handle, "w", _BUFFER, encoding="ascii") as file:
            yield file
            file.flush()
            os.fsync(handle)
        if replace:
            partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@click.command(
    "import",
    cls=Command,
    examples=["mhc capture import capture.jsonl", "mhc capture import -n capture.jsonl"],
)
@click.argument("file", metavar="FILE", help="What `mhc capture export` wrote; - reads stdin.")
@write_options
@output_options(fields=IMPORTED)
@common_options
@click.pass_context
def import_(ctx: click.Context, /, out: Writer, file: str, dry_run: bool, **_asked: bool) -> None:
    """Take in what was exported elsewhere; what is here already is not taken again.

    What is here stays: an event with the same id and another body is rejected, and listed by `capture rejected`. The
    place in the feed is taken only for a room that was never listened to here. Ends with 65 where lines are missing
    or do not fit; the others are in then, and importing the whole file completes them.
    """
    from mhc.capture import importing

    state = settings(ctx).state_dir
    facts: dict[str, object] = {"file": file, "complete": False}
    with database(ctx) as db:
        if not dry_run:
            audit.ensure_writable(state)
        try:
            with _source(file) as source, Progress(ctx, "lines") as progress:
                gap = settings(ctx).merge_gap
                done = importing.run(db, source, gap, write=not dry_run, progress=progress)
            facts |= {"complete": _fits(done), "new": +done.new}
        finally:
            if not dry_run:
                audit.record(state, "capture import", at=utc_now(), **facts)
        if not dry_run:
            known_names.refresh(db, settings(ctx))
    rows = [{"what": what, "lines": number, "new": done.new[what]} for what, number in done.read.items()]
    out.rows(IMPORTED, out.ordered(IMPORTED, rows))
    for sentence in _warnings(done):
        out.warn(sentence)
    _refuse_holes(done)


@contextmanager
def _source(name: str) -> Iterator[IO[bytes]]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = os.fdopen(os.open(name, os.O_RDONLY | os.O_CLOEXEC), "rb")
    except FileNotFoundError:
        raise NotFoundError(f"no file {name}") from None
    except OSError as error:
        raise of_os_error(error, f"cannot use {name}") from None
    with file:
        yield file


def _fits(done: "Result") -> bool:
    return done.said is not None and not done.bad_lines and not done.missing


def _warnings(done: "Result") -> Iterator[str]:
    """Say what could not be taken over, and where to look."""
    if done.conflicting:
        yield f"{counted(done.conflicting, 'event has', 'events have')} an id that is here with another body: mhc capture rejected"
    if done.clashes:
        yield f"{counted(len(done.clashes), 'name is', 'names are')} another person's here: {', '.join(done.clashes[:5])}"
    if done.refused["session"]:
        yield counted(
            done.refused["session"],
            "session was left out: another is in its place here",
            "sessions were left out: another is in their place here",
        )
    if done.refused["merge"]:
        yield counted(
            done.refused["merge"],
            "merge was left out: it contradicts those here",
            "merges were left out: they contradict those here",
        )
    if done.forgotten:
        yield counted(
            done.forgotten,
            "line is about somebody who was forgotten, and was left out",
            "lines are about people who were forgotten, and were left out",
        )
    for name in done.pending:
        yield f"{name} was forgotten elsewhere, and is still here: mhc person forget {name}"
    if done.uncovered:
        yield f"{counted(done.uncovered, 'captured time was', 'captured times were')} left out, since lines are missing or do not fit"
    for number, why in sorted(done.bad):
        yield f"line {number}: {why}"
    if done.bad_lines > len(done.bad):
        yield f"{counted(done.bad_lines - len(done.bad), 'more line does', 'more lines do')} not fit"


def _refuse_holes(done: "Result") -> None:
    again = "what is in it was imported; importing the whole file completes it"
    if done.said is None:
        raise DataError(f"the file ends early, after line {done.last}", hint=again)
    if done.bad_lines:
        raise DataError(f"{counted(done.bad_lines, 'line does', 'lines do')} not fit", hint=again)
    if done.missing:
        raise DataError(f"{counted(done.missing, 'line is', 'lines are')} missing", hint=again)
