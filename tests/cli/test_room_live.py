"""Who is live by the feed: what a poll of other rooms, a part of one, or a single whole one does not say."""

import json

from command import MhcHere
from roompages import names, poll, row


def test_a_poll_of_who_is_tracked_makes_nobody_offline_whom_another_filter_kept(cli: MhcHere) -> None:
    poll(cli, row("room_one"), row("room_big", num_followers=5000), words=("--min-followers", "1000"), ago=9)
    cli("person", "add", "room_one")
    cli("watchlist", "add", "Friends", "room_one")
    for ago in (6, 4, 2):
        run = poll(cli, row("room_one"), row("other_room"), words=(), ago=ago)
        assert (run.json["scope"], run.json["complete"]) == ("tracked", True)
    assert sorted(names(cli("room", "online", "--json"))) == ["room_big", "room_one"]
    assert cli("room", "show", "room_big", "--json").json["online"] is True
    assert "room_big" in names(cli("person", "list", "--live", "--json"))


def test_who_is_tracked_is_offline_after_two_whole_polls_without_them(cli: MhcHere) -> None:
    for name in ("room_one", "room_two"):
        cli("person", "add", name)
        cli("watchlist", "add", "Friends", name)
    poll(cli, row("room_one"), row("room_two"), words=(), ago=9)
    online = []
    for ago in (6, 3):
        poll(cli, row("room_one"), row("other_room"), words=(), ago=ago)
        online.append(sorted(names(cli("room", "online", "--json"))))
    assert online == [["room_one", "room_two"], ["room_one"]]
    on = {one["username"]: one["online"] for one in cli("watchlist", "show", "Friends", "--json").json}
    assert on == {"room_one": True, "room_two": None}


def test_several_arrays_do_not_say_how_many_rooms_there_are(cli: MhcHere) -> None:
    for name, rooms in (("a", ["room_1", "room_2"]), ("b", ["room_3"])):
        (cli.home / f"{name}.json").write_text(json.dumps([row(one) for one in rooms]))
    run = cli("room", "poll", "--live", "--load", "a.json", "--load", "b.json", "--json")
    assert (run.status, run.json["rooms"], run.json["listed"], run.json["complete"]) == (1, 3, None, False)
    assert "3 rooms came, and the feed does not say how many there are" in run.stderr
    alone = cli("room", "poll", "--live", "--load", "a.json", "--json", "--force")
    assert (alone.status, alone.json["listed"], alone.json["complete"]) == (0, 2, True)


def test_who_is_tracked_is_kept_whatever_else_is_asked_and_first_where_there_are_too_many(
    cli: MhcHere,
) -> None:
    cli("person", "add", "room_small")
    cli("watchlist", "add", "Friends", "room_small")
    feed = [row("room_small", num_users=1), *(row(f"room_{n}", num_users=100 + n) for n in range(5))]
    run = poll(cli, *feed, words=("--tracked", "--min-viewers", "102"), ago=9)
    assert (run.json["kept"], run.json["scope"]) == (4, "some")
    run = poll(cli, *feed, words=("--tracked", "--min-viewers", "102", "--budget", "2"), ago=6)
    assert (run.json["kept"], run.json["scope"]) == (2, "some")
    shown = {one["username"]: one["observed_at"] for one in cli("room", "online", "--json").json}
    last = max(shown.values())
    assert sorted(name for name, at in shown.items() if at == last) == ["room_4", "room_small"]
    run = poll(cli, *feed, words=("--live", "--budget", "9"), ago=3)
    assert (run.json["kept"], run.json["scope"]) == (6, "all")


def test_a_room_shows_how_long_its_last_session_was_in_which_show(cli: MhcHere) -> None:
    said = {14: (900, "public"), 9: (1200, "private"), 4: (1500, "public"), 2: (1620, "hidden")}
    for ago, (seconds, show) in said.items():
        poll(cli, row("room_one", seconds_online=seconds, current_show=show), row("room_two"), ago=ago)
    found = cli("room", "show", "room_one", "--json").json
    assert (found["show"], found["public"], found["private"], found["hidden"]) == ("hidden", 420, 300, None)


def test_movers_are_rooms_by_the_followers_that_they_gained_from_their_first_reading_to_their_last(
    cli: MhcHere,
) -> None:
    followers = {90: (100, 50, 7), 60: (90, 80, None), 30: (120, 75, None)}
    for ago, (one, two, three) in followers.items():
        rooms = [row("room_one", num_followers=one), row("room_two", num_followers=two)]
        poll(cli, *rooms, *([row("room_three", num_followers=three)] if three else []), ago=ago)
    run = cli("room", "movers", "--json")
    assert [(one["username"], one["gained"], one["before"], one["followers"]) for one in run.json] == [
        ("room_two", 25, 50, 75), ("room_one", 20, 100, 120),
    ]  # fmt: skip
    later = cli("room", "movers", "--since", "70m", "--json").json
    assert [(one["username"], one["gained"]) for one in later] == [("room_one", 30), ("room_two", -5)]
    before = cli("room", "movers", "--since", "2h", "--until", "45m", "--json").json
    assert [(one["username"], one["gained"]) for one in before] == [("room_two", 30), ("room_one", -10)]
    cli("watchlist", "add", "Friends", "room_one")
    assert names(cli("room", "movers", "--list", "Friends", "--json")) == ["room_one"]
    cli("person", "merge", "room_one", "room_two")
    (both,) = cli("room", "movers", "--json").json
    assert (both["username"], both["first_at"] < both["last_at"]) == ("room_one", True)
    assert cli("room", "movers", "--list", "Nowhere").status == 3


def test_a_table_of_who_is_online_has_the_first_in_order_and_says_how_many_there_are(cli: MhcHere) -> None:
    viewers = {"room_c": 5, "room_a": 5, "room_b": 5, "room_d": 9, "room_e": None}
    poll(cli, *(row(name, num_users=number) for name, number in viewers.items()), ago=6)
    poll(cli, *(row(name, num_users=number) for name, number in viewers.items() if name != "room_d"), ago=3)
    everyone = ["room_d", "room_a", "room_b", "room_c", "room_e"]
    assert names(cli("room", "online", "--json")) == everyone
    for number in range(1, 6):
        assert names(cli("room", "online", "-L", str(number), "--json")) == everyone[:number]
    table = cli("room", "online", "-L", "2", "-o", "table", "--fields", "username")
    assert table.stdout.split() == ["USERNAME", "room_d", "room_a"]
    assert "2 of 5" in table.stderr
    assert names(cli("room", "online", "--min-viewers", "5", "-L", "9", "--json")) == everyone[:4]
    cli("person", "merge", "room_d", "room_a")
    assert names(cli("room", "online", "-L", "3", "--json")) == ["room_b", "room_c", "room_d"]
