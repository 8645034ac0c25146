"""What [jobs.NAME] may say of a job, and what holds where it says nothing."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from mhc.config import JOBS, Secret, Settings, load
from mhc.config.shown import value_text
from mhc.config.values import parse_value
from mhc.errors import ConfigError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def loaded(config: Path, text: str, mode: int = 0o600, **environ: str) -> Settings:
    config.write_text(text)
    config.chmod(mode)
    return load(config_file=str(config), environ={"HOME": str(config.parent), "TZ": "UTC"} | environ)


def problems(config: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(config, text)
    return [line.strip().removeprefix(f"{config}: ") for line in caught.value.message.split("\n")]


def test_every_job_has_a_schedule_and_a_limit_without_a_file(config: Path) -> None:
    jobs = loaded(config, "").jobs
    assert list(jobs) == [job.name for job in JOBS]
    assert all((one.every is None) == bool(one.at) and one.time_limit for one in jobs.values())
    assert jobs["db-backup"].at == (time(4, 15),)
    assert jobs["statbate-refresh"].options == {
        "list": (), "live": False, "segment": (), "stale": timedelta(hours=5), "budget": 500,
    }  # fmt: skip


def test_a_job_is_off_where_its_token_is_missing(config: Path) -> None:
    jobs = loaded(config, "").jobs
    assert (jobs["statbate-refresh"].enabled, jobs["statbate-refresh"].lacks) == (False, "STATBATE_API_TOKEN")
    assert (jobs["db-backup"].enabled, jobs["db-backup"].lacks) == (True, None)
    jobs = loaded(
        config, '[rooms.example_room]\ncb_stats_token = "canary-1"', STATBATE_API_TOKEN="x" * 8
    ).jobs
    assert jobs["statbate-refresh"].enabled
    assert jobs["stats-poll"].enabled
    jobs = loaded(config, "[jobs.statbate-refresh]\nenabled = true\n[jobs.db-prune]\nenabled = false").jobs
    assert (jobs["statbate-refresh"].enabled, jobs["db-prune"].enabled) == (True, False)


def test_each_line_is_read_as_what_it_is(config: Path) -> None:
    text = """
        [jobs.statbate-refresh]
        at = ["04:15", "16:00"]
        jitter = "5m"
        quiet = "23:00-08:00"
        time_limit = "45m"
        max_age = "2d"
        list = ["Friends", "Ones to Watch"]
        live = true
        segment = "tippers"
        stale = "1d12h"
        budget = 7
    """
    found = loaded(config, text)
    one = found.jobs["statbate-refresh"]
    assert (one.every, one.at) == (None, (time(4, 15), time(16, 0)))
    assert (one.jitter, one.quiet) == (timedelta(minutes=5), (time(23, 0), time(8, 0)))
    assert (one.time_limit, one.max_age) == (timedelta(minutes=45), timedelta(days=2))
    assert one.options == {
        "list": ("Friends", "Ones to Watch"), "live": True, "segment": ("tippers",),
        "stale": timedelta(hours=36), "budget": 7,
    }  # fmt: skip
    origins = {key: found.origin(f"jobs.statbate-refresh.{key}") for key in ("at", "every", "ping_url")}
    assert origins == {"at": "file", "every": "default", "ping_url": "default"}


def test_every_problem_is_said_at_once(config: Path) -> None:
    text = """
        [jobs]
        db-prune = 3
        [jobs.db-bakup]
        at = "04:15"
        [jobs.db-backup]
        att = "04:15"
        at = ["25:00"]
        quiet = "08:00-08:00"
        [jobs.stats-poll]
        every = "30s"
        at = "04:15"
        [jobs.statbate-refresh]
        segment = ["tippers", "dancers"]
        gender = "f"
        list = ["Friends", ""]
        budget = 0
        live = "perhaps"
    """
    assert problems(config, text) == [
        "12 problems:",
        "[jobs] db-prune: must be a table",
        "[jobs.db-bakup]: no job named 'db-bakup'; did you mean db-backup?",
        "[jobs.statbate-refresh]: no setting named 'gender'",
        "[jobs.statbate-refresh] list: must be the name of a list",
        "[jobs.statbate-refresh] live: must be 1 or 0",
        "[jobs.statbate-refresh] segment: must be tippers, followers or models",
        "[jobs.statbate-refresh] budget: must be 1 at least",
        "[jobs.stats-poll]: every and at contradict each other",
        '[jobs.stats-poll] every: must be a length of time such as "5m", "6h", "1d" or "2w", a minute at least',
        "[jobs.db-backup]: no setting named 'att'; did you mean at?",
        '[jobs.db-backup] at: must be a time of day such as "04:15"',
        '[jobs.db-backup] quiet: must be hours of the day such as "23:00-08:00"',
    ]  # fmt: skip


def test_a_url_that_is_pinged_is_a_secret(config: Path) -> None:
    url = "https://example.org/CANARY0UUID0LONG"
    text = f'[jobs.db-backup]\nping_url = "{url}"'
    found = loaded(config, text)
    assert found.jobs["db-backup"].ping_url == Secret(url)
    assert found.secrets() == (url, "CANARY0UUID0LONG")
    assert "CANARY" not in repr(found)
    with pytest.raises(ConfigError, match="holds a secret and can be read by others"):
        loaded(config, text, 0o640)
    secret = config.with_name("ping")
    secret.write_text(url)
    secret.chmod(0o600)
    assert loaded(config, f'[jobs.db-backup]\nping_url_file = "{secret}"', 0o644).secrets() == found.secrets()


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("clock", (time(4, 15), time(16, 0)), "04:15, 16:00"),
        ("hours", (time(23, 0), time(8, 0)), "23:00-08:00"),
        ("span", timedelta(hours=36), "1d12h"),
        ("duration", timedelta(), "0m"),
        ("size", 3 << 20, "3MiB"),
        ("count", 24, "24"),
        ("flag", True, "1"),
        ("list", (), None),
    ],
)
def test_values_are_shown_as_the_file_has_them(kind: str, value: object, text: str | None) -> None:
    assert value_text(kind, value) == text


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("whole", 1_000_000, 1_000_000),
        ("whole", "many", None),
        ("gender", "female", "f"),
        ("gender", "C", "c"),
        ("gender", "x", None),
        ("tag", "#Lovense", "lovense"),
        ("tag", "two words", None),
        ("span", "30s", None),
        ("span", "400d", None),
        ("clock", "7:05", time(7, 5)),
        ("clock", "24:00", None),
        ("hours", "23:00-8:00", (time(23), time(8))),
        ("hours", "23:00", None),
    ],
)
def test_what_each_kind_may_look_like(kind: str, text: object, value: object) -> None:
    if value is not None:
        assert parse_value(kind, text) == value
        return
    with pytest.raises(ValueError, match="must be"):
        parse_value(kind, text)
