"""`mhc doctor`: what works, what is missing, and what to do about it."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from socket import gethostname
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from mhc.cli.context import database, settings, utc_now
from mhc.cli.options import Command, common_options, output_options
from mhc.cli.output import Field, Writer
from mhc.domain.counted import counted
from mhc.errors import CheckError, ConfigError, MhcError

if TYPE_CHECKING:
    from datetime import datetime

    from mhc.capture.probe import Probe
    from mhc.config import Settings
    from mhc.jobs.planning import Plan
    from mhc.reports.findings import Finding

FIELDS = (
    Field("check", "text", "What was looked at.", foreign=False),
    Field("state", "text", "ok, warning, error, or off for what is not set up.", foreign=False),
    Field("detail", "text", "What was seen."),
    Field("hint", "text", "What to do; null where nothing is to be done."),
)
_DARK = frozenset({"stopped", "failed", "dead", "never started"})


@click.command(cls=Command, examples=["mhc doctor", "mhc doctor --offline -o json"])
@click.option("--offline", is_flag=True, help="Ask no API.")
@output_options(fields=FIELDS, sort_keys=("check", "state"))
@common_options
@click.pass_context
def command(ctx: click.Context, out: Writer, offline: bool) -> None:
    """What works, what is missing, and what to do about it.

    Looks at sources, tokens, database, clock, disks and permissions, and changes nothing. Each API with a token, and
    CBHours where its job is on, is asked one question, unless it was asked just before, or a job read it within half an
    hour.
    Ends with 4 where something does not work. What is printed holds no token, no password and no home directory, so
    that it can be pasted.
    """
    from mhc.reports.findings import State, pasteable

    found = [pasteable(one, os.environ) for one in _findings(ctx, offline=offline)]
    if out.format == "table" and out.names is None:
        _print_checklist(out, out.ordered(FIELDS, found))
    else:
        out.rows(FIELDS, out.ordered(FIELDS, found))
    errors = sum(one.state is State.ERROR for one in found)
    if errors:
        raise CheckError(f"{errors} of {len(found)} checks found an error")


def _print_checklist(out: Writer, found: "Iterable[object]") -> None:
    """Print findings under the names of their checks, wrapped: a table would cut what is to be done."""
    from mhc.reports.findings import Finding

    lines: dict[str, list[str]] = defaultdict(list)
    for one in found:
        assert isinstance(one, Finding)
        lines[one.check].append(f"{one.state}: {one.detail}")
        if one.hint:
            lines[one.check].append(f"hint: {one.hint}")
    out.record([Field(check, "lines") for check in lines], lines)


def _findings(ctx: click.Context, *, offline: bool) -> "Iterator[Finding]":
    from mhc.reports import machine, sources
    from mhc.reports.findings import error

    yield machine.versions()
    try:
        loaded = settings(ctx)
    except ConfigError as refused:
        for line in refused.message.split("\n")[1:] or [refused.message]:
            yield error("configuration", line.strip(), refused.hint)
        return
    yield from machine.check(loaded)
    yield from sources.check(loaded)
    yield from _listen_settings(loaded)
    listening: dict[str, Mapping[str, object]] = {}
    read: dict[tuple[str, str], datetime] = {}
    yield from _spools(ctx, loaded)
    jobs_on = {name for name, one in loaded.jobs.items() if one.enabled}
    yield from _database(ctx, loaded, listening, read, jobs_on)
    yield from _feeds(loaded, listening, offline=offline)
    yield from _statistics(loaded, read, offline=offline, hours="cbhours-poll" in jobs_on)


def _listen_settings(loaded: "Settings") -> "Iterator[Finding]":
    """Check what `mhc listen` does beside capturing: each alert's command, where metrics go. Posts nothing."""
    from mhc.capture.rules import read_rules
    from mhc.programs import find
    from mhc.reports.findings import error, ok, warning
    from mhc.reports.machine import writable

    if loaded.metrics_dir is not None:
        yield writable(
            "metrics", loaded.metrics_dir, "set metrics_dir in [listen], or make it yours to write"
        )
    try:
        rules = read_rules(loaded.tables)
    except ConfigError as refused:
        for line in refused.message.split("\n")[1:] or [refused.message]:
            yield error("alert", line.strip(), refused.hint)
        return
    for rule in rules:
        program = find(rule.command[0], os.environ) if rule.command else None
        if rule.command and program is None:
            hint = "write its absolute path, or install it"
            yield warning("alert", f"{rule.name}: no program named {rule.command[0]!r}", hint)
            continue
        does = [f"runs {program}"] if program else []
        does += [f"posts to {urlsplit(rule.url.reveal()).netloc}"] if rule.url else []
        digest = f", with a digest as {rule.digest}" if rule.digest else ""
        yield ok("alert", f"{rule.name}: {' and '.join(does)}{digest}")


def _spools(ctx: click.Context, loaded: "Settings") -> "Iterator[Finding]":
    """Say which pages wait on disk for a database, and whether somebody is there to bring them in."""
    from mhc.capture import left
    from mhc.domain.clock import iso_z
    from mhc.reports.findings import error, ok, warning

    for one in left.read(loaded.state_dir):
        if one.trouble:
            yield error("spool", f"cannot read {one.path}: {one.trouble}", "make it yours, then: mhc listen")
            continue
        since = f" since {iso_z(one.since)}" if one.since else ""
        waits = f"{one.room or one.path}: {counted(one.pages, 'page waits', 'pages wait')} for the database{since}"
        if one.listening:
            yield ok("spool", f"{waits}; mhc listen brings them in")
        elif one.room is None:
            yield warning("spool", f"{waits}; the first line is damaged and does not say whose", "mhc listen")
        elif one.database != _digest(ctx):
            yield warning("spool", f"{waits}, another one", "mhc listen, with the DATABASE_URL of then")
        else:
            yield warning("spool", waits, "mhc listen")


def _digest(ctx: click.Context) -> str:
    from mhc.capture.spool import digest

    with database(ctx) as db:
        return digest(db.name)


def _database(
    ctx: click.Context,
    loaded: "Settings",
    listening: dict[str, Mapping[str, object]],
    read: "dict[tuple[str, str], datetime]",
    jobs_on: set[str],
) -> "Iterator[Finding]":
    """Check the database; note which rooms somebody listens to, when their figures were read last, and which jobs are on."""
    from mhc.cli.capture import beat_rows, listener_rows
    from mhc.jobs import planning
    from mhc.reports import apis, database_health
    from mhc.reports.findings import error
    from mhc.store import soundness, streams

    rows: list[dict[str, object]] = []
    with database(ctx) as db:
        try:
            facts = soundness.read(db)
            yield from database_health.check(facts, db.name)
            if facts is not None and facts.schema is not None:
                with db.read() as conn:
                    rows = listener_rows(loaded.state_dir, streams.list_all(conn))
                    plans = planning.plans(conn, loaded, gethostname(), utc_now())
                    read |= apis.read_at(conn, loaded, utc_now())
                jobs_on.clear()
                jobs_on.update(one.job.name for one in plans if one.enabled)
                yield from _jobs(plans)
        except MhcError as refused:
            yield error("database", refused.message, refused.hint)
            rows = beat_rows(loaded.state_dir)
    host = urlsplit(loaded.events_url).netloc
    live = [row for row in rows if row["kind"] == "live" and row["host"] == host]
    listening |= {str(row["room"]): row for row in live if row["state"] not in _DARK}


def _jobs(plans: "Sequence[Plan]") -> "Iterator[Finding]":
    """Say whether something calls the jobs that are on, and what is wrong with them."""
    from mhc.domain.clock import iso_z
    from mhc.jobs.planning import troubles
    from mhc.reports.findings import off, ok, warning

    on = [one for one in plans if one.enabled]
    begun = [one.last.started_at for one in plans if one.last]
    if not on:
        yield off("jobs", "none is on")
    elif not begun:
        yield warning(
            "jobs", f"{counted(len(on), 'is on', 'are on')}, and none ever ran", "mhc service print cron"
        )
    elif on[0].now - max(begun) > min(one.max_age for one in on):
        yield warning(
            "jobs",
            f"{counted(len(on), 'is on', 'are on')}, and none ran since {iso_z(max(begun))}",
            "does cron run?",
        )
    else:
        wrong = troubles(on)
        for name, problem in wrong:
            yield warning("jobs", f"{name}: {problem}", f"mhc job history {name}")
        if not wrong:
            yield ok("jobs", counted(len(on), "is on, and goes well", "are on, and go well"))


def _feeds(
    loaded: "Settings", listening: Mapping[str, Mapping[str, object]], *, offline: bool
) -> "Iterator[Finding]":
    """Check the Events API of each room that has a token: who listens is the proof, else one question is."""
    from mhc.reports.findings import off, ok, warning

    hosts_done = False
    for room in loaded.rooms:
        row = listening.get(room.name)
        if row is not None:
            detail = f"{room.name}: mhc listen is {row['state']}"
            why = f": {row['detail']}" if row["detail"] else ""
            yield (
                ok("events api", detail)
                if row["state"] == "listening"
                else warning("events api", detail + why)
            )
        elif room.events_token is not None and offline:
            yield off("events api", f"{room.name}: not asked (--offline)")
        elif room.events_token is not None:
            from mhc.capture.probe import ask

            probe = ask(loaded.events_url, room.name, room.events_token.reveal())
            yield _answered(room.name, probe)
            if not hosts_done:
                yield from _host(loaded.events_url, probe)
            hosts_done = True


def _statistics(
    loaded: "Settings", read: "Mapping[tuple[str, str], datetime]", *, offline: bool, hours: bool
) -> "Iterator[Finding]":
    """Check the other sources; what is not set up has its line among the tokens."""
    tokens = (loaded.statbate_token, loaded.affiliate_wm, *(room.stats_token for room in loaded.rooms))
    if hours or any(one is not None for one in tokens):
        from mhc.reports import apis

        yield from apis.check(loaded, offline=offline, read=read, now=utc_now(), hours=hours)


def _answered(room: str, probe: "Probe") -> "Finding":
    from mhc.capture.classify import Class
    from mhc.reports.findings import error, ok, warning
    from mhc.reports.sources import TOKENS_AT

    said = probe.outcome
    if said.good:
        return ok("events api", f"{room}: answered with this token")
    if said.kind is Class.AUTH:
        hint = f"make a token with the scope Events API at {TOKENS_AT} and set CB_AUTH_TOKEN"
        return error("events api", f"{room}: {said.detail}", hint)
    later = said.kind in {Class.SERVER, Class.RATE}
    return (warning if later else error)(
        "events api", f"{room}: {said.detail}", "try again later" if later else None
    )


def _host(url: str, probe: "Probe") -> "Iterator[Finding]":
    """Check certificate and clock, as far as the API host told."""
    from mhc.capture.classify import Class
    from mhc.reports.findings import error, off, ok
    from mhc.reports.sources import clock

    host = urlsplit(url).netloc
    if probe.outcome.kind is Class.TLS:
        yield error(
            "certificate",
            f"{host}: {probe.outcome.detail}",
            "look at the clock, and at what intercepts TLS here",
        )
    elif probe.reached and url.startswith("https:"):
        yield ok("certificate", f"{host}: trusted")
    elif probe.reached:
        yield off("certificate", f"{host}: plain http to this machine")
    if probe.their_time is not None:
        yield clock("clock", probe.their_time, probe.asked_at, doubt=probe.doubt)
