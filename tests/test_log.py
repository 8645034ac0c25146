"""The log: one line a record, no secret in any form, and nothing that it can break."""

import json
import logging
import os
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mhc import log
from mhc.log import RedactingFormatter, escape, redact, redacted_traceback, register_secret, setup

SECRET = 'canary/1 "x"\\é'


@pytest.fixture
def _logging() -> Iterator[None]:
    """Put back what setup() changes for the whole process."""
    root = logging.getLogger()
    handlers, level, raising = list(root.handlers), root.level, logging.raiseExceptions
    hooks = sys.excepthook, threading.excepthook, warnings.showwarning
    yield
    root.handlers[:], logging.raiseExceptions = handlers, raising
    root.setLevel(level)
    sys.excepthook, threading.excepthook, warnings.showwarning = hooks
    for name in log._LIBRARIES:
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, _logging: None
) -> Callable[[], str]:
    """Give what was logged so far, without times."""
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    return lambda: capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET https://h/events/room/abc123/?timeout=1 200", "GET https://h/events/room/***/?timeout=1 200"),
        ("/events/room/abc123", "/events/room/***"),
        ('"https:\\/\\/h\\/events\\/room\\/abc123\\/?i=1"', '"https:\\/\\/h\\/events\\/room\\/***\\/?i=1"'),
        ("x%2Fevents%2Froom%2Fabc123 y", "x%2Fevents%2Froom%2F*** y"),
        ("?username=a&token=abc123&x=1", "?username=a&token=***&x=1"),
        ("next%3Ftoken%3Dabc123", "next%3Ftoken%3D***"),
        ("CB_AUTH_TOKEN=abc123 mhc", "CB_AUTH_TOKEN=*** mhc"),
        ("?api_key=abc123", "?api_key=***"),
        ("?wm=abc12&limit=5", "?wm=***&limit=5"),
        ("token='abc123')", "token='***')"),
        ('{"token": "abc123", "a": 1}', '{"token": "***", "a": 1}'),
        ("{'api_key': 'abc123'}", "{'api_key': '***'}"),
        ("postgresql://mhc:abc123@db/mhc", "postgresql://mhc:***@db/mhc"),
        ("postgresql://mhc:abc@123@db/mhc", "postgresql://mhc:***@db/mhc"),
        ("Authorization: Bearer abc123", "Authorization: Bearer ***"),
    ],
)
def test_what_stands_where_secrets_stand_is_masked(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    ["the token: is missing", "set CB_AUTH_TOKEN", "http://localhost:8080/x", "/events/", "a@b: c", "film=x"],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_a_registered_secret_is_masked_in_every_form() -> None:
    register_secret(SECRET)
    forms = [
        SECRET, repr(SECRET), json.dumps(SECRET), json.dumps(SECRET, ensure_ascii=False), quote(SECRET),
        quote(SECRET, safe=""), quote_plus(SECRET), json.dumps(SECRET).replace("/", "\\/"),
        re.sub("%..", lambda match: match[0].lower(), quote(SECRET, safe="")),
    ]  # fmt: skip
    for form in forms:
        assert "canary" not in redact(f"before {form} after")
        assert redact(f"before {form} after").startswith("before ")


def test_a_secret_that_begins_with_another_is_masked_whole() -> None:
    register_secret("canary-short")
    register_secret("canary-short-and-long")
    assert redact("<canary-short-and-long>") == "<***>"


def test_a_word_of_a_few_letters_is_no_secret() -> None:
    register_secret("")
    register_secret("the")
    assert redact("then") == "then"


@settings(deadline=None)
@given(st.text())
def test_an_escaped_text_is_one_printable_line(text: str) -> None:
    assert escape(text).isprintable()
    assert text.isprintable() == (escape(text) == text)


def test_redaction_takes_linear_steps() -> None:
    for piece in ("://a:", "/events/", "token=", '"token":"', "://x:y@", "%2Fevents%2F", "authorization: "):
        assert len(redact(piece * 20_000)) <= len(piece) * 20_000 + 3 * 40_000


def test_a_record_is_one_redacted_line(said: Callable[[], str]) -> None:
    setup(0, quiet=False, secrets=["canary-token-2"])
    logger = logging.getLogger("mhc.test")
    logger.warning("hello %s\nmhc: error: forged \x1b[31m", "canary-token-2")
    try:
        raise RuntimeError("https://h/events/room/abc123/")  # noqa: TRY301
    except RuntimeError:
        logger.exception("failed")
    first, second = said().splitlines()
    assert first == "mhc: warning: hello ***\\nmhc: error: forged \\x1b[31m"
    assert second.startswith("mhc: error: failed\\nTraceback")
    assert "/events/room/***/" in second
    assert "abc123" not in second


def test_the_time_stands_in_front_but_for_journald(
    said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JOURNAL_STREAM")
    setup(0, quiet=False, secrets=[])
    logging.getLogger("mhc.test").warning("hello")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ mhc: warning: hello\n", said())


@pytest.mark.parametrize(
    ("verbosity", "quiet", "expected"),
    [
        (0, False, ["warning"]),
        (1, False, ["info", "warning"]),
        (2, False, ["debug", "info", "warning"]),
        (9, False, ["debug", "info", "warning"]),
        (0, True, []),
    ],
)
def test_how_much_is_said_and_that_the_library_that_shows_urls_says_nothing(
    said: Callable[[], str], verbosity: int, quiet: bool, expected: list[str]
) -> None:
    setup(verbosity, quiet=quiet, secrets=[])
    for name, prefix in (("mhc.test", ""), ("urllib3.connectionpool", "urllib3 ")):
        for level in ("debug", "info", "warning"):
            getattr(logging.getLogger(name), level)(prefix + level)
    assert [line.split(": ", 2)[2] for line in said().splitlines()] == expected


def test_set_up_twice_logs_once(said: Callable[[], str]) -> None:
    setup(0, quiet=False, secrets=[])
    setup(1, quiet=False, secrets=[])
    logging.getLogger("mhc.test").info("hello")
    assert said() == "mhc: info: hello\n"


def test_arguments_that_do_not_fit_cost_the_form_and_not_the_line(said: Callable[[], str]) -> None:
    setup(0, quiet=False, secrets=[])
    logging.getLogger("mhc.test").warning("%d tips", "many")
    assert said() == "mhc: warning: %d tips ('many',)\n"


def test_warnings_threads_and_uncaught_exceptions_are_logged(said: Callable[[], str]) -> None:
    setup(0, quiet=False, secrets=["canary-token-3"])
    warnings.showwarning("canary-token-3 is old", UserWarning, "file.py", 7)

    def fail() -> None:
        raise RuntimeError("canary-token-3")

    thread = threading.Thread(target=fail, name="poller")
    thread.start()
    thread.join()
    error = ValueError("canary-token-3")
    sys.excepthook(ValueError, error, None)
    text = said()
    lines = text.splitlines()
    assert lines[0] == "mhc: warning: file.py:7: UserWarning: *** is old"
    assert lines[1].startswith("mhc: critical: thread poller failed\\nTraceback")
    assert lines[2].startswith("mhc: critical: uncaught exception")
    assert len(lines) == 3
    assert "canary" not in text


def test_a_traceback_keeps_its_lines_and_nothing_else() -> None:
    register_secret("canary-token-4")
    try:
        raise RuntimeError("canary-token-4 \x1b[2J")  # noqa: TRY301
    except RuntimeError as error:
        text = redacted_traceback(error)
    assert text.startswith("Traceback (most recent call last):\n  File")
    # The source line that Python quotes is redacted as well.
    assert "canary" not in text
    assert "\x1b" not in text


def test_the_formatter_may_stand_on_any_handler() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "token=abc123", None, None)
    assert RedactingFormatter(with_time=False).format(record) == "mhc: info: token=***"


REFUSED = "null value in a column\nDETAIL:  Failing row contains (7, a word\nHINT: of a chat, CANARY)."
WRAPPED = f"(NotNullViolation) {REFUSED}\n[SQL: INSERT INTO event]"


def refused_row() -> RuntimeError:
    """Give an error as SQLAlchemy raises it from a driver's, whose text quotes a row with a line break in it."""
    try:
        try:
            raise ValueError(REFUSED)  # noqa: TRY301
        except ValueError as error:
            raise RuntimeError(WRAPPED) from error
    except RuntimeError as error:
        return error


def test_the_row_that_a_database_refused_is_in_no_line_of_the_log(said: Callable[[], str]) -> None:
    setup(0, quiet=False, secrets=[])
    error = refused_row()
    logging.getLogger("mhc.test").error("failed", exc_info=error)
    logging.getLogger("mhc.test").error("%s", error)  # its text alone
    sys.excepthook(RuntimeError, error, error.__traceback__)
    text = said()
    assert "CANARY" not in text
    assert text.count("DETAIL: ***") == 5
    assert text.count("[SQL: INSERT INTO event]") == 3
    assert text.count("ValueError: null value") == 2
    assert text.count("direct cause") == 2


def test_nor_in_a_crash_file() -> None:
    text = redacted_traceback(refused_row())
    assert "CANARY" not in text
    assert "DETAIL: ***\n\nThe above exception" in text
    assert text.endswith("DETAIL: ***\n[SQL: INSERT INTO event]\n")


@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_a_stderr_that_takes_nothing_stops_nothing(redirect: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    done = tmp_path / "done"
    script.write_text(
        "import logging, pathlib, sys\nfrom mhc.log import setup\n"
        "setup(2, quiet=False, secrets=[])\nlogging.getLogger('mhc').warning('hello')\n"
        f"pathlib.Path({str(done)!r}).touch()\n"
    )
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = ["/bin/sh", "-c", f'"$0" "$1" {redirect}', sys.executable, str(script)]
    run = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.exists()
    assert run.stderr == ""
