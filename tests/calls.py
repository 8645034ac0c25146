"""How each command is called on the database of tests/seed.py, and what it is excused from, with the reason.

A command that has no line here fails the tests of tests/conventions, which walk the tree of commands.
"""

import shlex
from dataclasses import dataclass

import pytest

from docs_tree import Leaf

LIVE = ('session start --at "1h ago"',)


@dataclass(frozen=True, slots=True)
class Call:
    """The words after a command's path that make it do something.

    `before` are calls that must come first, `files` those that make the files it reads. `missing` are words that name something that is not there (status 3);
    a command with arguments says in `never_missing` why it has none. `prints` is for who prints no rows, yet something.
    `idle` says why a call without -n leaves the database and the files as they were. `endless` goes on until stopped,
    `feed` wants a room that plays. `apart` says why it is not run here at all.
    """

    words: str = ""
    before: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    missing: str | None = None
    never_missing: str = ""
    prints: bool = False
    idle: str = ""
    endless: bool = False
    feed: bool = False
    apart: str = ""

    @property
    def split(self) -> list[str]:
        """The words, one by one."""
        return shlex.split(self.words)


CALLS = {
    "init": Call(),
    "doctor": Call("--offline"),
    "status": Call(),
    "listen": Call(endless=True, feed=True, prints=True),
    "capture coverage": Call(),
    "capture export": Call(prints=True),
    "capture gaps": Call(),
    "capture import": Call(
        "capture.jsonl", files=("capture export --out capture.jsonl",),
        never_missing="a file that is not there is no name", idle="all of it is here already",
    ),
    "capture rejected": Call("--private --reveal", idle="lists only, without --retry"),
    "capture status": Call(),
    "event tail": Call(missing="--room nobody_at_all", endless=True, prints=True),
    "event list": Call("--reveal --private", missing="--person nobody_at_all"),
    "event show": Call("1767225675500-0", missing="1-1"),
    "person add": Call("viewer_new", never_missing="adds who is not there"),
    "person list": Call(missing="--room nobody_at_all"),
    "person exclude": Call("viewer_one", missing="nobody_at_all"),
    "person include": Call("viewer_two", missing="nobody_at_all"),
    "person merge": Call("viewer_one viewer_two", missing="nobody_at_all viewer_two"),
    "person rename": Call("viewer_one viewer_uno", missing="nobody_at_all viewer_uno"),
    "person role": Call("viewer_one both", missing="nobody_at_all both"),
    "person search": Call("viewer", never_missing="what is not found is an empty list"),
    "person show": Call("viewer_one", missing="nobody_at_all"),
    "person unmerge": Call(
        "viewer_two", before=("person merge viewer_one viewer_two",), missing="nobody_at_all"
    ),
    "person export": Call("viewer_one", missing="nobody_at_all", prints=True),
    "person forget": Call("viewer_one -y", missing="nobody_at_all -y"),
    "person compare": Call("viewer_one viewer_two", missing="viewer_one nobody_at_all"),
    "person timeline": Call("viewer_one --reveal --private", missing="nobody_at_all"),
    "alias add": Call("viewer_one viewer_uno", missing="nobody_at_all viewer_uno"),
    "alias list": Call("viewer_one", missing="nobody_at_all"),
    "alias remove": Call(
        "viewer_one viewer_uno", before=("alias add viewer_one viewer_uno",), missing="viewer_one nobody_at_all"
    ),
    "session list": Call(missing="--room nobody_at_all"),
    "session show": Call(missing="999999"),
    "session start": Call(),
    "session status": Call(before=LIVE),
    "session stop": Call(before=LIVE, missing=""),
    "session add": Call(
        '--from "2026-03-01 20:00" --to "2026-03-01 23:30"', never_missing="makes what is not there"
    ),
    "session audience": Call(missing="999999"),
    "session edit": Call('1 --title "First night"', missing="999999 --title x"),
    "session events": Call("--reveal --private", missing="999999"),
    "session merge": Call("1 2 -y", missing="1 999999 -y"),
    "session note": Call('1 "the blue lights"', missing="999999 text"),
    "session rebuild": Call(missing="--room nobody_at_all", idle="all is as the events say"),
    "session split": Call('1 --at "2026-01-01 18:20"', missing="999999 --at 2026-01-02"),
    "session summary": Call(missing="999999", prints=True),
    "room history": Call("example_room --since 2d", missing="nobody_at_all"),
    "room now": Call(missing="--room nobody_at_all"),
    "room movers": Call("--since 2000d", missing="--list Nowhere"),
    "room online": Call(never_missing="what is not found is an empty list"),
    "room poll": Call("--load rooms.json --at 2026-01-03", missing="--load rooms.json --list Nowhere"),
    "room show": Call("example_room", missing="nobody_at_all"),
    "watchlist add": Call("Friends viewer_two", missing="Nowhere viewer_one"),
    "watchlist create": Call('"Quiet Ones"', never_missing="makes what is not there"),
    "watchlist delete": Call('"Night Owls" -y', missing="Nowhere -y"),
    "watchlist history": Call("Friends", missing="Nowhere"),
    "watchlist import": Call("Friends friends.csv", missing="Nowhere friends.csv"),
    "watchlist list": Call(),
    "watchlist remove": Call("Friends viewer_one", missing="Friends nobody_at_all"),
    "watchlist rename": Call('"Night Owls" Owls', missing="Nowhere Owls"),
    "watchlist show": Call("Friends", missing="Nowhere"),
    "note add": Call('viewer_one "asked for a song"', missing="nobody_at_all text"),
    "note list": Call(missing="nobody_at_all"),
    "note edit": Call('1 "likes green lights"', missing="999999 text"),
    "note remove": Call("1 -y", missing="999999 -y"),
    "note search": Call("blue --private", missing="blue --person nobody_at_all"),
    "note show": Call("1", missing="999999"),
    "attr define": Call("likes_tea --kind flag", never_missing="makes what is not there"),
    "attr history": Call("viewer_one", missing="viewer_one no_such_key"),
    "attr keys": Call(),
    "attr list": Call(missing="--key no_such_key"),
    "attr remove": Call("viewer_one language", missing="viewer_one no_such_key"),
    "attr set": Call("viewer_one location=Lyon", missing="viewer_one no_such_key=1"),
    "attr show": Call("viewer_one", missing="nobody_at_all"),
    "relation history": Call("viewer_one", missing="nobody_at_all"),
    "relation list": Call(),
    "relation remove": Call("viewer_one", missing="nobody_at_all"),
    "relation set": Call("viewer_one --status inactive", missing="nobody_at_all --role sub"),
    "relation show": Call("viewer_one", missing="nobody_at_all"),
    "pair add": Call("viewer_one viewer_three", missing="viewer_one nobody_at_all"),
    "pair list": Call(missing="nobody_at_all"),
    "pair remove": Call("viewer_one viewer_two", missing="viewer_one nobody_at_all"),
    "link add": Call("viewer_one fansly viewer_one", missing="nobody_at_all twitter x"),
    "link list": Call(missing="nobody_at_all"),
    "link remove": Call("viewer_one website", missing="viewer_one video"),
    "person name": Call("viewer_one", missing="nobody_at_all", idle="shows only, without a name to set"),
    "person rate": Call("viewer_one --history", missing="nobody_at_all 3", idle="shows only, without a rating"),
    "inbox list": Call(),
    "inbox search": Call("tomorrow --private", never_missing="what is not found is an empty list"),
    "inbox show": Call("viewer_one", missing="nobody_at_all"),
    "snapshot diff": Call("viewer_one --source statbate.member_info", missing="nobody_at_all"),
    "snapshot list": Call("viewer_one", missing="nobody_at_all"),
    "snapshot show": Call("viewer_one", missing="nobody_at_all"),
    "snapshot trend": Call("viewer_one all_time_tokens --source statbate.member_info", missing="nobody_at_all all_time_tokens"),
    "report tippers": Call(missing="--room nobody_at_all"),
    "report followers": Call(missing="--room nobody_at_all"),
    "report tipmenu": Call(missing="--room nobody_at_all"),
    "report timing": Call(missing="nobody_at_all"),
    "report income": Call(missing="--room nobody_at_all"),
    "report spending": Call("viewer_one --reveal", missing="nobody_at_all"),
    "report tags": Call(missing="nobody_at_all"),
    "report sessions": Call(missing="--room nobody_at_all"),
    "report audience": Call(missing="999999"),
    "report retention": Call(missing="--room nobody_at_all"),
    "report digest": Call("--since 2026-01-01", missing="--room nobody_at_all"),
    "job disable": Call("db-prune", missing="no-such-job"),
    "job enable": Call("db-prune", missing="no-such-job"),
    "job history": Call(missing="no-such-job"),
    "job list": Call(),
    "job run": Call("sessions-close", missing="no-such-job"),
    "job show": Call("db-backup", missing="no-such-job"),
    "job status": Call(),
    "job tick": Call(),
    "import chat": Call("chat.txt --save", missing="chat.txt --room nobody_at_all"),
    "import follows": Call(
        "followers.txt --direction followers --save",
        missing="followers.txt --direction followers --room nobody_at_all",
    ),
    "import list": Call(files=("import chat chat.txt --save",)),
    "import people": Call("people.jsonl --save", missing="nowhere.jsonl"),
    "import pm": Call("pm.txt --save", missing="pm.txt --room nobody_at_all"),
    "import tipmenu": Call("menu.txt --save", missing="menu.txt --room nobody_at_all"),
    "import tips": Call("tips.txt --save", missing="tips.txt --room nobody_at_all"),
    "import tokens": Call("tokens.csv --save", missing="tokens.csv --room nobody_at_all"),
    "import undo": Call("1 -y", files=("import chat chat.txt --save",), missing="99"),
    "snapshot pull": Call(
        "viewer_one --source statbate.member_tips --load tips.json",
        missing="--list Nowhere",
    ),
    "profile changes": Call("other_room", missing="nobody_at_all"),
    "profile pull": Call("other_room --load bio.json", missing="--list Nowhere -n"),
    "profile show": Call("other_room", missing="nobody_at_all"),
    "db backup": Call("--out night.backup"),
    "db restore": Call(
        "night.backup -y", files=("db backup --out night.backup",),
        never_missing="a file is no name", idle="what is there is what it holds",
    ),
    "db copy": Call("copied.db", never_missing="makes what is not there"),
    "db prune": Call("-y --config retention.toml"),
    "db check": Call(idle="nothing is to be repaired"),
    "db info": Call(),
    "db upgrade": Call(idle="the schema is the latest"),
    "config list": Call(),
    "config path": Call(),
    "service print": Call("cron", never_missing="a kind that is not known is wrong usage", prints=True),
    "completion": Call("bash", never_missing="a shell that is not known is wrong usage", prints=True),
    "sandbox demo": Call(apart="starts several commands and takes as long as it says: tests/test_docs_examples.py"),
    "sandbox serve": Call("--port 0", endless=True, prints=True),
}  # fmt: skip


def call_of(leaf: Leaf) -> Call:
    """Give how a command is called, or say what is to be done."""
    if leaf.path not in CALLS:
        pytest.fail(
            f"tests/calls.py has no line for `mhc {leaf.path}`: add one to CALLS, with the words that make it do"
            " something on the database of tests/seed.py",
            pytrace=False,
        )
    return CALLS[leaf.path]
