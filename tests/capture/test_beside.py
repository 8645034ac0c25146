"""What fails beside the capture is told of, and costs the capture nothing."""

import pytest

from mhc.capture.beside import beside


def test_a_failure_beside_the_capture_is_logged_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> None:
        raise RuntimeError("no thread can be started")

    beside(fails)
    assert [(one.levelname, one.message) for one in caplog.records] == [
        ("ERROR", "what is done beside the capture failed; the capture goes on")
    ]
    assert "no thread can be started" in caplog.text
