"""The audit log: who took out or brought in what, and when."""

import json
import os
import pwd
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mhc import audit
from mhc.errors import AccessError, ConfigError

AT = datetime(2026, 1, 1, 18, 0, tzinfo=UTC)


def lines(state: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (state / "audit.log").read_text(encoding="ascii").splitlines()]


def test_each_act_adds_a_line_that_the_owner_alone_can_read(tmp_path: Path) -> None:
    state = tmp_path / "state"
    audit.record(state, "capture export", at=AT, rooms=["example_room"], since=AT, counts={"event": 3})
    audit.record(state, "db backup", at=AT, file=tmp_path / "ä.db")
    who = pwd.getpwuid(os.getuid()).pw_name
    assert lines(state) == [
        {
            "at": "2026-01-01T18:00:00Z",
            "act": "capture export",
            "who": who,
            "rooms": ["example_room"],
            "since": "2026-01-01T18:00:00Z",
            "counts": {"event": 3},
        },
        {"at": "2026-01-01T18:00:00Z", "act": "db backup", "who": who, "file": str(tmp_path / "ä.db")},
    ]
    assert (state / "audit.log").stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700


def test_whatever_a_fact_holds_is_one_line(tmp_path: Path) -> None:
    audit.record(tmp_path, "capture import", at=AT, file="a\nb\x1b[2J\u202e")
    audit.record(tmp_path, "capture import", at=AT)
    assert len(lines(tmp_path)) == 2


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "audit.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AccessError, match=r"cannot write the audit log .*audit\.log"):
        audit.record(tmp_path, "db backup", at=AT)
    with pytest.raises(AccessError):
        audit.ensure_writable(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_state_directory_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(ConfigError, match="cannot write the audit log"):
        audit.record(tmp_path / "state", "db backup", at=AT)
    with pytest.raises(ConfigError):
        audit.ensure_writable(tmp_path / "state")


def test_asking_whether_it_can_be_written_adds_no_line(tmp_path: Path) -> None:
    audit.ensure_writable(tmp_path)
    assert lines(tmp_path) == []
