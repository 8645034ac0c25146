"""Settings: their order, their secrets, and every problem at once."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mhc.capture.rules import read_rules
from mhc.config import SETTINGS, RoomSettings, Secret, Settings, load, state_dir, write_default_config
from mhc.errors import ConfigError

TOKEN = "canary-token-1"


class Home:
    """A home directory in which mhc is configured."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / ".config" / "mhc" / "config.toml"

    def write(self, text: str, mode: int = 0o600, path: Path | None = None) -> Path:
        path = path or self.config
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def load(self, environ: Mapping[str, str] | None = None, **options: Any) -> Settings:
        return load(environ={"HOME": str(self.path), "TZ": "Europe/Berlin"} | dict(environ or {}), **options)

    def problems(self, environ: Mapping[str, str] | None = None, **options: Any) -> str:
        with pytest.raises(ConfigError) as caught:
            self.load(environ, **options)
        assert caught.value.status == 78
        return caught.value.message


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_nothing_is_needed_and_nothing_is_created(home: Home) -> None:
    settings = home.load()
    assert settings.database_url == f"sqlite:///{home.path}/.local/share/mhc/mhc.db"
    assert settings.state_dir == home.path / ".local/state/mhc"
    assert settings.config_path == home.config
    assert settings.events_url == "https://eventsapi.chaturbate.com"
    assert (settings.room, settings.rooms, settings.events_token) == (None, (), None)
    assert (settings.wait_scale, settings.merge_gap) == (1.0, timedelta(minutes=30))
    assert settings.timezone == ZoneInfo("Europe/Berlin")
    assert {settings.origin(setting.name) for setting in SETTINGS} == {"default"}
    assert not home.path.exists()


def test_each_source_wins_over_the_one_before(home: Home) -> None:
    home.write('database_url = "/data/file.db"')
    lines = home.write('# ours\nexport DATABASE_URL="/data/lines.db"\n', 0o644, home.path / "env")
    variable = {"DATABASE_URL": "/data/environment.db"}
    found = [
        home.load(),
        home.load(env_file=str(lines)),
        home.load(variable, env_file=str(lines)),
        home.load(variable, env_file=str(lines), db="sqlite:////data/option.db"),
    ]
    assert [(s.database_url.rpartition("/")[2], s.origin("DATABASE_URL")) for s in found] == [
        ("file.db", "file"),
        ("lines.db", "env-file"),
        ("environment.db", "environment"),
        ("option.db", "option"),
    ]


def test_an_empty_variable_counts_as_unset(home: Home) -> None:
    home.write('mhc_timezone = "Asia/Kolkata"')
    settings = home.load({"MHC_TIMEZONE": " ", "CB_AUTH_TOKEN": "", "MHC_CONFIG": "", "XDG_STATE_HOME": ""})
    assert settings.timezone == ZoneInfo("Asia/Kolkata")
    assert settings.events_token is None


def test_every_problem_is_said_at_once(home: Home) -> None:
    home.write(
        'chaturbate_usernam = "x"\nmhc_wait_scale = 0\njobs = 3\n[sessions]\nmerge_gap = "soon"\n', 0o644
    )
    text = home.problems(
        {
            "MHC_TIMEZONE": "Europe/Berlinn",
            "MHC_EVENTS_URL": "http://example.org",
            "DATABASE_URL": "mysql://x",
        }
    )
    for part in (
        "7 problems:", "did you mean chaturbate_username", "mhc_wait_scale: must be a number", "jobs must be a table",
        "[sessions] merge_gap: must be a length", "did you mean Europe/Berlin", "MHC_EVENTS_URL: must be https",
        "DATABASE_URL: must be sqlite",
    ):  # fmt: skip
        assert part in text
    assert len(text.splitlines()) == 8


def test_tables_of_others_pass(home: Home) -> None:
    home.write('[jobs.db-backup]\nevery = "1d"\n[retention]\nchat = "1y"\n[sessions]\nmerge_gap = "1h30m"\n')
    settings = home.load()
    assert settings.merge_gap == timedelta(minutes=90)
    assert settings.origin("sessions.merge_gap") == "file"
    assert settings.tables["jobs"] == {"db-backup": {"every": "1d"}}


@pytest.mark.parametrize(
    ("line", "expected"), [("", False), ("messages = true", True), ('messages = "False"', False)]
)
def test_messages_are_indexed_only_where_the_file_says_so(home: Home, line: str, expected: bool) -> None:
    home.write(f"[search]\n{line}\n")
    assert home.load().search_messages is expected


def test_a_flag_is_on_or_off(home: Home) -> None:
    for wrong in ("2", '"perhaps"', "[]"):
        home.write(f"[search]\nmessages = {wrong}\n")
        assert "[search] messages: must be " in home.problems()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_with_a_secret_is_refused_where_others_can_read_it(home: Home, mode: int) -> None:
    path = home.write(f'cb_auth_token = "{TOKEN}"', mode)
    text = home.problems()
    assert f"chmod 600 {path}" in text
    assert TOKEN not in text
    home.write(f'[rooms.other_room]\ncb_auth_token = "{TOKEN}"', mode)
    assert "holds a secret" in home.problems()
    home.write('database_url = "postgresql://mhc:canary@db/mhc"', mode)
    assert "canary" not in home.problems()
    home.write('chaturbate_username = "example_room"\ndatabase_url = "postgresql://mhc@db/mhc"', mode)
    assert home.load().room == "example_room"


def test_a_file_with_a_secret_must_be_ours(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(f'cb_auth_token = "{TOKEN}"')
    uid = os.geteuid()
    monkeypatch.setattr("os.geteuid", lambda: uid + 1)
    assert "belongs to another user" in home.problems()


def test_a_secret_may_stand_in_a_file_of_its_own(home: Home) -> None:
    path = home.write(f"  {TOKEN}\n", 0o600, home.path / "token")
    home.write(f'cb_auth_token_file = "{path}"', 0o644)
    settings = home.load({"CB_STATS_TOKEN_FILE": str(path)})
    assert settings.events_token == settings.stats_token == Secret(TOKEN)
    assert settings.origin("CB_AUTH_TOKEN") == "CB_AUTH_TOKEN_FILE"


def test_what_can_be_wrong_with_a_secrets_file(home: Home) -> None:
    exposed = home.write(TOKEN, 0o640, home.path / "exposed")
    empty = home.write("\n", 0o600, home.path / "empty")
    two = home.write(f"{TOKEN}\nmore", 0o600, home.path / "two")
    text = home.problems(
        {
            "CB_AUTH_TOKEN_FILE": str(home.path / "missing"),
            "CB_STATS_TOKEN_FILE": str(exposed),
            "STATBATE_API_TOKEN_FILE": str(empty),
            "MHC_ERASURE_KEY_FILE": "relative/path",
            "MHC_AFFILIATE_WM_FILE": str(two),
            "DATABASE_URL": "/data/a.db",
            "DATABASE_URL_FILE": str(two),
        }
    )
    for part in (
        "missing: no such file", "exposed can be read by others", "empty is empty", "must be an absolute path",
        "MHC_AFFILIATE_WM: has blanks", "keep one of them",
    ):  # fmt: skip
        assert part in text
    assert TOKEN not in text


def test_credentials_of_systemd_may_be_the_groups_to_read(home: Home) -> None:
    path = home.write(TOKEN, 0o440, home.path / "credentials" / "token")
    variable = {"CB_AUTH_TOKEN_FILE": str(path)}
    assert home.load(variable | {"CREDENTIALS_DIRECTORY": str(path.parent)}).events_token == Secret(TOKEN)
    assert "can be read by others" in home.problems(variable)
    path.chmod(0o444)
    assert "can be read by others" in home.problems(variable | {"CREDENTIALS_DIRECTORY": str(path.parent)})


def test_lines_of_an_env_file(home: Home) -> None:
    text = f"; note\n\nCB_AUTH_TOKEN='{TOKEN}'\nMHC_TIMEZONE = Asia/Kolkata\nLANG=C\nCB_STATS_TOKEN=\n"
    path = home.write(text, 0o600, home.path / "env")
    settings = home.load({"MHC_ENV_FILE": str(path)})
    assert settings.events_token == Secret(TOKEN)
    assert settings.timezone == ZoneInfo("Asia/Kolkata")
    assert settings.stats_token is None
    path.chmod(0o640)
    assert "holds a secret" in home.problems({"MHC_ENV_FILE": str(path)})


def test_bad_lines_of_an_env_file_are_numbered_and_not_shown(home: Home) -> None:
    path = home.write(f"{TOKEN}\nCB_AUTH_TOKN={TOKEN}\n", 0o600, home.path / "env")
    text = home.problems(env_file=str(path))
    assert "line 1 is not NAME=value" in text
    assert "line 2: no setting named 'CB_AUTH_TOKN'; did you mean CB_AUTH_TOKEN" in text
    assert TOKEN not in text


def test_rooms_have_tokens_of_their_own(home: Home) -> None:
    home.write(
        f'[rooms.Other_Room]\ncb_auth_token = "{TOKEN}"\n[rooms.example_room]\ncb_stats_token = "canary-2"\n'
    )
    settings = home.load({"CHATURBATE_USERNAME": " Example_Room", "CB_AUTH_TOKEN": "canary-3"})
    assert settings.rooms == (
        RoomSettings("example_room", Secret("canary-3"), Secret("canary-2")),
        RoomSettings("other_room", Secret(TOKEN), None),
    )
    assert set(settings.secrets()) == {TOKEN, "canary-2", "canary-3"}


def test_what_can_be_wrong_with_rooms(home: Home) -> None:
    home.write('[rooms]\nd = 1\n[rooms.a]\nuser = "x"\n[rooms.A]\n[rooms."b c"]\n')
    text = home.problems()
    for part in (
        "[rooms.a]: no setting named 'user'",
        "[rooms.A]: stands twice",
        "[rooms.d]: must be a table",
        "is no username",
    ):
        assert part in text


def test_where_things_are_kept(home: Home) -> None:
    xdg = {"XDG_DATA_HOME": "/x/data", "XDG_STATE_HOME": "/x/state", "XDG_CONFIG_HOME": "relative"}
    settings = home.load(xdg)
    assert (settings.data_dir, settings.state_dir) == (Path("/x/data/mhc"), Path("/x/state/mhc"))
    assert settings.config_path == home.config
    systemd = xdg | {"STATE_DIRECTORY": "/var/lib/mhc:/var/lib/other"}
    assert home.load(systemd).state_dir == state_dir(systemd) == Path("/var/lib/mhc")
    assert home.load(systemd | {"MHC_STATE_DIR": "/s"}).state_dir == Path("/s")
    assert "MHC_STATE_DIR: must be an absolute path" in home.problems({"MHC_STATE_DIR": "s"})


def test_a_named_file_must_be_there(home: Home, tmp_path: Path) -> None:
    missing = str(tmp_path / "no.toml")
    assert f"{missing}: no such file" in home.problems(config_file=missing)
    assert f"{missing}: no such file" in home.problems({"MHC_CONFIG": missing})
    assert f"{missing}: no such file" in home.problems(env_file=missing)
    assert "MHC_CONFIG: must be an absolute path" in home.problems({"MHC_CONFIG": "config.toml"})
    assert "Is a directory" in home.problems(config_file=str(tmp_path))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"a = \n", "line 1"),
        (b"\xff", "not UTF-8"),
        (b"[a\n", "line 1"),
        (b"mhc_wait_scale = " + b"1" * 5000, "config.toml"),
        (b"#" * (1 << 20) + b"#", "larger than"),
        (b"mhc_timezone = 2026-01-01", "must be text in quotes"),
        (b"mhc_wait_scale = true", "must be text in quotes"),
        (b"mhc_wait_scale = nan", "must be a number"),
        (b"[cb_auth_token]", "must not be a table"),
        (b"CB_AUTH_TOKEN = 'x'", "did you mean cb_auth_token"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(home: Home, text: bytes, reason: str) -> None:
    home.write("")
    home.config.write_bytes(text)
    problem = home.problems()
    assert reason in problem
    assert str(home.config) in problem
    assert "\n" not in problem


def test_no_home_is_a_problem_and_no_traceback(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", unknown)
    with pytest.raises(ConfigError, match="HOME is not set"):
        load(environ={})
    assert load(environ={"XDG_DATA_HOME": "/d", "XDG_STATE_HOME": "/s", "TZ": "UTC"}).room is None


def test_the_written_file_is_private_complete_and_loads(home: Home) -> None:
    write_default_config(
        home.config, {"CB_AUTH_TOKEN": Secret('quote"\\d'), "CHATURBATE_USERNAME": "example_room"}
    )
    assert home.config.stat().st_mode & 0o777 == 0o600
    assert home.config.parent.stat().st_mode & 0o777 == 0o700
    text = home.config.read_text()
    for setting in SETTINGS:
        assert f"{setting.key.rpartition('.')[2]} = " in text
    settings = home.load()
    assert settings.room == "example_room"
    assert settings.events_token == Secret('quote"\\d')
    with pytest.raises(ConfigError, match="does not overwrite"):
        write_default_config(home.config, {})
    assert home.config.read_text() == text


def test_the_written_file_loads_with_every_line_in_force(home: Home) -> None:
    write_default_config(home.config, {})
    lines = [
        line.removeprefix("# ") if " = " in line or "# [" in line else line
        for line in home.config.read_text().split("\n")
    ]
    home.config.write_text("\n".join(line for line in lines if "cb_auth_token_file" not in line))
    settings = home.load()
    assert settings.origin("sessions.merge_gap") == settings.origin("MHC_CBHOURS_URL") == "file"
    assert [room.name for room in settings.rooms] == ["example_room"]
    assert [rule.name for rule in read_rules(settings.tables)] == [
        "big_tip",
        "friend_returns",
        "after_show",
    ]


HOOK = "https://example.org/CANARY0UUID0LONG?key=CANARY0KEY"


@pytest.mark.parametrize("text", [f'[listen]\nping_url = "{HOOK}"', f'[alerts.one]\nurl = "{HOOK}"'])
def test_a_url_that_is_posted_to_is_a_secret(home: Home, text: str) -> None:
    home.write(text, 0o640)
    assert "holds a secret and can be read by others" in (said := home.problems())
    assert "CANARY" not in said
    home.write(text)
    settings = home.load()
    parts = ("CANARY0UUID0LONG?key=CANARY0KEY", "CANARY0UUID0LONG", "CANARY0KEY")
    assert settings.secrets() == (HOOK, *parts)
    assert "CANARY" not in repr(settings)


def test_what_listen_does_beside_capturing(home: Home) -> None:
    secret = home.write(HOOK, path=home.path / "ping")
    home.write(f'[listen]\nping_url_file = "{secret}"\nmetrics_dir = "/var/lib/metrics"\n', 0o644)
    settings = home.load()
    assert settings.ping_url == Secret(HOOK)
    assert settings.metrics_dir == Path("/var/lib/metrics")
    home.write('[listen]\nping_url = ""\n', 0o644)
    assert (home.load().ping_url, home.load().metrics_dir) == (None, None)


def test_every_line_of_a_table_of_settings_is_known(home: Home) -> None:
    home.write(
        '[listen]\nping = "x"\nping_url = "http://example.org/CANARY"\nmetrics_dir = "here"\n'
        '[sessions]\nmerge_gab = "1h"\n'
    )
    said = home.problems()
    for part in (
        "[listen]: no setting named 'ping'; did you mean ping_url",
        "[listen] ping_url: must be https (plain http only to this machine)",
        "[listen] metrics_dir: must be an absolute path",
        "[sessions]: no setting named 'merge_gab'; did you mean merge_gap?",
    ):
        assert part in said
    assert "CANARY" not in said
