"""Checks of the database: schema, settings that keep data, rights, its clock."""

from collections.abc import Iterator

from mhc.reports import sources
from mhc.reports.findings import Finding, error, off, ok, warning
from mhc.store import schema
from mhc.store.soundness import Facts, PostgresFacts, SqliteFacts

_OLDEST_POSTGRESQL = 13
# SQLite versions with the WAL-reset race, and the two that got the repair of 3.51.3.
_FIRST_BAD, _LAST_BAD, _REPAIRED = (3, 7, 0), (3, 51, 2), frozenset({(3, 44, 6), (3, 50, 7)})


def check(facts: Facts | None, name: str) -> Iterator[Finding]:
    """Judge what a database says of itself; None is one that has to be made yet."""
    if facts is None:
        yield off("database", f"{name} is not there yet; it reads as empty", "mhc init")
        return
    yield ok("database", facts.name)
    yield schema_state(facts.schema)
    yield from _sqlite(facts.engine) if isinstance(facts.engine, SqliteFacts) else _postgres(facts.engine)


def schema_state(state: tuple[str, int] | None) -> Finding:
    """Judge revision and compatibility number."""
    if state is None:
        return error("schema", "the database has no tables of mhc", "mhc db upgrade")
    revision, number = state
    if number > schema.COMPATIBILITY:
        said = f"{revision}, number {number}: this mhc knows {schema.COMPATIBILITY}"
        return error("schema", said, "install a newer mhc")
    if revision < schema.REVISION:
        return error("schema", f"{revision}: this mhc needs {schema.REVISION}", "mhc db upgrade")
    newer = f", newer than this mhc's {schema.REVISION} and fit for it" if revision > schema.REVISION else ""
    return ok("schema", f"{revision}{newer}")


def has_reset_race(version: tuple[int, ...]) -> bool:
    """Whether two processes that write at the same instant may, very rarely, damage a file in WAL mode."""
    return _FIRST_BAD <= version <= _LAST_BAD and version not in _REPAIRED


def _sqlite(facts: SqliteFacts) -> Iterator[Finding]:
    version = ".".join(map(str, facts.version))
    if has_reset_race(facts.version):
        said = f"{version} has a rare race of two writing processes in WAL mode; synchronous=FULL is set"
        hint = "let one process write at a time, and keep backups; 3.51.3 or newer has it repaired"
        yield warning("sqlite", said, hint)
    else:
        yield ok("sqlite", f"{version}, synchronous=FULL")
    if facts.journal_mode == "wal":
        yield ok("journal", "WAL: readers and the writer do not wait for each other")
    else:
        hint = "stop mhc listen, then: sqlite3 FILE 'PRAGMA journal_mode=WAL'"
        yield warning("journal", f"{facts.journal_mode}: readers and the writer wait for each other", hint)


def _postgres(facts: PostgresFacts) -> Iterator[Finding]:
    major, minor = divmod(facts.version, 10_000)
    if major < _OLDEST_POSTGRESQL:
        yield error("postgresql", f"{major}.{minor} is too old", f"{_OLDEST_POSTGRESQL} or newer")
    else:
        yield ok("postgresql", f"{major}.{minor}")
    if facts.encoding != "UTF8":
        yield error("encoding", facts.encoding, "make the database with ENCODING 'UTF8'")
    if not facts.fsync:
        yield warning(
            "fsync", "off: a crash of the server's machine may damage the database", "set fsync = on"
        )
    yield _rights(facts)
    yield sources.clock("database clock", facts.clock, facts.asked_at, doubt=facts.doubt)


def _rights(facts: PostgresFacts) -> Finding:
    if facts.read_only:
        return warning(
            "rights", "this server only reads: capture and notes need the primary", "set DATABASE_URL"
        )
    if facts.missing_rights:
        shown = ", ".join(facts.missing_rights[:3])
        more = f" and {len(facts.missing_rights) - 3} more" if len(facts.missing_rights) > 3 else ""
        return error("rights", f"missing: {shown}{more}", "grant them to the role of DATABASE_URL")
    if not facts.may_create:
        return warning(
            "rights", "the role may not create tables: mhc db upgrade needs it", "GRANT CREATE ON SCHEMA"
        )
    return ok("rights", "may read, write and create tables")
