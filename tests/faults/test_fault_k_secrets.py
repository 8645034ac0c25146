"""K: a token is nowhere. All tests of this folder look for theirs when they end (conftest.py)."""

import base64
import gzip
import json
import sys
import zlib
from pathlib import Path

import pytest

from command import Mhc
from faults import canary, modes
from faults.modes import EDGE, HTML200, OK, RELATIVE, RESET, next_url, redirect, status
from faults.oracle import assert_all_is_stored
from faults.server import FaultServer
from faults.supervised import Supervised
from mhc.store.database import Database

ODD = "CANARY0odd/with+odd%signs0"
TESTS = Path(__file__).parents[1]


def test_fault_k1_no_token_in_output_log_database_or_files(
    run_mhc: Mhc, database: Database, database_url: str, tmp_path: Path
) -> None:
    said = f'{{"method":"chatMessage","id":"1767225600000-9","object":{{"message":{{"message":"look: {ODD}"}}}}}}'.encode()
    rude = [
        OK, modes.beside(said), status(401, ODD.encode()), status(502, ODD.encode()), RESET, HTML200, EDGE, RELATIVE,
        redirect(f"https://evil.example.net/{ODD}"), next_url("{base}?i={base}"),
        modes.body(b'{"events": [], "nextUrl": 5, "token": "' + ODD.encode() + b'"}'),
    ]  # fmt: skip
    with (
        FaultServer(1000, rude, token=ODD) as server,
        Supervised(run_mhc, server.environ(database_url), "-vv", "--debug") as listener,
    ):
        assert server.until_read_up(), listener.said
        host = server.url.removeprefix("http://")
        arguments = Path(f"/proc/{listener.process.pid}/cmdline").read_bytes()
        assert listener.stopped() == 0
    everything = arguments.decode() + "".join(listener.said + listener.told)
    assert not canary.said([ODD], everything)
    assert f"GET {host}: 401, " in everything
    assert_all_is_stored(database, server, tmp_path, events=1001)


def test_fault_k1_no_token_in_a_traceback_or_a_crash_file(
    run_mhc: Mhc, sqlite_database: Database, tmp_path: Path
) -> None:
    with FaultServer(1000) as server:
        env = server.environ(str(tmp_path / "mhc.db"), PYTHONPATH=str(TESTS))
        for debug in ([], ["--debug"]):
            program = [sys.executable, "-m", "faults.hooked", "insert", "fail"]
            with Supervised(run_mhc, env, *debug, program=program) as listener:
                assert listener.process.wait(60) == 70
            assert not canary.said([server.token], "".join(listener.said))
    assert list((tmp_path / "state" / "crash").iterdir())


@pytest.mark.parametrize("form", ["{}", "x{}", "xx{}y", "xxx{}yy"])
def test_fault_k1_the_look_for_tokens_sees_what_is_packed(tmp_path: Path, form: str) -> None:
    secret = "CANARY0IN0THE0PACKED"
    text = form.format(secret).encode()
    packed = {
        "plain": text, "gzip": gzip.compress(text), "base64": base64.b64encode(text),
        "line": json.dumps({"a": [{"b": base64.b64encode(zlib.compress(text)).decode()}]}).encode() + b"\n",
        "quoted": b"CANARY0IN0THE0PACKED".hex().encode(),
    }  # fmt: skip
    for name, data in packed.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert canary.leaks([secret], tmp_path) == [str(path)], name
        path.unlink()
