"""What an option may say: others can read a process's arguments."""

from mhc.config.values import parse_database, passwords_in
from mhc.errors import UsageError


def check_option(option: str, value: str | None) -> None:
    """Refuse an empty value: `--db "$UNSET"` must not mean the default database."""
    if value is not None and not value.strip():
        raise UsageError(f"{option} is empty")


def database_option(db: str | None) -> str | None:
    """Check the URL given by --db: everyone on the machine can read a process's arguments."""
    check_option("--db", db)
    if db is None:
        return None
    if passwords_in(db):
        raise UsageError(
            "--db may not hold a password: others can read a process's arguments",
            hint="put the URL into DATABASE_URL, or its password into PGPASSFILE",
        )
    try:
        return parse_database(db)
    except ValueError as error:
        raise UsageError(f"--db {error}") from None
