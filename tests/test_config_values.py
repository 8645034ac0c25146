"""What a setting's text may look like, and what a secret never shows."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from mhc.config import RoomSettings, Secret, hook_secrets, load, parse_hook
from mhc.config.measures import parse_size
from mhc.config.system_zone import system_zone
from mhc.config.values import parse_database, parse_origin, parse_url
from mhc.errors import UsageError

TOKEN = "canary-token-1"
ENVIRON = {"HOME": "/nonexistent", "TZ": "UTC"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://mhc@db/mhc", "postgresql+psycopg://mhc@db/mhc"),
        ("postgresql:///mhc?host=/run", "postgresql+psycopg:///mhc?host=/run"),
        ("postgresql+psycopg://mhc@db/mhc", "postgresql+psycopg://mhc@db/mhc"),
        ("sqlite:////data/a.db?timeout=5", "sqlite:////data/a.db?timeout=5"),
        ("/data/a.db", "sqlite:////data/a.db"),
        ("~/a.db", f"sqlite:///{Path.home()}/a.db"),
        ("a.db", f"sqlite:///{Path.cwd()}/a.db"),
    ],
)
def test_forms_of_a_database_url(given: str, expected: str) -> None:
    assert parse_database(given) == expected
    assert load(environ=ENVIRON, db=given).database_url == expected


@pytest.mark.parametrize(
    "given", ["sqlite://", "sqlite:///:memory:", "mysql://h/d", "postgresql+psycopg2://h/d", "a?b", "a\x1b"]
)
def test_databases_that_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"must|may|needs|has"):
        parse_database(given)
    with pytest.raises(UsageError, match="--db"):
        load(environ=ENVIRON, db=given)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://mhc:canary@db/mhc",
        "postgresql://mhc:can/ary@db/x",
        "postgresql://mhc:can@ary@db/x",
        "postgresql://db/mhc?password=canary",
        "postgresql://db/mhc?oauth_client_id=me&oauth_client_secret=canary",
    ],
)
def test_a_password_may_not_stand_on_the_command_line(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(environ=ENVIRON, db=url)
    assert "DATABASE_URL" in str(caught.value.hint)
    assert "ary" not in caught.value.message
    settings = load(environ=ENVIRON | {"DATABASE_URL": url})
    assert "ary" not in settings.database_shown + repr(settings)
    assert settings.secrets()


@pytest.mark.parametrize("option", ["db", "config_file", "env_file"])
def test_an_empty_option_is_a_mistake(option: str) -> None:
    with pytest.raises(UsageError, match="is empty"):
        load(environ=ENVIRON, **{option: ""})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://example.org/", "https://example.org"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
    ],
)
def test_addresses_that_pass(given: str, expected: str) -> None:
    assert parse_origin(given) == expected
    assert parse_url(f"{given.rstrip('/')}/api/") == f"{expected}/api"


@pytest.mark.parametrize(
    "given",
    [
        "http://example.org", "http://127.0.0.1.example.org", "http://localhost@example.org", "http://2130706433",
        "https://user:canary@example.org", "https://example.org?token=canary", "https://example.org/#x", "example.org",
        "ftp://localhost", "https://", "https://example.org:port", "https://exa mple.org", "http://localhost\\@example.org",
        "https://example.org\x1b", "https://ex\u00e4mple.org", "https://example.org/events/example_room/canary/",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(given: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_origin(given)
    assert "canary" not in str(caught.value)


def test_the_systems_zone(tmp_path: Path) -> None:
    assert system_zone({"TZ": ":Asia/Kolkata"}).key == "Asia/Kolkata"
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert system_zone({}, link).key == "Europe/Berlin"
    assert system_zone({}, tmp_path / "missing").key == "UTC"
    with pytest.raises(ValueError, match="no time zone"):
        system_zone({"TZ": "Nowhere/At_All"})


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret(TOKEN)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>5}",
        f"{[secret]}",
        repr(RoomSettings("a", secret)),
    ]
    assert not any(TOKEN in text for text in shown)
    assert TOKEN.encode() not in pickle.dumps(secret)
    assert pickle.loads(pickle.dumps(secret)).reveal() == "***"
    assert copy.deepcopy(secret).reveal() == secret.reveal() == TOKEN
    assert dataclasses.asdict(RoomSettings("a", secret))["events_token"] == secret
    assert secret == Secret(TOKEN)
    assert len({secret, Secret(TOKEN), Secret("other")}) == 2
    assert secret != TOKEN


@pytest.mark.parametrize(
    ("text", "size"), [("1GiB", 1 << 30), ("500 mb", 500 << 20), ("2g", 2 << 30), ("1024k", 1 << 20)]
)
def test_a_size_is_a_number_and_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "5", "1.5g", "-1g", "10k", "1023k", "much", "1g2m"])
def test_what_is_no_size_is_said(text: str) -> None:
    with pytest.raises(ValueError, match='such as "500MiB" or "1GiB"'):
        parse_size(text)


def test_a_hook_may_have_a_query_and_only_its_host_is_no_secret() -> None:
    url = "https://example.org/services/T1/x?key=1"
    assert parse_hook(f" {url} ") == Secret(url)
    assert hook_secrets(url) == [url, "services/T1/x?key=1", "services"]
    assert hook_secrets("http://127.0.0.1:80/events") == ["http://127.0.0.1:80/events"]


def test_the_secret_parts_of_a_hook_are_known_in_every_form_that_a_library_writes() -> None:
    assert "CANARY0KEY" in hook_secrets("https://example.org?k=CANARY0KEY")
    assert "CANARY0PATH" in hook_secrets(
        "https://example.org/a/CANARY0PATH?x=1"
    )  # a ping posts to …/start?x=1
    written = hook_secrets("https://example.org/a/c%61nary%2fone!?k=c%61nary%2ftwo")
    assert {"c%61nary%2fone!", "canary%2Fone!", "canary/one!"} <= set(written)
    assert {"c%61nary%2ftwo", "canary%2Ftwo", "canary/two"} <= set(written)


@pytest.mark.parametrize("parse", [parse_hook, parse_url])
def test_a_fragment_is_called_one(parse: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match=r"^may not hold a fragment$"):
        parse("https://example.org/a?b=c#d")


def test_a_query_is_called_one_where_none_may_be() -> None:
    with pytest.raises(ValueError, match=r"^may not hold a query$"):
        parse_url("https://example.org/a?b=c")


@pytest.mark.parametrize(
    "text",
    [
        "http://example.org/",
        "ftp://example.org",
        "https://u:p@example.org",
        "https://example.org/#x",
        "x",
        "",
    ],
)
def test_what_is_no_hook(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|may not") as caught:
        parse_hook(text)
    assert "example" not in str(caught.value)
