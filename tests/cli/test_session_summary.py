"""`mhc session summary`: the form that never changes."""

import pytest

import factories
from command import MhcHere
from factories import chat, happening, tell_story, tip
from mhc.store.database import Database


@pytest.fixture
def mine(cli: MhcHere) -> MhcHere:
    """Give the command as the owner of example_room calls it."""
    cli.environ["CHATURBATE_USERNAME"] = "example_room"
    return cli


def first(cli: MhcHere) -> str:
    """Give the number of the earliest session."""
    return str(cli("session", "list", "--json").json[-1]["id"])


SUMMARY = """\
# S: 2026-01-01 Stream \u2013 Blue \\*night\\*

## Time

- Duration: 40m 00s (40m 00s live)
- Start: 2026-01-01 18:00 UTC
- End: 2026-01-01 18:40 UTC

## Subject

- Subject: Unknown

## Tokens

- Total: 215
- Tips: 185 in 4 tips; 2 people tipped by name
- Media: 30 for 1
- Fan club: 0 joined
- An hour live: 322.50

## Viewers

- Public feed: Unknown at most, Unknown on average
- Known by name: 2 at most, 1.43 on average (who was there already is known when they speak)

## Followers

- New: 1
- Gone: 0
- Net: +1

## Visitors

- People: 2, 2 of them for the first time
- Visits: 2, 0 of them under a minute
- Median stay: 19m 00s
- Chat: 2 lines by 2 people

## Tracked people

- Friends: **viewer\\_one** \u2605
- Known Streamers: **viewer\\_one** \u2605, viewer\\_two \u2605

## Top tippers

| # | Who | Tokens | Tips |
| ---: | :--- | ---: | ---: |
| 1 | **viewer\\_one** \u2605 | 100 | 1 |
| 2 | viewer\\_two \u2605 | 65 | 2 |
| 3 | Anonymous | 50 | 1 |

## Tippers

- **viewer\\_one** \u2605: 100
- viewer\\_two \u2605: 65
- Anonymous: 50

## Highlights

- Largest tip: 100 by **viewer\\_one** \u2605
- Tipped on their first visit: **viewer\\_one** \u2605, viewer\\_two \u2605
- Note: sold \\| out

## Coverage

- Captured: 100% of the time
"""


def test_a_summary_has_a_form_that_never_changes(database: Database, mine: MhcHere) -> None:
    tell_story(database)
    number = first(mine)
    mine("watchlist", "add", "Friends", "viewer_one")
    mine("watchlist", "add", "Known Streamers", "viewer_one")
    mine("watchlist", "add", "Known Streamers", "viewer_two")
    mine("session", "edit", number, "--title", "not this", "--theme", "Blue *night*")
    mine("session", "note", number, "sold | out")
    run = mine("session", "summary", number)
    assert (run.status, run.stderr) == (0, "")
    assert run.stdout == SUMMARY
    hidden = mine("session", "summary", number, MHC_SCREEN_SAFE="1").stdout
    assert "215" not in hidden
    assert "sold" not in hidden
    assert hidden.count("\n## ") == SUMMARY.count("\n## ")


def test_people_are_those_who_came_or_did_something_as_the_audience_has_them(
    database: Database, mine: MhcHere
) -> None:
    came = [happening(1, "userEnter", "viewer_one"), happening(2, "userLeave", "viewer_one")]
    did = [tip(3, "viewer_two", 20), chat(4, "viewer_three"), tip(5, "viewer_four", 50, anonymous=True)]
    with database.write() as conn:
        factories.store(conn, [happening(0, "broadcastStart"), *came, *did, happening(20, "broadcastStop")])
        factories.cover(conn, -10, 30)
    # One was seen to come, one tipped, one wrote; nobody is told to have tipped anonymously.
    summary = mine("session", "summary").stdout
    assert "- People: 3, 3 of them for the first time\n- Visits: 1, 0 of them" in summary
    assert "- Tips: 70 in 2 tips; 1 person tipped by name\n" in summary
    assert "- Chat: 1 line by 1 person\n" in summary
    found = mine("report", "audience", "--json").json
    assert (found["people"], found["first_timers"]) == (3, 3)
    # Where enters and leaves are kept no more, nobody knows how many they were.
    (mine.home / "config.toml").write_text('[retention]\npresence = "30d"\n')
    mine("--config", str(mine.home / "config.toml"), "db", "prune", "-y", "--force")
    gone = mine("session", "summary").stdout
    assert "- People: Unknown, Unknown of them for the first time\n- Visits: Unknown" in gone


def test_a_summary_of_a_session_of_which_nothing_is_known(mine: MhcHere) -> None:
    assert mine("session", "add", "--from", "2026-01-01 20:00Z", "--to", "2026-01-02 01:00Z").status == 0
    text = mine("session", "summary", MHC_TIMEZONE="Asia/Tokyo").stdout
    assert text.startswith("# S: 2026-01-02 Stream \u2013 Unknown\n")
    text = mine("session", "summary").stdout
    assert text.startswith("# S: 2026-01-01/02 Stream \u2013 Unknown\n")
    assert "- Subject: Unknown" in text
    assert "- Known by name: Unknown at most, Unknown on average" in text
    assert "- Captured: Unknown of the time" in text
    assert "- Median stay: Unknown" in text
