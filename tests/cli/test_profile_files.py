"""`mhc profile pull --load`: the site's JSON, and pages of it that were saved in a browser."""

import json
from typing import Any

import pytest

from command import MhcHere, Run
from upstreams import MANIFEST, PAYLOADS

DOSSIER = {
    "broadcaster_username": "room_one", "broadcaster_gender": "female", "age": 25, "room_status": "public",
    "room_title": "Hello 🎸 </script>", "num_viewers": 12, "num_followers": 321, "performer_has_fanclub": True,
    "allow_private_shows": True, "private_show_price": 60, "private_min_minutes": 0, "spy_private_show_price": 6,
    "viewer_username": "the_one_who_saved", "token_balance": 777, "chat_password": "KEY0OF0WHO0SAVED", "real_name": "Ms Secret",
}  # fmt: skip
BIO = """<!DOCTYPE html><html><head><title>x</title><link rel="canonical" href="https://chaturbate.com/room_one/">
<script>var location = "Location: nowhere"; if (a<b) { Location: 1 }</script></head><body>
<nav><a href="/tags/">Location</a></nav>
<div class="bio"><div class="row"><div class="label">Real Name:</div><div class="data">Ms Secret</div></div>
<div class="row"><span data-testid="l">Followers:</span> <span>24,355</span></div>
<div class="row"><div>Location:</div><div>By the sea &amp; co</div></div>
<div class="row"><div>Interested In:</div><div>Women, Men</div></div>
<div class="row"><div>Body Type:</div><div></div></div>
<table><tr><td>Age:</td><td>27</td></tr><tr><td>Smoke / Drink:</td><td>Never</td></tr></table>
<div class="row"><div>About Me:</div><div><p>All <b>about</b> me<br>I &lt;3 tea</p><p>100 - a song</p></div></div>
</div><footer>Copyright</footer></body></html>"""


def escaped(told: dict[str, Any]) -> str:
    """Give the JSON as the site writes it into a page: every sign that could end the text as an escape."""
    return "".join(
        one if one.isalnum() or one in "_ :,.{}" else f"\\u{ord(one):04X}" for one in json.dumps(told)
    )


FORMS = {
    "escaped": f'<script>window.initialRoomDossier = "{escaped(DOSSIER)}";</script>',
    "hex": f'<script>window["initialRoomDossier"]="{escaped(DOSSIER)}";'.replace("\\u0022", "\\x22")
    + "</script>",
    "single": f"window.initialRoomDossier = '{escaped(DOSSIER)}'",
    "parsed": f'window.initialRoomDossier = JSON.parse("{escaped(DOSSIER)}")',
    "object": f"window.initialRoomDossier = {json.dumps(DOSSIER)};",
    "second": 'if (window.initialRoomDossier == "") {}; window.initialRoomDossier = "'
    + escaped(DOSSIER)
    + '";',
}


def load(mhc: MhcHere, text: str | bytes, name: str = "room_one", *more: str) -> Run:
    (mhc.home / "saved").write_bytes(text if isinstance(text, bytes) else text.encode())
    return mhc("profile", "pull", name, "--load", "saved", *more, "-o", "json")


def shown(mhc: MhcHere, name: str = "room_one") -> dict[str, Any]:
    return {
        one["field"]: (one["value"], one["source"]) for one in mhc("profile", "show", name, "-o", "json").json
    }


def test_the_json_of_the_site_is_read_from_a_file_though_nobody_may_be_asked(mhc: MhcHere) -> None:
    run = load(mhc, (PAYLOADS / "biocontext_offline.json").read_bytes(), "room_one", "--at", "2026-01-02")
    assert (run.status, run.json[0]["state"]) == (0, "new")
    assert run.json[0]["captured_at"] == "2026-01-02T00:00:00Z"
    assert shown(mhc)["location"] == ("Somewhere nice", "biocontext")
    again = load(mhc, (PAYLOADS / "biocontext_offline.json").read_bytes(), "room_one", "--at", "2026-01-03")
    assert again.json[0]["state"] == "unchanged"
    gone = load(mhc, (PAYLOADS / "biocontext_http_401_banned.json").read_bytes())
    assert (gone.status, shown(mhc)["gone"]) == (0, ("banned", "biocontext"))
    missing = load(mhc, (PAYLOADS / "biocontext_http_404.json").read_bytes())
    assert (missing.status, missing.error["message"]) == (3, "profile does not know room_one")


# Sample → exit status and state.
SAMPLES = {
    "offline": (0, "new"), "online": (0, "new"), "password": (0, "new"), "sparse": (0, "new"),
    "http_401_banned": (0, "new"), "http_401_deleted": (0, "new"), "http_401_region": (69, "failed"),
    "http_403_challenge": (69, "failed"), "http_404": (3, "unknown"), "http_429": (75, "failed"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(SAMPLES))
def test_every_sample_is_loaded_as_what_it_is(on_sqlite: MhcHere, name: str) -> None:
    run = load(on_sqlite, (PAYLOADS / f"biocontext_{name}.json").read_bytes())
    assert (run.status, run.json[0]["state"]) == SAMPLES[name]


def test_every_sample_has_a_row() -> None:
    assert {f"biocontext_{name}.json" for name in SAMPLES} == {
        n for n in MANIFEST if n.startswith("biocontext_")
    }


@pytest.mark.parametrize("form", list(FORMS))
def test_a_saved_room_page_is_read_by_the_json_in_it(on_sqlite: MhcHere, form: str) -> None:
    run = load(on_sqlite, f"<!DOCTYPE html><html><body>{FORMS[form]}</body></html>")
    assert (run.status, run.stderr, run.json[0]["source"]) == (0, "", "profile.room_page")
    assert shown(on_sqlite) == {
        "gender": ("female", "room page"), "display_age": (25, "room page"),
        "performer_has_fanclub": (True, "room page"), "allow_private_shows": (True, "room page"),
        "private_show_price": (60, "room page"), "spy_private_show_price": (6, "room page"),
        "follower_count": (321, "room page"),
    }  # fmt: skip
    everything = b"".join(
        path.read_bytes() for path in on_sqlite.home.rglob("*") if path.is_file() and path.name != "saved"
    )
    for secret in (b"KEY0OF0WHO0SAVED", b"the_one_who_saved", b"Ms Secret"):
        assert secret not in everything


def test_a_saved_bio_page_is_read_by_its_labels(mhc: MhcHere) -> None:
    run = load(mhc, BIO)
    assert (run.status, run.stderr, run.json[0]["source"]) == (0, "", "profile.bio_page")
    assert shown(mhc) == {
        "display_age": (27, "bio page"), "location": ("By the sea & co", "bio page"),
        "interested_in": (["Men", "Women"], "bio page"), "smoke_drink": ("Never", "bio page"),
        "about_me": ("All about me\nI <3 tea\n100 - a song", "bio page"), "follower_count": (24355, "bio page"),
    }  # fmt: skip


def test_a_page_takes_away_only_what_it_speaks_of(mhc: MhcHere) -> None:
    assert (
        load(
            mhc, (PAYLOADS / "biocontext_offline.json").read_bytes(), "room_one", "--at", "2026-01-02"
        ).status
        == 0
    )
    assert load(mhc, BIO).status == 0
    changed = {one["field"]: one["after"] for one in mhc("profile", "changes", "-o", "json").json}
    assert changed == {
        "display_age": 27, "location": "By the sea & co", "body_type": None, "smoke_drink": "Never",
        "about_me": "All about me\nI <3 tea\n100 - a song",
    }  # fmt: skip
    assert shown(mhc)["languages"] == ("English, Français", "biocontext")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<html><body>Hello</body></html>", "neither a profile's JSON, nor a saved room page or bio page"),
        ("", "neither a profile's JSON, nor a saved room page or bio page"),
        ("\0\1\2", "neither a profile's JSON, nor a saved room page or bio page"),
        ('{"a": 1}', "an answer of the site has none of the known fields"),
        ("{", "an answer of the site is no JSON"),
        ('window.initialRoomDossier = "{\\u0022bro', "it was cut, or its form has changed"),
        ('window.initialRoomDossier = "[1]";', "it was cut, or its form has changed"),
        ("window.initialRoomDossier = " + "[" * 100_000, "it was cut, or its form has changed"),
        ('window.initialRoomDossier = "{}";', "a room page that does not say whose"),
        (FORMS["escaped"].replace("room_one", "room_two"), "the page is that of room_two, not of room_one"),
        (BIO.replace("/room_one/", "/room_two/"), "the page is that of room_two, not of room_one"),
    ],
)
def test_a_file_that_is_none_of_them_is_said_clearly(on_sqlite: MhcHere, text: str, sentence: str) -> None:
    run = load(on_sqlite, text)
    assert (run.status, "Traceback" in run.stderr) == (65, False)
    assert sentence in run.stderr
    assert on_sqlite("profile", "show", "viewer_one", "-o", "json").json == []
