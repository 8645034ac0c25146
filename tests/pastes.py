"""What the examples of `mhc import`, `mhc snapshot pull` and `mhc profile pull` read: a file of each kind, with made-up names."""

from pathlib import Path

FILES = {
    "chat.txt": (
        "[2026-01-03T18:00:00Z] viewer_one: hello\n"
        "[2026-01-03T18:00:05Z] viewer_nine|100| hi there\n"
        "[2026-01-03T18:00:06Z] viewer_nine tipped 25 tokens | for the song\n"
        "viewer_nine has joined the room.\n"
        "viewer_two: nobody knows when\n"
    ),
    "pm.txt": "viewer_one: are you there?\nexample_room: yes\n",
    "tips.txt": "viewer_one tipped 100 tokens -- thanks\nviewer_two: 25 tk\nviewer_two: hi\n",
    "menu.txt": "100 - song\ndance - 50 | wave (20)\nspin [75]\nstretch: 60\n",
    "people.jsonl": (
        '{"username": "viewer_one", "notes": [{"body": "likes blue", "category": "tips"}], "lists": ["Friends"]}\n'
        '{"username": "viewer_nine", "rating": 4, "links": [{"kind": "twitter", "url": "@viewer_nine"}]}\n'
    ),
    "friends.csv": "username,note\nviewer_one,always kind\nviewer_nine,\n",
    "member.json": (Path(__file__).parent / "payloads" / "statbate" / "member_info.json").read_text(),
    "tips.json": (Path(__file__).parent / "payloads" / "statbate" / "member_tips.json").read_text(),
    "bio.json": (Path(__file__).parent / "payloads" / "biocontext_offline.json").read_text(),
    "live.json": (Path(__file__).parent / "payloads" / "cbhours_live.json").read_text(),
    "activity.json": (Path(__file__).parent / "payloads" / "cbhours_activity.json").read_text(),
    "rooms.json": (
        '{"count": 2, "results": [{"username": "example_room", "current_show": "public", "num_users": 40,'
        ' "num_followers": 2400, "seconds_online": 900, "room_subject": "Blue night #music", "tags": ["music"]},'
        ' {"username": "room_nine", "current_show": "away", "num_users": 3, "num_followers": 90, "tags": []}]}\n'
    ),
    "tokens.csv": (
        '"Timestamp","Token change","Token balance","Transaction type","User","Note"\n'
        '"2026-01-01 10:09:00.200000",30,80,"Photos/videos sold","viewer_two","a set"\n'
        '"2026-01-01 10:07:10.000000",50,50,"Tip received","viewer_nine",""\n'
    ),
    "followers.txt": "viewer_one\nviewer_two\n@viewer_nine\n",
    "followers.html": (
        '<h1>2 followers</h1><ul><li><a href="/viewer_one/">viewer_one</a></li>'
        '<li><a href="/viewer_nine/">viewer_nine</a></li></ul>\n'
    ),
}


def write(folder: Path) -> None:
    """Put the files into a folder."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
