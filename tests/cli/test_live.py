"""A reader that stops, or goes away, never stops the capture."""

import signal

import pytest

from command import Mhc
from mhc.cli.live import WAITING_CHARACTERS, LivePrinter
from mhc.sandbox.server import Sandbox


def test_output_that_nobody_reads_stops_neither_the_capture_nor_its_end(
    run_mhc: Mhc, database_url: str
) -> None:
    with Sandbox(speed=0, events=15_000, page_size=1000) as sandbox:
        env = {
            "DATABASE_URL": database_url,
            "MHC_EVENTS_URL": sandbox.url,
            "CHATURBATE_USERNAME": sandbox.room,
            "CB_AUTH_TOKEN": sandbox.token,
        }
        with run_mhc.start("listen", "-o", "ndjson", **env) as listener:
            assert sandbox.until_held(timeout=60)  # all was read, though nobody reads what is printed
            listener.send_signal(signal.SIGTERM)
            assert listener.wait() == 0
            assert listener.stderr is not None
            assert "lines are left out" in listener.stderr.read()
        info = run_mhc("db", "info", "-o", "json", **env).json
        assert info["events"] == 15_000


def test_long_lines_that_pile_up_are_left_out_before_they_fill_the_memory(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printer, line = LivePrinter(), "x" * (WAITING_CHARACTERS // 2)
    for _ in range(3):
        printer.put(line)
    assert printer.left_out == 1
    printer.start(lambda _error: None)
    assert printer.close()
    assert len(capsys.readouterr().out) == WAITING_CHARACTERS
    printer.put(line)
    assert printer.left_out == 1


def test_all_that_is_captured_is_printed_to_who_reads(run_mhc: Mhc, database_url: str) -> None:
    with Sandbox(speed=0, events=3000, page_size=1000) as sandbox:
        env = {
            "DATABASE_URL": database_url,
            "MHC_EVENTS_URL": sandbox.url,
            "CHATURBATE_USERNAME": sandbox.room,
            "CB_AUTH_TOKEN": sandbox.token,
        }
        run = run_mhc.until(sandbox.until_held, "listen", **env)
    assert (run.status, len(run.stdout.splitlines())) == (0, 3000)
