"""A broadcast that falls silent, as the commands tell of it: its stop came, or did not."""

from typing import Any

import pytest

from command import MhcHere
from factories import chat, happening, store, tip
from mhc.store.database import Database

START, STOP = happening(0, "broadcastStart"), happening(60, "broadcastStop")


@pytest.fixture
def mine(cli: MhcHere) -> MhcHere:
    cli.environ["CHATURBATE_USERNAME"] = "example_room"
    return cli


def told(cli: MhcHere) -> list[tuple[Any, ...]]:
    """Give of each session its times and tokens, which the list, its own page and the report of tippers agree on."""
    found = []
    for row in cli("session", "list", "--sort", "started_at", "--json").json:
        times, tokens = (row["started_at"][11:], row["ended_at"][11:]), row["tokens"]
        whole = cli("session", "show", str(row["id"]), "--json").json
        assert (whole["ended_at"], whole["tokens"]) == (row["ended_at"], tokens)
        until = ["--since", row["started_at"], "--until", row["ended_at"]]
        tippers = cli("report", "tippers", *until, "--json").json["rows"]
        assert sum(one["tokens"] for one in tippers) == tokens
        by_session = cli("report", "sessions", *until, "--json").json["rows"]
        assert [(one["ended_at"], one["tokens"]) for one in by_session] == [(row["ended_at"], tokens)]
        found.append((*times, tokens))
    return found


def test_a_stop_that_was_heard_ends_a_broadcast_however_silent_it_was(
    database: Database, mine: MhcHere
) -> None:
    silent = [START, tip(5, "viewer_one", 25), chat(55, "viewer_two"), tip(58, "viewer_two", 100)]
    with database.write() as conn:
        store(conn, silent)
    # The two things that came after 50 minutes show no broadcast: until the stop, it ended with the first tip.
    assert told(mine) == [("18:00:00Z", "18:05:00.001Z", 25)]
    with database.write() as conn:
        store(conn, [STOP], page=1)
    assert told(mine) == [("18:00:00Z", "19:00:00Z", 125)]
    assert [row["change"] for row in mine("session", "rebuild", "-n", "--json").json] == ["same"]
    assert mine("db", "check").status == 0


def test_the_last_event_of_a_broadcast_without_a_stop_is_of_it(database: Database, mine: MhcHere) -> None:
    with database.write() as conn:
        store(conn, [START, tip(5, "viewer_one", 25), tip(6, "viewer_two", 600)])
    assert mine("job", "run", "sessions-close").status == 0
    assert told(mine) == [("18:00:00Z", "18:06:00.001Z", 625)]
    with database.write() as conn:
        store(conn, [happening(55, "broadcastStart"), tip(57, "viewer_one", 10), STOP], page=1)
    assert told(mine) == [("18:00:00Z", "18:06:00.001Z", 625), ("18:55:00Z", "19:00:00Z", 10)]
    assert mine("db", "check").status == 0
