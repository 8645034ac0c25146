"""`mhc config`: what is set, and where it came from; and an empty option, which sets nothing."""

from pathlib import Path
from typing import Any

import pytest

from command import MhcHere
from mhc.config import JOBS, SETTINGS

CANARIES = ("CANARY0EVENTS0TOKEN", "CANARY0STATS0TOKEN", "CANARY0PASSWORD")


@pytest.fixture
def mhc(tmp_path: Path) -> MhcHere:
    return MhcHere(tmp_path)


def configure(mhc: MhcHere, text: str) -> Path:
    path = mhc.home / "config" / "mhc" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def rows(mhc: MhcHere, *words: str, **environ: str) -> dict[str, dict[str, Any]]:
    run = mhc("config", "list", "--json", *words, **environ)
    assert (run.status, run.stderr) == (0, "")
    return {row.pop("name"): row for row in run.json}


def test_list_is_the_table_of_settings(mhc: MhcHere) -> None:
    found = rows(mhc)
    assert list(found) == [one.name for one in (*SETTINGS, *(s for job in JOBS for s in job.settings))]
    assert (found["backup.hourly"]["value"], found["jobs.db-backup.at"]["value"]) == ("24", "04:15")
    assert found["MHC_TIMEZONE"] == {
        "value": "UTC",
        "origin": "default",
        "meaning": "Time zone in which times are read and shown, such as Europe/Berlin.",
    }
    assert found["DATABASE_URL"]["value"] == f"sqlite:///{mhc.home}/data/mhc/mhc.db"
    assert (found["sessions.merge_gap"]["value"], found["MHC_WAIT_SCALE"]["value"]) == ("30m", "1")
    assert found["listen.spool_max"]["value"] == "1GiB"
    assert found["CB_AUTH_TOKEN"]["value"] is None


def test_list_says_where_each_value_came_from_and_no_secret(mhc: MhcHere) -> None:
    configure(
        mhc,
        "chaturbate_username = 'example_room'\n"
        f"cb_auth_token = '{CANARIES[0]}'\n"
        "[sessions]\nmerge_gap = '90s'\n[listen]\nspool_max = '1500MiB'\n"
        f"[rooms.example_room]\ncb_stats_token = '{CANARIES[1]}'\n"
        f"[rooms.second_room]\ncb_auth_token = '{CANARIES[0]}'\n",
    )
    url = f"postgresql://mhc:{CANARIES[2]}@db.example.org/mhc"
    found = rows(mhc, DATABASE_URL=url, MHC_TIMEZONE="Europe/Berlin")
    said = {name: (row["value"], row["origin"]) for name, row in found.items()}
    assert said["DATABASE_URL"] == ("postgresql+psycopg://mhc:***@db.example.org/mhc", "environment")
    assert said["MHC_TIMEZONE"] == ("Europe/Berlin", "environment")
    assert said["CB_AUTH_TOKEN"] == ("***", "file")
    assert said["sessions.merge_gap"] == ("1m30s", "file")
    assert said["listen.spool_max"] == ("1500MiB", "file")
    assert {name: value for name, value in said.items() if name.startswith("rooms.")} == {
        "rooms.example_room.cb_auth_token": ("***", "file"),
        "rooms.example_room.cb_stats_token": ("***", "file"),
        "rooms.second_room.cb_auth_token": ("***", "file"),
        "rooms.second_room.cb_stats_token": (None, "default"),
    }
    shown = "".join(mhc("config", "list", "-o", how, DATABASE_URL=url).stdout for how in ("table", "csv"))
    assert not any(canary in shown for canary in CANARIES)


def test_an_option_is_an_origin_too(mhc: MhcHere) -> None:
    assert rows(mhc, "--db", "/data/a.db")["DATABASE_URL"]["origin"] == "option"


def test_path_names_what_there_is_or_would_be(mhc: MhcHere) -> None:
    run = mhc("config", "path", "--json")
    home = mhc.home
    assert run.json == {
        "config": f"{home}/config/mhc/config.toml",
        "data": f"{home}/data/mhc",
        "state": f"{home}/state",
        "database": f"{home}/data/mhc/mhc.db",
    }
    assert list(home.iterdir()) == []
    secret = mhc("config", "path", DATABASE_URL=f"postgresql://mhc:{CANARIES[2]}@db.example.org/mhc").stdout
    assert secret.endswith("database\tpostgresql+psycopg://mhc:***@db.example.org/mhc\n")


def test_a_broken_configuration_is_said_with_its_file(mhc: MhcHere) -> None:
    path = configure(mhc, "mhc_timezone = 'Nowhere/At_all'\n")
    run = mhc("config", "list")
    assert (run.status, run.stdout) == (78, "")
    assert run.stderr.startswith(f"mhc: {path}: mhc_timezone: no time zone named 'Nowhere/At_all'")


@pytest.mark.parametrize("option", ["--db", "--config", "--env-file"])
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_option_is_wrong_wherever_it_stands(mhc: MhcHere, option: str, value: str) -> None:
    for words in ([option, value, "person", "list"], ["person", "list", option, value]):
        run = mhc(*words)
        assert (run.status, run.stdout, run.stderr) == (2, "", f"mhc: {option} is empty\n")


def test_rules_of_alerts_are_listed_without_their_urls(mhc: MhcHere) -> None:
    text = "[listen]\nping_url = 'https://example.org/CANARY0PING'\n"
    text += "[alerts.big]\nevents = ['tip']\nmin_tokens = 100\nfirst_tip = true\nwatchlist = 'Friends'\n"
    text += "command = ['curl', '-H', 'CANARY0HEADER']\n"
    configure(mhc, text + "url = 'https://example.org/CANARY0HOOK'\n")
    found = rows(mhc)
    said = {name: row["value"] for name, row in found.items() if name.startswith(("alerts.", "listen."))}
    assert said == {
        "listen.spool_max": found["listen.spool_max"]["value"],
        "listen.ping_url": "***",
        "listen.metrics_dir": None,
        "alerts.big.events": '["tip"]',
        "alerts.big.min_tokens": "100",
        "alerts.big.first_tip": "true",
        "alerts.big.watchlist": "Friends",
        "alerts.big.command": '["curl", "***"]',
        "alerts.big.url": "***",
    }
    assert {row["origin"] for name, row in found.items() if name.startswith("alerts.")} == {"file"}
