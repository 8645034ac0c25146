"""What a database refused, as an error a user understands."""

import sqlite3
from pathlib import Path

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
)
from sqlalchemy.exc import (
    TimeoutError as PoolTimeoutError,
)

from mhc.errors import (
    AccessError,
    CheckError,
    ConfigError,
    MhcError,
    OutputError,
    TryLaterError,
    UnavailableError,
)
from mhc.errors import (
    DataError as DamagedError,
)
from mhc.patterns import Pattern


class RefusedDataError(DamagedError):
    """The database refused a value, not the connection: the rows of a page are to be tried one by one."""


class DatabaseBusyError(TryLaterError):
    """Another process holds the database longer than we wait."""


class DatabaseDownError(UnavailableError):
    """The database cannot be reached."""


class ReadOnlyServerError(DatabaseDownError):
    """The server answers, and takes no writes: a standby."""


class DiskFullError(OutputError):
    """The disk under the database is full, or does not take a write."""


class MissingRightError(ConfigError):
    """The role of the database may not do what it should."""


class _Translation:
    """A block in which errors of a driver become ours; a class, since each page of the feed has one."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise what an error means to a user, where it is one of a driver's."""
        if error is not None:
            _translate(error, self._name)


def translated(name: str) -> _Translation:
    """Turn driver errors into ours; `name` is the database as a user knows it."""
    return _Translation(name)


def _translate(error: BaseException, name: str) -> None:
    """Raise what an error is to a user; return where it is none of a driver's, or not known."""
    match error:
        case DataError() | IntegrityError() | OverflowError() | UnicodeEncodeError():
            # Without its cause, whose text quotes the row.
            raise RefusedDataError(f"{name} does not take such a value ({type(error).__name__})") from None
        case DBAPIError():
            sqlite = isinstance(error.orig, sqlite3.Error)
            known = _sqlite(error.orig, name) if sqlite else _postgres(error, name)
            if known is not None:
                raise known from error
        case sqlite3.Error():  # of a statement that went to the driver itself
            known = _sqlite(error, name)
            if known is not None:
                raise known from error
        case PoolTimeoutError():
            raise DatabaseBusyError(f"no connection to {name} came free") from error
        case NoSuchModuleError():
            raise ConfigError(f"DATABASE_URL: {error}") from None
        case ModuleNotFoundError():
            raise ConfigError(f"DATABASE_URL: its driver is not installed: {error.name}") from None
        case PermissionError():
            raise AccessError(f"no permission for {error.filename or name}{_owner(name)}") from error


def is_missing_table(error: DBAPIError) -> bool:
    """Whether a query failed since its table is not there."""
    if isinstance(error.orig, sqlite3.Error):
        return "no such table" in str(error.orig)
    return getattr(error.orig, "sqlstate", None) == "42P01"


def _sqlite(error: BaseException | None, name: str) -> MhcError | None:
    said = str(error)
    # Python 3.11 gives the result code of SQLite by name: SQLITE_BUSY, SQLITE_FULL, SQLITE_IOERR_WRITE, …
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseBusyError(f"another process holds {name}", hint="it is being written to; try again")
    if code.startswith("SQLITE_FULL"):
        return DiskFullError(f"disk full on {name}", hint="free some space; nothing was half written")
    if code.startswith("SQLITE_IOERR"):
        return DiskFullError(f"reading or writing {name} failed: {said}")
    if code.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN")):
        return AccessError(f"cannot open {name} for this: {said}{_owner(name)}")
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return DamagedError(f"{name} is damaged or no database: {said}", hint="restore a backup of it")
    return None


def _owner(name: str) -> str:
    """Say whose the file is, or the nearest directory above it that can be seen."""
    for path in (Path(name), *Path(name).parents):
        try:
            return f" ({path} belongs to {path.owner()})"
        except (OSError, KeyError):
            continue
    return ""


_POOLER = "the pooler must keep prepared statements: PgBouncer 1.21 or newer with max_prepared_statements, or pool_mode session"
# By SQLSTATE, or its first two letters: the error, what is said before the server's sentence, and the way out.
_STATES: tuple[tuple[str, type[MhcError], str, str | None], ...] = (
    ("28", AccessError, "{name} refused the log-in", "set DATABASE_URL"),
    ("42501", MissingRightError, "{name}", "grant the rights that docs/operations.md lists"),
    ("2BP01", CheckError, "{name}", "drop what depends on the tables of mhc first"),
    ("3D000", ConfigError, "{name}", "create the database, then: mhc db upgrade"),
    ("42P01", ConfigError, "{name}", "mhc db upgrade"),
    ("42703", ConfigError, "{name}", "mhc db upgrade"),
    ("3F000", ConfigError, "{name}", "mhc db upgrade"),
    ("53100", DiskFullError, "disk full on {name}", "free some space; nothing was half written"),
    ("25006", ReadOnlyServerError, "{name}", "this server only reads: use the primary"),
    ("53", DatabaseDownError, "{name}", None),
    ("55P03", DatabaseBusyError, "{name} is busy", None),
    ("26000", ConfigError, "{name}", _POOLER),
    ("42P05", ConfigError, "{name}", _POOLER),
    # Of the server itself, as of its disk: whatever it is, it is not the row that is wrong.
    ("54", DatabaseDownError, "{name}", None),
    ("55", DatabaseDownError, "{name}", None),
    ("58", DatabaseDownError, "{name}", None),
    ("XX", DatabaseDownError, "{name}", None),
    ("40", DatabaseBusyError, "{name} is busy", None),
    ("57014", DatabaseBusyError, "{name} is busy", None),
    ("08", DatabaseDownError, "cannot reach {name}", None),
    ("57", DatabaseDownError, "cannot reach {name}", None),
)

# A refused connection has no SQLSTATE in psycopg, only the server's sentence.
_REFUSALS = (
    (Pattern(r'database ".*" does not exist'), "3D000"),
    (
        Pattern(r'authentication failed|no password supplied|role ".*" does not exist|no pg_hba\.conf'),
        "28",
    ),
    (Pattern(r"too many (clients|connections)|remaining connection slots"), "53"),
)


def _postgres(error: DBAPIError, name: str) -> MhcError | None:
    said = _first_line(error)
    state = getattr(error.orig, "sqlstate", None) or ""
    if not state and _is_operational(error):
        state = next((known for pattern, known in _REFUSALS if pattern.search(said)), "")
    for prefix, kind, sentence, hint in _STATES:
        if state.startswith(prefix):
            return kind(f"{sentence.format(name=name)}: {said}", hint=hint)
    if error.connection_invalidated or (not state and _is_operational(error)):
        return DatabaseDownError(
            f"cannot reach {name}: {said}", hint="is the server up, and DATABASE_URL right?"
        )
    return None


def _is_operational(error: DBAPIError) -> bool:
    return type(error.orig).__name__ in {"OperationalError", "InterfaceError", "ConnectionTimeout"}


def _first_line(error: DBAPIError) -> str:
    """Give the server's sentence, without the DETAIL that may quote a row."""
    diagnosis = getattr(error.orig, "diag", None)
    primary = getattr(diagnosis, "message_primary", None)
    return primary or str(error.orig).strip().split("\n")[0]
