"""PostgreSQL's own programs, pg_dump and pg_restore: found, and run without a password in sight."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sqlalchemy import URL

from mhc import programs
from mhc.errors import ConfigError, MhcError, OutputError, UnavailableError

_HOMEBREW = ("/opt/homebrew/opt", "/usr/local/opt")
_MISSING = "apt-get install postgresql-client, the version of the server or a later one"
_UNTELLABLE = ("sslpassword", "oauth_client_secret")  # what libpq takes from arguments and variables only


def find(name: str, server: int) -> str:
    """Give the path of a program for a server of this major version: the oldest that is not older.

    A later one may write what the server does not know. Raises ConfigError where there is none.
    """
    known = {path: version for path in _candidates(name) if (version := _version(path)) is not None}
    fit = [(version, path) for path, version in known.items() if version >= server]
    if fit:
        return min(fit)[1]
    if known:
        newest = max(known.values())
        raise ConfigError(f"{name} is of version {newest}, older than the server's {server}", hint=_MISSING)
    raise ConfigError(f"{name} is not installed", hint=_MISSING)


def _candidates(name: str) -> list[str]:
    folders = [*Path("/usr/lib/postgresql").glob("*/bin")]
    for brew in _HOMEBREW:
        folders += Path(brew).glob("*/bin")
    found = [str(folder / name) for folder in sorted(folders) if (folder / name).is_file()]
    on_path = programs.find(name, os.environ)
    return [*found, on_path] if on_path else found


def _version(path: str) -> int | None:
    try:
        said = subprocess.run(  # noqa: S603 - a program of PostgreSQL, with words of ours
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env=_environment(),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\) ([0-9]+)", said.stdout)
    return int(match[1]) if match and said.returncode == 0 else None


def _environment() -> dict[str, str]:
    """Give the variables that a program needs, and no token of ours."""
    wanted = {
        k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "TZ"} or k.startswith(("PG", "KRB5"))
    }
    return wanted | {"LC_ALL": "C"}


def connection(url: URL) -> tuple[str, str | None]:
    """Give how a program names the database of a URL, without its password, and the password."""
    from psycopg.conninfo import make_conninfo

    given = url.get_dialect()().create_connect_args(url)[1]
    for secret in _UNTELLABLE:
        if secret in given:
            raise ConfigError(
                f"{secret} in DATABASE_URL: pg_dump cannot be told it in private",
                hint="sign in for backups with a password, or with a key without one, readable by you alone",
            )
    shown = {name: value for name, value in given.items() if name not in {"password", "context"}}
    return make_conninfo(**shown), given.get("password")


@contextmanager
def started(words: Sequence[str], *, password: str | None = None, stdout: Any = None) -> Iterator[IO[bytes]]:
    """Run a program, give its output (where `stdout` is no file of ours), and raise where it fails.

    The password goes through a file that has no name and that only this user can open. What the program complains of
    may quote a row: it stays in memory, too.
    """
    with _passfile(password) as (variables, kept), _nameless() as said:
        output = subprocess.PIPE if stdout is None else stdout
        try:
            process = subprocess.Popen(  # noqa: S603 - a fixed list, no shell
                list(words), stdin=subprocess.DEVNULL, stdout=output, stderr=said, pass_fds=kept,
                env=_environment() | variables,
            )  # fmt: skip
        except OSError as error:
            raise ConfigError(f"{words[0]}: {error.strerror}", hint=_MISSING) from error
        with process:
            try:
                yield process.stdout or said
                process.wait()
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            said.seek(0)
            raise _failure(words[0], said.read(8192).decode(errors="replace"), process.returncode)


@contextmanager
def _passfile(password: str | None) -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    if password is None:
        yield {}, ()
        return
    with _nameless() as file:
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        file.write(f"*:*:*:*:{escaped}\n".encode())
        file.flush()
        file.seek(0)
        yield {"PGPASSFILE": f"/dev/fd/{file.fileno()}"}, (file.fileno(),)


def _nameless() -> IO[bytes]:
    """Give a file without a name, for us alone: in memory where the system can, for a disk keeps what was on it."""
    if not hasattr(os, "memfd_create"):  # as on macOS, whose folder for such files is each user's own
        return tempfile.TemporaryFile()
    file = os.fdopen(os.memfd_create("mhc", os.MFD_CLOEXEC), "w+b")
    os.fchmod(file.fileno(), 0o600)  # libpq takes no password from a file that others might open
    return file


def _failure(program: str, said: str, status: int) -> MhcError:
    """Say why a program failed: its first line, without what it tells of rows."""
    name = Path(program).name
    lines = [line for line in said.splitlines() if line.strip()]
    line = lines[0].removeprefix(f"{name}: ").removeprefix("error: ") if lines else f"it ended with {status}"
    if re.search(r"No space left|could not (write|close)|Disk quota", said):
        return OutputError(f"{name}: {line}", hint="free some space; nothing was half written")
    return UnavailableError(f"{name}: {line}")
