"""A table that is added is walked, or stops the commands that must know whether it is about people."""

import pytest
from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text

from mhc.store import personal
from mhc.store.schema import metadata


def copied() -> MetaData:
    made = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(made)
    return made


def test_every_table_that_names_people_is_walked() -> None:
    found = {one.table.name: {column.name for column in one.about} for one in personal.tables()}
    assert found["event"] == {"actor_id", "partner_id"}
    assert found["visit"] == {"person_id"}
    assert found["stream"] == {"room_id"}
    assert found["pair"] == {"low_id", "high_id"}
    rest = {"schema_compat", "event_method", "watchlist", "attribute_key", "job_run", "job_switch", "erasure"}
    rest |= {"payload", "snapshot_source", "lookup_miss", "room_text", "room_poll"}
    through = {"rejected_event", "capture_gap", "capture_coverage", *personal.PARTS}
    assert metadata.tables.keys() - found.keys() == rest | through


def test_a_new_table_that_leads_to_people_is_found_by_itself_with_its_texts() -> None:
    made = copied()
    Table(
        "gift", made, Column("id", Integer, primary_key=True), Column("words", Text),
        Column("giver_id", Integer, ForeignKey("person.id")),
    )  # fmt: skip
    assert [c.name for one in personal.tables(made) if one.table.name == "gift" for c in one.about] == [
        "giver_id"
    ]
    assert "gift.words" in {f"{column.table.name}.{column.name}" for column in personal.texts(made)}


@pytest.mark.parametrize(
    ("column", "of"),
    [
        (Column("who_id", Integer), "event"),
        (Column("picture", LargeBinary), "note"),
        (Column("remark", Text), "capture_gap"),
        (Column("remark", Text), "new"),
        (Column("who_id", Integer), "new"),
    ],
    ids=str,
)
def test_a_column_of_which_nobody_said_what_it_is_stops(column: Column[object], of: str) -> None:
    made = copied()
    if of == "new":
        Table("new", made, Column("id", Integer, primary_key=True))
    made.tables[of].append_column(column.copy() if column.table is not None else column)
    with pytest.raises(personal.UnclassifiedError, match=f"{of}.{column.name}"):
        personal.tables(made)
