"""What `mhc listen` does beside capturing, as options and configuration say it: forward, alert, ping, measure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mhc.cli.context import utc_now
from mhc.cli.event import FIELDS
from mhc.cli.render import json_text, value_of
from mhc.config import Secret, Settings, hook_secrets, parse_hook
from mhc.errors import UsageError
from mhc.log import register_secret

if TYPE_CHECKING:
    from mhc.capture.actions import Actions
    from mhc.capture.metrics import Metrics
    from mhc.store.database import Database
    from mhc.store.events import NewEvent, StoredEvent
    from mhc.store.streams import Stream


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Where events are posted to, and which."""

    receivers: Sequence[Secret]
    methods: tuple[str, ...] | None  # None is all
    reveal: bool
    private: bool


def receivers(given: Sequence[str]) -> list[Secret]:
    """Read the URLs of --forward-to; no log shows them from now on."""
    try:
        found = [parse_hook(url) for url in given]
    except ValueError as error:
        raise UsageError(f"--forward-to: {error}") from None
    for one in found:
        for part in hook_secrets(one.reveal()):
            register_secret(part)
    return found


def reactions(loaded: Settings, db: "Database", wanted: Forwarding) -> "Actions":
    """Make what acts on new events and on heartbeats."""
    from mhc.capture.actions import Actions
    from mhc.capture.alerts import Alerts
    from mhc.capture.forward import Forward
    from mhc.capture.metrics import Metrics
    from mhc.capture.pings import Pings
    from mhc.capture.rules import read_rules
    from mhc.capture.worker import Complaints
    from mhc.clients.hooks import Hook

    complaints, scale = Complaints(), loaded.wait_scale
    metrics = None if loaded.metrics_dir is None else Metrics(loaded.metrics_dir)
    hooks = [Hook(url.reveal(), wait_scale=scale) for url in wanted.receivers]
    ping = None if loaded.ping_url is None else Hook(loaded.ping_url.reveal(), tries=2, wait_scale=scale)
    return Actions(
        forwards=[Forward(hook, _describer(wanted), complaints, _counting(metrics)) for hook in hooks],
        alerts=Alerts(
            db,
            read_rules(loaded.tables),
            encode=alert_json,
            digest=partial(digest, loaded, db),
            now=utc_now,
            complaints=complaints,
            on_failure=(lambda _room, _rule: None) if metrics is None else metrics.alert_failed,
            wait_scale=scale,
        ),
        complaints=complaints,
        pings=None if ping is None else Pings(ping, complaints),
        metrics=metrics,
    )


def _counting(metrics: "Metrics | None") -> Callable[[str, int], None]:
    return (lambda _room, _times: None) if metrics is None else metrics.not_forwarded


def _described(event: "StoredEvent") -> dict[str, object]:
    """Give an event as `event list` has it in JSON."""
    return {field.name: value_of(event, field) for field in FIELDS}


def alert_json(rule: str, person: str | None, event: "StoredEvent") -> bytes:
    """Give what a command or a URL is told: the rule, whom it is about, and the event."""
    return json_text({"rule": rule, "person": person, "event": _described(event)}).encode() + b"\n"


def digest(loaded: Settings, db: "Database", form: str, room: str) -> bytes:
    """Give the digest of a room's last session in one of the forms; read on a connection of its own."""
    from mhc.cli.digest import FORMS, Said, written
    from mhc.domain.times import Range
    from mhc.reports import digest as report
    from mhc.store import people

    with db.read() as conn:
        ids = [row for one in people.find(conn, room)[:1] for row in people.members(conn, one.id)]
        last = report.last_session(conn, ids)
        asked = Range(None if last is None else last.started_at)
        how = report.Asked(asked, ids, utc_now(), loaded.merge_gap, list(loaded.jobs))
        found = report.read(conn, how)
    (chosen,) = (one for one in FORMS if one == form)
    return written(Said(found, asked, room, loaded.timezone), chosen).encode()


def _describer(wanted: Forwarding) -> "Callable[[Stream, NewEvent], bytes | None]":
    def describe(source: "Stream", one: "NewEvent") -> bytes | None:
        if wanted.methods is not None and one.event.method not in wanted.methods:
            return None
        event = one.shown(source.kind).masked(reveal=wanted.reveal, private=wanted.private)
        return json_text(_described(event)).encode()

    return describe
