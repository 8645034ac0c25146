"""The end of what is done beside the capture: each part for itself, whatever befalls another."""

from collections.abc import Sequence
from pathlib import Path

from listening import Clock
from mhc.capture.actions import Actions
from mhc.capture.alerts import Alerts
from mhc.capture.forward import Forward
from mhc.capture.health import Beat
from mhc.capture.metrics import Metrics
from mhc.capture.worker import Complaints
from mhc.cli.reactions import alert_json
from mhc.clients.hooks import Hook
from mhc.store.database import Database


class Broken(Forward):
    """A receiver in whose part there is a bug."""

    def end(self) -> None:
        raise RuntimeError("a bug")

    def close(self, until: float) -> None:
        raise AttributeError(f"a bug at {until}")


def test_an_end_that_fails_leaves_the_other_ends_alone(sqlite_database: Database, tmp_path: Path) -> None:
    complaints, clock = Complaints(), Clock()
    hook = Hook("http://127.0.0.1:1/")
    forwards: Sequence[Forward] = [Broken(hook, lambda _stream, _new: None, complaints, lambda *_: None)]
    alerts = Alerts(
        sqlite_database, [], encode=alert_json, digest=lambda *_: b"", now=clock.now, complaints=complaints,
        on_failure=lambda *_: None,
    )  # fmt: skip
    actions = Actions(forwards, alerts, complaints, None, Metrics(tmp_path, clock.monotonic))
    actions.heard(Beat("room", "live", "host", 1, "stopped", "", "", None, None))
    actions.poll_failed("room", "network")
    actions.close(failed=True)
    hook.close()
    (written,) = tmp_path.glob("*.prom")
    assert 'mhc_listen_failures_total{room="room",class="network"} 1' in written.read_text()
