"""The tables of the site's public profiles, and of the account's own record of tokens."""

from sqlalchemy import BigInteger, Column, Index, Table, UniqueConstraint

from mhc.store.schema.columns import Instant, String, batch_column, id_column, metadata, ref

# One row a field of a public profile and change of it; a value null says that it was taken away. What stands now is
# the last row of each field.
profile_change = Table(
    "profile_change",
    metadata,
    id_column(),
    ref("person_id", "person"),
    Column("field", String, nullable=False),
    Column("value", String),
    Column("source", String, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("person_id", "field", "at"),
)

# A row of the token statistics. It has no id of its own: the key is what the file says, with the time as it stands
# there (`stamp`), so that a file which is read again in another zone doubles nothing. No name is the empty text.
ledger_entry = Table(
    "ledger_entry",
    metadata,
    id_column(),
    ref("room_id", "person"),
    Column("stamp", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("change", BigInteger, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("username", String, nullable=False),
    ref("person_id", "person", null=True, index=True),
    Column("note", String, nullable=False),
    batch_column(),
    UniqueConstraint("room_id", "stamp", "change", "balance", "username", "kind", name="uq_ledger_entry"),
    Index("ix_ledger_entry_room", "room_id", "at"),
)
