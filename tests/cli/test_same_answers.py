"""The same show gives the same bytes on SQLite and PostgreSQL."""

import json
from itertools import islice
from pathlib import Path

import pytest

from command import MhcHere
from factories import ROOM, T0, cover, remember
from mhc.domain.broadcasts import MERGE_GAP
from mhc.domain.events import EventId, parse_event
from mhc.sandbox.show import Show, with_ids
from mhc.store import derived, events, streams
from mhc.store.database import Database
from mhc.store.streams import Kind

COMMANDS = (
    ["person", "list", "--reveal"],
    ["person", "list", "--sort", "tokens:desc"],
    ["person", "list", "--sort", "username"],
    ["person", "search", "viewer"],
    ["person", "search", "e", "--reveal", "-L", "5"],
    ["person", "list", "--segment", "tippers", "--since", "2026-01-01 17:00", "--reveal", "--excluded"],
    [
        "person",
        "list",
        "--segment",
        "tippers",
        "--until",
        "2026-01-02",
        "--no-excluded",
        "--sort",
        "tips:desc",
    ],
    ["person", "list", "--segment", "followers", "--sort", "first_seen_at"],
    ["person", "list", "--segment", "new", "--since", "2026-01-01 17:00", "--min-tokens", "500"],
    ["person", "list", "--list", "Friends", "--rating", "none"],
    ["person", "list", "--not-seen-since", "2026-01-03", "--role", "viewer"],
    ["person", "show", "viewer_one", "viewer_two", "viewer_three", "--private", "--reveal"],
    ["person", "show", "viewer_one"],
    ["person", "timeline", "viewer_one", "--private", "--reveal", "--until", "2026-02-01"],
    ["person", "timeline", "viewer_two", "--kind", "tip,note", "--sort", "at"],
    ["person", "compare", "viewer_one", "viewer_two", "viewer_three"],
    ["inbox", "list", "--private"],
    ["inbox", "show", "viewer_two", "--private"],
    ["inbox", "search", "tomorrow", "--private"],
    [
        "session",
        "list",
        "--fields",
        "started_at,ended_at,tokens,tips,tippers,messages,unique_visitors,new_followers",
    ],
    ["session", "list", "--include-excluded", "--fields", "state,origin,coverage,title,room"],
    [
        "session",
        "show",
        "--fields",
        "room,tokens,media,top_tippers,chatters,known_peak,unfollows,visits,median_stay,subjects",
    ],
    [
        "session",
        "show",
        "1",
        "--include-excluded",
        "--fields",
        "top_tippers,quick_visits,fanclub_joins,net_followers",
    ],
    [
        "session",
        "audience",
        "--fields",
        "username,arrived_at,left_at,visits,tokens,messages,first_time,watchlists",
    ],
    [
        "session",
        "audience",
        "1",
        "--reveal",
        "--include-excluded",
        "--sort",
        "messages:desc",
        "--fields",
        "username,tips",
    ],
    ["session", "events", "1", "--private", "-L", "500"],
    ["room", "now"],
    ["report", "tippers"],
    ["report", "spending", "viewer_two"],
    ["report", "spending", "viewer_one", "--reveal", "--until", "2026-01-02", "--with-alternates"],
    ["report", "digest", "--since", "2026-01-01", "--until", "2026-02-01", "--big", "100"],
    ["report", "tippers", "--reveal", "--include-excluded", "--since", "2026-01-02"],
    ["watchlist", "show", "Friends", "--fields", "username,online,last_seen_at,last_interaction_at,note"],
    ["watchlist", "history", "--fields", "list,username,note,removal_note", "--person", "viewer_one"],
    ["watchlist", "list"],
    ["note", "search", "blue", "--fields", "username,category,body,happened_at"],
    ["attr", "list", "--fields", "username,key,value,confidence,evidence"],
    ["relation", "list"],
    ["relation", "history", "viewer_five", "--fields", "field,before,after,by"],
    ["pair", "list", "--fields", "username,other,kind,note"],
    ["link", "list", "--fields", "username,kind,url,source"],
)
# About people whose card is not compared: it says when a note was written.
TYPED = (
    ["note", "add", "viewer_four", "Größe, BLUE and é"],
    ["note", "add", "viewer_five", "blue öl"],
    ["attr", "set", "viewer_four", "language=Ünglish", "location=lyon"],
    ["attr", "set", "viewer_five", "language=french", "--confidence", "low"],
    ["relation", "set", "viewer_four", "--role", "sub", "--trait", "Älter", "--since", "2026-01-01"],
    ["relation", "set", "viewer_five", "--role", "friend", "--status", "active"],
    ["pair", "add", "viewer_four", "viewer_five", "viewer_three", "--note", "é"],
    ["link", "add", "viewer_four", "twitter", "Viewer"],
    ["link", "add", "viewer_five", "website", "https://viewer.example/Ä"],
)


def watch(db: Database) -> None:
    """Keep a made-up show of three evenings, page by page."""
    shows = list(islice(with_ids(Show(seed=7), T0), 9000))
    with db.write() as conn:
        source = streams.ensure(conn, ROOM, Kind.LIVE, "testserver", T0)
        for start in range(0, len(shows), 400):
            page = [
                parse_event(one, json.dumps(one).encode(), EventId("unused"))
                for one in shows[start : start + 400]
            ]
            added = events.add_new(conn, source.id, page, T0, made_by="events")
            derived.add(conn, source, added.new, MERGE_GAP)
        cover(conn, 0, 1500)
        remember(conn, "viewer_one", "viewer_two")


@pytest.mark.parametrize("output", ["json", "tsv"])
def test_every_list_and_report(
    sqlite_database: Database, postgres_database: Database, tmp_path: Path, output: str
) -> None:
    answers = []
    for db in (sqlite_database, postgres_database):
        watch(db)
        url = db.url.render_as_string(hide_password=False)
        cli = MhcHere(tmp_path, DATABASE_URL=url, CHATURBATE_USERNAME=ROOM)
        cli("watchlist", "add", "Excluded", "viewer_four")
        cli("watchlist", "add", "Friends", "viewer_two", "viewer_one", "--note", "nice")
        assert [cli(*words).status for words in TYPED] == [0] * len(TYPED)
        answers.append([cli(*command, "-o", output) for command in COMMANDS])
    assert answers[0] == answers[1]
    assert all(run.status == 0 and len(run.stdout) > 40 for run in answers[0])
