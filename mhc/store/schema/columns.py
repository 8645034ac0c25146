"""What every table is made of: times, texts, keys and references, the same on both databases.

Times are whole epoch milliseconds (UTC), so that arithmetic, order and index size are the same.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, ForeignKey, Integer, MetaData, Text, TypeDecorator, text

from mhc.domain.clock import from_ms, to_ms


class Instant(TypeDecorator[datetime]):
    """An aware UTC time, kept as epoch milliseconds; refuses a naive one."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Turn a time into milliseconds."""
        return None if value is None else to_ms(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn milliseconds into a time."""
        return None if value is None else from_ms(value)


# Bytewise order on both databases, whatever the server's locale.
String = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def id_column() -> Column[int]:
    """Give the key of a table that has no other."""
    return Column("id", Integer, primary_key=True)


def ref(name: str, target: str, *, null: bool = False, **kw: Any) -> Column[int]:
    """Give a column that points at a row of another table."""
    return Column(name, Integer, ForeignKey(f"{target}.id"), nullable=null, **kw)


def batch_column() -> Column[int]:
    """Give the column that says which import brought a row; null where a person typed it.

    No foreign key: SQLite adds none to a table that is there.
    """
    return Column("batch_id", Integer)


def where(condition: str) -> dict[str, Any]:
    """Give what makes an index partial on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
