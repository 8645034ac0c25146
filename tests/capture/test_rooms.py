"""Every room in one process, and several hosts on one database."""

import signal
from pathlib import Path

from command import Mhc
from mhc.sandbox.server import Sandbox
from mhc.store import streams
from mhc.store.database import Database
from service import PATIENCE, Service


def rooms(folder: Path, **tokens: str) -> tuple[str, ...]:
    """Configure rooms with these tokens; give the words that name the file."""
    config = folder / "rooms.toml"
    lines = [f'[rooms.{name}]\ncb_auth_token = "{token}"\n' for name, token in tokens.items()]
    config.write_text("\n".join(lines))
    config.chmod(0o600)
    return ("--all", "--config", str(config))


def test_a_room_whose_token_is_refused_leaves_the_others_alone(run_mhc: Mhc, tmp_path: Path) -> None:
    with Sandbox(speed=0, events=30) as sandbox:
        words = rooms(tmp_path, **{sandbox.room: sandbox.token, "room_b": "WRONG0TOKEN0FAKE", "room_c": ""})
        service = Service(
            run_mhc, sandbox, *words, CHATURBATE_USERNAME="", CB_AUTH_TOKEN_FILE="", MHC_WAIT_SCALE="0.001"
        )
        said = service.until_said("token refused", "listening")
        assert f"{sandbox.room}: listening" in said
        assert sandbox.until_held(timeout=PATIENCE)
        service.signal(signal.SIGTERM)
        _, errors = service.process.communicate(timeout=PATIENCE)
        assert service.process.returncode == 0
        assert "no token for room_c: this room is left out" in errors
        assert "room_b: HTTP 404" in errors
        stored = run_mhc("event", "list", "-o", "ndjson", DATABASE_URL=str(tmp_path / "mhc.db"))
        assert len(stored.stdout.splitlines()) == 30
        service.close()


def test_no_room_with_a_token_is_no_start(run_mhc: Mhc, tmp_path: Path) -> None:
    words = rooms(tmp_path, room_a="", room_b="")
    run = run_mhc("listen", *words)
    assert (run.status, "no token for room_a" in run.stderr) == (77, True)
    assert run_mhc("listen", "--all").status == 2
    assert run_mhc("listen", *words, "--room", "room_a").status == 2
    assert run_mhc("listen", "--standby", "--once").status == 2


def test_two_hosts_share_one_database_and_one_follows_the_other(
    run_mhc: Mhc, tmp_path: Path, postgres_database: Database
) -> None:
    with Sandbox(events=0) as sandbox:
        words = (*rooms(tmp_path, **{sandbox.room: sandbox.token}), "--standby")
        shared = {
            "DATABASE_URL": postgres_database.url.render_as_string(hide_password=False),
            "CHATURBATE_USERNAME": "", "CB_AUTH_TOKEN_FILE": "",
        }  # fmt: skip
        first = Service(run_mhc, sandbox, *words, **shared)
        first.held()
        (tmp_path / "notify").unlink()
        second = Service(run_mhc, sandbox, *words, **shared, MHC_STATE_DIR=str(tmp_path / "host2"))
        second.until("READY=1")
        first.signal(signal.SIGTERM)
        assert first.ended() == 0
        second.until(f"STATUS={sandbox.room}: starting")
        second.signal(signal.SIGTERM)
        assert second.ended() == 0
        with postgres_database.read() as conn:
            (stream,) = streams.list_all(conn)
        assert (stream.epoch, stream.owner) == (2, None)
        first.close()
        second.close()


def test_two_rooms_are_heard_by_one_process(run_mhc: Mhc, tmp_path: Path) -> None:
    with Sandbox(events=0) as sandbox:
        config = tmp_path / "rooms.toml"
        rooms = "\n".join(
            f'[rooms.{name}]\ncb_auth_token = "{sandbox.token}"\n' for name in ("room_a", "room_b")
        )
        config.write_text(rooms)
        config.chmod(0o600)
        words = ("--room", "room_a", "--room", "room_b", "--config", str(config), "--exit-on-auth")
        service = Service(run_mhc, sandbox, *words, MHC_WAIT_SCALE="0.001")
        assert service.ended() == 77  # the sandbox knows neither room: the first to be refused ends both
        service.close()
    assert (tmp_path / "mhc.db").exists()
