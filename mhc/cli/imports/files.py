"""Files that are imported: opened, held to a size, read as text."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple

import click

from mhc.domain.text import encode
from mhc.errors import DataError, NotFoundError, UsageError, of_os_error

MOST_BYTES = 16 * 1024 * 1024
_MARKS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))
_BOM = b"\xef\xbb\xbf"
_FIRST = 4096

file_argument = click.argument("file", metavar="FILE", help="A file in UTF-8; - reads stdin.")
save_option = click.option("--save", is_flag=True, help="Keep it; without, it is only shown.")


class Text(NamedTuple):
    """What a file holds: its name, its text, and the SHA-256 of its bytes."""

    name: str
    text: str
    hash: str

    @property
    def shown(self) -> str:
        """Name it to a person."""
        return "stdin" if self.name == "-" else self.name


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """Give a file, or stdin for `-`. Raises NotFoundError, AccessError, UsageError or OutputError."""
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = os.fdopen(os.open(name, os.O_RDONLY | os.O_CLOEXEC), "rb")
    except FileNotFoundError:
        raise NotFoundError(f"no file {name}", hint="- reads stdin") from None
    except IsADirectoryError:
        raise UsageError(f"{name} is a directory", hint="give a file, or - for stdin") from None
    except (OSError, ValueError) as error:
        raise _unusable(name, error) from None
    with file:
        yield file


def _unusable(name: str, error: OSError | ValueError) -> Exception:
    if isinstance(error, ValueError):  # a NUL in the name
        return UsageError(f"{name!r} is no name of a file")
    return of_os_error(error, f"cannot use {name}")


def read_text(name: str) -> Text:
    """Give the text of a file, without its byte order mark. Raises DataError where it is none, or is too large."""
    with opened(name) as file:
        try:
            data = file.read(MOST_BYTES + 1)
        except IsADirectoryError:
            raise UsageError(f"{name} is a directory", hint="give a file, or - for stdin") from None
        except OSError as error:
            raise of_os_error(error, f"cannot read {name}") from None
    shown = "stdin" if name == "-" else name
    if len(data) > MOST_BYTES:
        raise DataError(
            f"{shown} is larger than {MOST_BYTES // 1024**2} MiB", hint="cut it, and import the parts"
        )
    text = decoded(data, shown)
    if not text.strip():
        raise DataError(f"{shown} is empty")
    return Text(name, text, hashlib.sha256(data).hexdigest())


def decoded(data: bytes, shown: str) -> str:
    """Give bytes as text. Raises DataError where they are of another encoding, or no text."""
    hint = "save it as UTF-8"
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            raise DataError(f"{encode(shown)} is {encoding}", hint=hint)
    first = data[:_FIRST]
    if first.count(0) * 4 > len(first):
        raise DataError(f"{encode(shown)} is UTF-16, or no text", hint=hint)
    try:
        return data.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{encode(shown)} is no text in UTF-8: byte {error.start + 1:,}", hint=hint) from None
