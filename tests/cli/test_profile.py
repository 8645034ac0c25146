"""`mhc profile`: asked for only where it is wanted, kept field by field, and what keeps us out."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from asked import Ask, Reply, Upstream, answers_kept, sample
from command import MhcHere, Run

REAL = "Very Private Name"
ROOMS = ("room_one", "room_two", "room_three", "room_four", "room_five")


class Site(Upstream):
    """The site, whose rooms say what `rooms` has beside the sample; None is a room that is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.rooms: dict[str, Any] = {name: {} for name in ROOMS}
        self.rule = self.profile

    def profile(self, ask: Ask) -> Reply | None:
        name = ask.path.split("/")[3] if ask.path.startswith("/api/biocontext/") else ""
        said = self.rooms.get(name)
        if isinstance(said, Reply):
            return said
        if said is None:
            return Reply(404, b"<h1>HTTP 404 - Page Not Found</h1>", {"Content-Type": "text/html"})
        return Reply(body=sample("biocontext_offline.json") | {"real_name": REAL} | said)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def enabled(mhc: MhcHere) -> MhcHere:
    """Give the command with profiles switched on."""
    path = mhc.home / "config" / "mhc" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[profiles]\nenabled = true\n")
    return mhc


def refusal(name: str) -> Reply:
    told = sample(f"biocontext_http_{name}.json")
    body = told["body_json"] if "body_json" in told else told["body_text"].encode()
    return Reply(told["status"], body, told["headers"])


def pull(mhc: MhcHere, site: Site, *words: str) -> Run:
    return mhc("profile", "pull", *words, "-o", "json", **site.environ)


def states(run: Run) -> list[tuple[str, str]]:
    return [(one["username"], one["state"]) for one in run.json]


def shown(mhc: MhcHere, name: str = "room_one") -> dict[str, Any]:
    return {one["field"]: one["value"] for one in mhc("profile", "show", name, "-o", "json").json}


def test_nobody_is_asked_where_nobody_said_so(mhc: MhcHere, site: Site) -> None:
    run = pull(mhc, site, "room_one")
    assert (run.status, site.asked) == (78, [])
    assert "set enabled = true in [profiles] of config.toml" in run.error["hint"]
    assert "but [profiles] enabled is not true" in pull(mhc, site, "room_one", "-n").stderr


def test_a_profile_is_kept_field_by_field_without_the_real_name(enabled: MhcHere, site: Site) -> None:
    run = pull(enabled, site, "room_one")
    assert (run.status, states(run), run.stderr) == (0, [("room_one", "new")], "")
    assert site.paths == ["/api/biocontext/room_one/"]
    assert "cookie" not in {name.lower() for name in site.asked[0].headers}
    assert shown(enabled) == {
        "sex": "a woman", "display_age": 25, "display_birthday": "Feb. 29, 2000", "location": "Somewhere nice",
        "languages": "English, Français", "interested_in": ["Men", "Women"], "body_type": "average",
        "body_decorations": "none", "smoke_drink": "no", "about_me": "Sample bio & link",
        "performer_has_fanclub": True, "fan_club_cost": 150, "needs_supporter_to_pm": False,
        "photo_sets": ["Sample photo set (99 tokens)"], "social_medias": ["Sample link (free)"],
        "follower_count": 24355, "last_broadcast": "2026-01-01T20:34:56.789Z",
    }  # fmt: skip
    exported = enabled("person", "export", "room_one", "--reveal", "--private").stdout
    assert "profile_change" in exported
    assert REAL not in exported
    everything = b"".join(path.read_bytes() for path in enabled.home.rglob("*") if path.is_file())
    assert REAL.encode() not in everything
    assert enabled("person", "show", "room_one", "-o", "json").json["role"] == "model"


def test_a_young_answer_is_not_asked_for_again_unless_forced(enabled: MhcHere, site: Site) -> None:
    assert pull(enabled, site, "room_one").status == 0
    again = pull(enabled, site, "room_one")
    assert (again.status, states(again), len(site.asked)) == (0, [("room_one", "skipped")], 1)
    site.rooms["room_one"] = {"location": "", "fan_club_cost": 200}
    assert states(pull(enabled, site, "room_one", "--force")) == [("room_one", "new")]
    changed = enabled("profile", "changes", "room_one", "-o", "json").json
    assert [(one["field"], one["before"], one["after"]) for one in changed] == [
        ("fan_club_cost", 150, 200),
        ("location", "Somewhere nice", None),
    ]
    assert all(one["before_at"] < one["at"] for one in changed)
    assert len(enabled("profile", "changes", "--all", "-o", "json").json) == 17
    assert states(pull(enabled, site, "room_one", "--stale", "0m")) == [("room_one", "unchanged")]


def test_what_does_not_fit_or_cannot_be_changes_nothing(enabled: MhcHere, site: Site) -> None:
    assert pull(enabled, site, "room_one").status == 0
    site.rooms["room_one"] = {
        "display_age": 99, "location": 7, "sex": None, "photo_sets": "none", "last_broadcast": -1,
    }  # fmt: skip
    assert pull(enabled, site, "room_one", "--force").status == 0
    assert enabled("profile", "changes", "-o", "json").json == []
    site.rooms["room_one"] = {"follower_count": 0, "location": ""}
    emptied = pull(enabled, site, "room_one", "--force")
    assert (emptied.status, states(emptied)) == (65, [("room_one", "failed")])
    assert enabled("profile", "changes", "-o", "json").json == []
    assert REAL not in "".join(path.read_text() for path in enabled.home.glob("state/answers/*"))


def test_an_answer_of_another_form_is_kept_nowhere(enabled: MhcHere, site: Site) -> None:
    site.rooms["room_one"] = Reply(200, json.dumps({"real_name": REAL, "version": 2}).encode())
    site.rooms["room_two"] = Reply(200, b'{"real_name": "' + REAL.encode() + b'", "location": ')
    run = pull(enabled, site, "room_one", "room_two")
    assert (run.status, [one["state"] for one in run.json]) == (65, ["failed", "failed"])
    assert REAL not in run.stdout + run.stderr
    assert answers_kept(enabled.home) == []


def test_a_block_for_this_address_is_said_and_is_no_word_about_the_room(enabled: MhcHere, site: Site) -> None:
    assert pull(enabled, site, "room_one").status == 0
    for name in ROOMS[:4]:
        site.rooms[name] = refusal("401_region")
    run = pull(enabled, site, *ROOMS, "--force")
    assert states(run) == [*((name, "failed") for name in ROOMS[:4]), ("room_five", "new")]
    assert run.status == 1
    assert "does not show room_one to your region or address" in run.stderr
    assert shown(enabled)["kept_out"] is True
    assert shown(enabled)["follower_count"] == 24355
    assert enabled("watchlist", "add", "Friends", "room_one", "room_five").status == 0
    chosen = pull(enabled, site, "--list", "Friends", "--stale", "0m")
    assert states(chosen) == [
        ("room_five", "unchanged")
    ]  # who is named is asked about, others are left alone
    site.rooms["room_one"] = {}
    assert states(pull(enabled, site, "room_one", "--force")) == [("room_one", "unchanged")]
    assert shown(enabled)["kept_out"] is None


@pytest.mark.parametrize("word", ["deleted", "banned"])
def test_a_room_that_is_gone_is_a_change_and_nothing_else_is(enabled: MhcHere, site: Site, word: str) -> None:
    assert pull(enabled, site, "room_one").status == 0
    site.rooms["room_one"] = refusal(f"401_{word}")
    run = pull(enabled, site, "room_one", "--force")
    assert (run.status, states(run)) == (0, [("room_one", "new")])
    changed = enabled("profile", "changes", "--all", "--since", "1m", "-o", "json").json
    assert [(one["field"], one["after"]) for one in changed if one["field"] == "gone"] == [("gone", word)]
    assert shown(enabled)["location"] == "Somewhere nice"
    site.rooms["room_one"] = {}
    assert pull(enabled, site, "room_one", "--force").status == 0
    assert shown(enabled)["gone"] is None


def test_whom_the_site_does_not_know_is_a_miss(enabled: MhcHere, site: Site) -> None:
    run = pull(enabled, site, "nobody_there", "room_one")
    assert (run.status, states(run)) == (1, [("nobody_there", "unknown"), ("room_one", "new")])
    assert enabled("watchlist", "add", "Friends", "room_one").status == 0
    assert pull(enabled, site, "--list", "Friends", "--stale", "0m").status == 0
    site.rooms["room_one"] = None
    assert states(pull(enabled, site, "--list", "Friends", "--stale", "0m")) == [("room_one", "unknown")]
    assert pull(enabled, site, "--list", "Friends", "--stale", "0m").json == []


def test_three_wishes_for_quiet_in_a_row_end_the_run(enabled: MhcHere, site: Site) -> None:
    slow = refusal("429")
    site.replies = [slow, slow, None, slow, slow, slow]
    run = pull(enabled, site, *ROOMS, "room_six", "room_seven")
    assert [one["state"] for one in run.json] == ["failed", "failed", "new", *["failed"] * 3, "skipped"]
    assert (run.status, len(site.asked)) == (1, 6)
    assert "the site asks to slow down (429)" in run.stderr


@pytest.mark.parametrize(
    "block", [refusal("403_challenge"), Reply(200, b"<!DOCTYPE html><html>Just a moment...</html>")]
)
def test_a_page_for_browsers_ends_the_run_at_once(enabled: MhcHere, site: Site, block: Reply) -> None:
    site.rooms["room_one"] = block
    run = pull(enabled, site, "room_one", "room_two")
    assert (run.status, [one["state"] for one in run.json]) == (69, ["failed", "skipped"])
    assert len(site.asked) == 1
    assert "it blocks mhc, which works around no block" in run.stderr


def test_links_are_the_persons_and_none_beside_what_was_typed(enabled: MhcHere, site: Site) -> None:
    def medias(*links: str) -> dict[str, Any]:
        return {"social_medias": [{"title_name": "x", "link": one, "tokens": 0} for one in links]}

    typed = ("link", "add", "room_one", "twitter", "@typed_by_hand")
    assert enabled("person", "add", "room_one").status == enabled(*typed).status == 0
    site.rooms["room_one"] = medias(
        "/external_link/?url=https%3A%2F%2Ftwitter.com%2Fanother_one",
        "/external_link/?url=https%3A%2F%2Fexample.org%2Fme",
        "/external_link/?url=https%3A%2F%2Ftwitter.com%2Fchaturbate",
        "/external_link/?url=javascript%3Aalert(1)",
        "/external_link/?url=%2Faccounts%2F",
        "https://chaturbate.com/room_two/",
        "https://onlyfans.com/room_one",
    )
    assert pull(enabled, site, "room_one").status == 0
    assert links(enabled) == [
        ("onlyfans", "https://onlyfans.com/room_one", "biocontext"),
        ("other", "https://example.org/me", "biocontext"),
        ("twitter", "https://x.com/typed_by_hand", "manual"),
    ]
    assert enabled("link", "remove", "room_one", "onlyfans").status == 0
    site.rooms["room_one"] = medias("https://onlyfans.com/room_one")
    assert pull(enabled, site, "room_one", "--force").status == 0
    assert links(enabled) == [("twitter", "https://x.com/typed_by_hand", "manual")]


def links(mhc: MhcHere) -> list[tuple[str, str, str]]:
    found = mhc("link", "list", "room_one", "-o", "json").json
    return [(one["kind"], one["url"], one["source"]) for one in found]


def test_what_a_room_writes_of_itself_does_nothing(enabled: MhcHere, site: Site) -> None:
    site.rooms["room_one"] = {
        "about_me": "<script>alert('bad')</script><p onclick=x>=cmd|' /C calc'!A0 \x1b[31mred\u202e</p><img src=x onerror=y>",
        "location": '=HYPERLINK("http://x")\x1b]0;title\x07',
    }  # fmt: skip
    assert pull(enabled, site, "room_one").status == 0
    assert shown(enabled)["about_me"] == "=cmd|' /C calc'!A0 \x1b[31mred\u202e"
    for form in ("table", "csv", "tsv", "ndjson", "json"):
        said = enabled("profile", "show", "room_one", "-o", form).stdout
        assert "\x1b" not in said
        assert "\u202e" not in said
        assert "alert" not in said
    assert "'=HYPERLINK" in enabled("profile", "show", "room_one", "-o", "csv").stdout
    assert "'=HYPERLINK" in enabled("profile", "changes", "--all", "-o", "csv").stdout


def test_of_merged_people_each_has_a_profile_and_links_of_its_own(enabled: MhcHere, site: Site) -> None:
    for name in ROOMS[:2]:
        wrapped = f"/external_link/?url=https%3A%2F%2F{name.replace('_', '-')}.example"
        site.rooms[name] = {
            "location": f"of {name}",
            "social_medias": [{"title_name": "x", "link": wrapped, "tokens": 0}],
        }
    assert pull(enabled, site, *ROOMS[:2]).status == 0
    before = enabled("profile", "show", "room_two", "-o", "json").json
    assert enabled("person", "merge", "room_one", "room_two", "-y").status == 0
    assert pull(enabled, site, "room_one", "--force").status == 0
    for name in ROOMS[:2]:
        found = enabled("profile", "show", name, "-o", "json").json
        places = [(one["username"], one["value"]) for one in found if one["field"] == "location"]
        assert places == [("room_one", "of room_one"), ("room_two", "of room_two")]
    assert [url for _, url, _ in links(enabled)] == ["https://room-one.example", "https://room-two.example"]
    assert enabled("person", "unmerge", "room_two", "-y").status == 0
    assert enabled("profile", "show", "room_two", "-o", "json").json == before


def test_who_is_forgotten_has_no_profile_and_is_in_nobody_elses(enabled: MhcHere, site: Site) -> None:
    site.rooms["room_one"] = {"about_me": "My friend is room_two", "photo_sets": [{"name": "with\nroom_two"}]}
    assert pull(enabled, site, "room_one", "room_two").status == 0
    key = {"MHC_ERASURE_KEY": "CANARY0ERASURE0KEY"}
    assert enabled("person", "forget", "room_two", "-y", **key).status == 0
    assert enabled("profile", "show", "room_two", **key).status == 3
    said = enabled("profile", "changes", "--all", "-o", "json", **key)
    assert (said.status, "room_two" in said.stdout) == (0, False)
    assert {one["username"] for one in said.json} == {"room_one"}


def test_a_card_has_a_line_of_the_profile(enabled: MhcHere, site: Site) -> None:
    assert pull(enabled, site, "room_one").status == 0
    card = enabled("person", "show", "room_one", "-o", "table", MHC_FORCE_TTY="120").stdout
    assert "24,355 followers, fan club 150 tokens a month, last broadcast 2026-01-01" in card
