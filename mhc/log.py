"""Logging to stderr, and the redaction that everything passes on its way there.

A line is one record: what could move a terminal's cursor is escaped, and what is secret is a mask of fixed length.
"""

import logging
import os
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, TextIO

from mhc.patterns import Pattern

MASK: Final = "***"
# What is shorter would hide half of every sentence, and protects nothing.
_SHORTEST: Final = 4
_LIBRARIES: Final = ("urllib3", "requests", "sqlalchemy", "alembic", "psycopg", "tenacity")
# urllib3 shows whole URLs, in warnings too: mhc.clients.http has a line a request without one. psycopg warns of a
# pipeline that ended with its connection, which reaches us as an error.
_ERRORS_ONLY: Final = frozenset({"urllib3", "psycopg"})

# Each expression walks a text once: no class holds the delimiter that ends it.
_SEPARATOR = r"(?:/|%2[Ff]|\\/)"
_SHAPES: Final = (
    # The Events API: the token is a part of the path.
    (
        Pattern(rf"({_SEPARATOR}events{_SEPARATOR}[^/\s\"'?#%\\]*{_SEPARATOR})[^/\s\"'<>?#&\\]+"),
        rf"\1{MASK}",
    ),
    # user:password@ in a URL.
    (Pattern(r"(://[^\s/:@\"']*:)[^\s/\"']+@"), rf"\1{MASK}@"),
    # name=value and name%3Dvalue, as in a query, an environment or a repr.
    (
        Pattern(
            r"((?:token|api_?key|password|passwd|secret|\bwm)(?:=|%3[Dd])[\"']?)[^&\s\"'<>;,)\\]+",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
    # "name": "value", as in JSON or the repr of a dict.
    (
        Pattern(r"([\"'](?:\w*token|api_?key|password|wm)[\"']\s*:\s*[\"'])[^\"'\\]+", re.IGNORECASE),
        rf"\1{MASK}",
    ),
    (
        Pattern(
            r"(\bauthorization[\"']?\s*[:=]\s*[\"']?(?:bearer |token |basic )?)[^\s\"',]+", re.IGNORECASE
        ),
        rf"\1{MASK}",
    ),
)


class _Secrets:
    """The literals that may not appear, with the forms they take on the way: one expression for all."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str) -> None:
        """Learn a secret; known ones and ones too short to be secret change nothing."""
        if len(value) < _SHORTEST or value in self._known:
            return
        self._known.add(value)
        self._forms |= _forms_of(value)
        # The longest first, or a secret that begins with another would show its rest.
        ordered = sorted(self._forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(re.escape(form) for form in ordered))

    def hide(self, text: str) -> str:
        """Replace every form of every secret."""
        return self._pattern.sub(MASK, text) if self._pattern else text


_secrets = _Secrets()


def _forms_of(value: str) -> set[str]:
    """List how a value may be written: as it is, in a URL, in JSON, in a repr."""
    # Imported where there is a secret: a typo knows none, and they take as long as the rest of this module.
    import json
    from urllib.parse import quote, quote_plus

    plain = value.encode(errors="surrogatepass")
    encoded = {quote(plain, safe=""), quote(plain), quote_plus(plain)}
    encoded |= {re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), form) for form in encoded}
    jsons = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    jsons |= {form.replace("/", "\\/") for form in jsons}
    return {value, repr(value)[1:-1], escape(value)} | encoded | jsons


def register_secret(value: str) -> None:
    """Never show this value again, in any form."""
    _secrets.add(value)


def redact(text: str) -> str:
    """Give a text without secrets: the registered ones, and whatever stands where secrets stand."""
    text = _secrets.hide(text)
    for pattern, replacement in _SHAPES:
        text = pattern.sub(replacement, text)
    return text


def escape(text: str) -> str:
    """Show what is not printable as an escape, so that a text is one line and moves nothing."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


# PostgreSQL quotes the row that it refused here. A text of that row may have lines of its own, whatever they begin with:
# all is hidden up to what Python or SQLAlchemy writes next.
_DETAIL: Final = Pattern(
    r"^([ \t]*(?:DETAIL|CONTEXT|STATEMENT):).*?"
    r"(?=\n\[SQL: |\n\nThe above exception was the direct |\n\nDuring handling of the above |\Z)",
    re.MULTILINE | re.DOTALL,
)


def _without_rows(text: str) -> str:
    return _DETAIL.sub(rf"\1 {MASK}", text)


def redacted_traceback(error: BaseException) -> str:
    """Give an exception's traceback, redacted, with its line breaks; other control characters are escaped."""
    text = _without_rows(redact("".join(traceback.format_exception(error))))
    return "\n".join(escape(line) for line in text.split("\n"))


class RedactingFormatter(logging.Formatter):
    """Formats a record as one redacted line, tracebacks included; for every handler there is."""

    def __init__(self, *, with_time: bool) -> None:
        super().__init__()
        self._with_time = with_time

    def format(self, record: logging.LogRecord) -> str:
        """Redact and escape the final text, whatever message, arguments and traceback brought."""
        try:
            text = super().format(record)
        except (
            TypeError,
            ValueError,
            KeyError,
        ):  # arguments that do not fit: the line is worth more than its form
            text = f"{record.msg} {record.args!r}"
        line = escape(_without_rows(redact(f"mhc: {record.levelname.lower()}: {text}")))
        if not self._with_time:
            return line
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")
        return f"{at.removesuffix('+00:00')}Z {line}"


class _StderrHandler(logging.Handler):
    """Writes to whatever sys.stderr is at that moment; a closed or full one costs the line, nothing else."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, where that is possible."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - whatever goes wrong here, a log line must not stop what it is about
            self.handleError(record)


def setup(verbosity: int, quiet: bool, secrets: Iterable[str]) -> None:
    """Log to stderr: warnings, with `verbosity` 1 progress, with 2 everything; with `quiet` only errors.

    Uncaught exceptions, those of threads and warnings go the same way. May be called again.
    """
    for value in secrets:
        register_secret(value)
    logging.raiseExceptions = False
    levels = (logging.WARNING, logging.INFO, logging.DEBUG)
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _StderrHandler)]:
        root.removeHandler(handler)
    handler = _StderrHandler()
    # journald stamps each line itself.
    handler.setFormatter(RedactingFormatter(with_time="JOURNAL_STREAM" not in os.environ))
    root.addHandler(handler)
    root.setLevel(logging.ERROR if quiet else levels[min(max(verbosity, 0), 2)])
    # A level of their own goes past the root's, so that it has to say what the root says.
    for name in _LIBRARIES:
        silent = quiet or name in _ERRORS_ONLY
        logging.getLogger(name).setLevel(logging.ERROR if silent else logging.WARNING)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_thread
    warnings.showwarning = _log_warning


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("mhc").critical("uncaught exception", exc_info=(kind, error, trace))


def _log_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is None or args.exc_type is SystemExit:
        return
    name = args.thread.name if args.thread else "unknown"
    exc_info = (args.exc_type, args.exc_value, args.exc_traceback)
    logging.getLogger("mhc").critical("thread %s failed", name, exc_info=exc_info)


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Log a warning instead of printing it; `file` and `line` are part of the interface."""
    del file, line
    logging.getLogger("mhc.warnings").warning("%s:%d: %s: %s", filename, lineno, category.__name__, message)
