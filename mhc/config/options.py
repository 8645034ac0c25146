"""What an option may say: others can read a process's arguments."""

from mhc.config.values import parse_database, passwords_in
from mhc.errors import UsageError


def check_option(option: str, value: str | None) -> None:
    """Refuse an empty value: `--db "$UNSET"` must not mean the default database."""
    if value is not None and not value.strip():
        raise UsageError(f"{option} is empty")


def database_argument(name: str, url: str) -> str:
    """Check a database URL of the command line: everyone on the machine can read a process's arguments."""
    check_option(name, url)
    if passwords_in(url):
        raise UsageError(
            f"{name} may not hold a password: others can read a process's arguments",
            hint="put the URL into DATABASE_URL, or its password into PGPASSFILE",
        )
    try:
        return parse_database(url)
    except ValueError as error:
        raise UsageError(f"{name} {error}") from None
