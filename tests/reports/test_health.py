"""The checks of `mhc doctor` by themselves: what is judged how."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mhc.reports import database_health, machine, sources
from mhc.reports.findings import Finding, State, pasteable, warning
from mhc.store import schema
from mhc.store.soundness import Facts, PostgresFacts, SqliteFacts

T0 = datetime(2026, 3, 1, tzinfo=UTC)
MIB, GIB = machine.MIB, machine.GIB
SERVER = PostgresFacts(
    version=150_004,
    encoding="UTF8",
    read_only=False,
    fsync=True,
    may_create=True,
    missing_rights=(),
    clock=T0,
    asked_at=T0,
    doubt=timedelta(),
)


def test_a_file_without_wal_is_a_warning() -> None:
    found = list(
        database_health.check(Facts("mhc.db", (schema.REVISION, 1), SqliteFacts((3, 52, 0), "delete")), "")
    )
    assert [(one.check, one.state) for one in found if one.state is not State.OK] == [
        ("journal", State.WARNING)
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"version": 120_022}, [("postgresql", "error")]),
        ({"version": 130_000}, []),
        ({"encoding": "LATIN1"}, [("encoding", "error")]),
        ({"fsync": False}, [("fsync", "warning")]),
        ({"may_create": False}, [("rights", "warning")]),
        ({"read_only": True, "missing_rights": ("INSERT on event",)}, [("rights", "warning")]),
        ({"missing_rights": ("INSERT on event",)}, [("rights", "error")]),
        ({"clock": T0 + timedelta(seconds=8)}, [("database clock", "warning")]),
        ({"clock": T0 + timedelta(seconds=8), "doubt": timedelta(seconds=4)}, []),
        ({"clock": T0 - timedelta(hours=1)}, [("database clock", "error")]),
    ],
)
def test_what_a_server_says_of_itself(change: dict[str, object], said: list[tuple[str, str]]) -> None:
    facts = Facts("postgresql://db/mhc", (schema.REVISION, 1), replace(SERVER, **change))  # type: ignore[arg-type]
    found = [(one.check, str(one.state)) for one in database_health.check(facts, "") if one.state != "ok"]
    assert found == said


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (None, ("error", "mhc db upgrade")),
        ((schema.REVISION, 1), ("ok", None)),
        (("9999", 1), ("ok", None)),
        (("9999", 2), ("error", "install a newer mhc")),
        (("0000", 1), ("error", "mhc db upgrade")),
    ],
)
def test_schemas(state: tuple[str, int] | None, expected: tuple[str, str | None]) -> None:
    found = database_health.schema_state(state)
    assert (found.state, found.hint) == expected


@pytest.mark.parametrize(
    ("free", "total", "state"),
    [
        (99 * MIB, 100 * GIB, "error"),
        (100 * MIB, 1 * GIB, "warning"),
        (GIB - 1, 2 * GIB, "warning"),
        (4 * GIB, 100 * GIB, "warning"),
        (5 * GIB, 100 * GIB, "ok"),
        (GIB, 2 * GIB, "ok"),
    ],
)
def test_room_on_a_disk(free: int, total: int, state: str) -> None:
    assert machine.disk("disk", free, total).state == state


MOUNTS = """\
/dev/vda1 / ext4 rw 0 0
nas:/data /srv/data nfs4 rw 0 0
nas:/data /srv/data\\040two cifs rw 0 0
me@host: /srv/data/far fuse.sshfs rw 0 0
tmpfs /srv/data/near tmpfs rw 0 0
malformed
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/mhc.db", "ext4"),
        ("/srv/database/mhc.db", "ext4"),
        ("/srv/data/mhc.db", "nfs4"),
        ("/srv/data two/mhc.db", "cifs"),
        ("/srv/data/far/mhc.db", "fuse.sshfs"),
        ("/srv/data/near/mhc.db", "tmpfs"),
    ],
)
def test_the_file_system_of_a_path(path: str, kind: str) -> None:
    found = machine.kind_of(Path(path), MOUNTS.splitlines())
    assert found == kind


def test_a_network_file_system_is_a_warning(tmp_path: Path) -> None:
    here = machine.file_system(tmp_path / "new" / "mhc.db", "nas:/data / nfs4 rw 0 0\n")
    assert (here.state, here.detail) == (
        "warning",
        f"{tmp_path}/new/mhc.db lies on a network file system (nfs4)",
    )
    assert machine.file_system(tmp_path, "/dev/vda1 / ext4 rw 0 0\n").state == "ok"
    assert machine.file_system(tmp_path, "").detail == "not known"


def test_clocks() -> None:
    second = timedelta(seconds=1)
    for apart, doubt, state in (
        (5, 0, "ok"),
        (6, 0, "warning"),
        (6, 1, "ok"),
        (300, 0, "warning"),
        (301, 0, "error"),
    ):
        for sign in (1, -1):
            found = sources.clock("clock", T0, T0 + sign * apart * second, doubt=doubt * second)
            assert found.state == state
    assert sources.clock("clock", T0, T0 + 90 * second, doubt=second).detail == "90 s ahead"


def test_what_is_pasted_names_nobody() -> None:
    row = warning("x", "/home/ann/mhc.db and /home/anna/mhc.db, /mnt/home/ann/b", "chmod 600 /home/ann")
    assert pasteable(row, {"HOME": "/home/ann"}) == Finding(
        "x", State.WARNING, "~/mhc.db and /home/anna/mhc.db, /mnt/home/ann/b", "chmod 600 ~"
    )
    assert pasteable(row, {"HOME": "/"}) == row
    assert pasteable(row, {}) == row
    url = warning("x", "postgresql://mhc:CANARY@host/mhc")
    assert "CANARY" not in pasteable(url, {}).detail
