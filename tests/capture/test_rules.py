"""Rules of alerts as config.toml has them: what one says, and every problem of every rule at once."""

import tomllib
from datetime import timedelta

import pytest

from mhc.capture.rules import Rule, read_rules
from mhc.config import Secret
from mhc.errors import ConfigError

URL = "https://example.org/CANARY0HOOK?key=CANARY0KEY"


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_rules(tomllib.loads(text))
    assert caught.value.status == 78
    assert "CANARY" not in caught.value.message
    lines = caught.value.message.split("\n")
    return [line.strip() for line in lines[1:]] if len(lines) > 1 else lines


def test_no_table_is_no_rule() -> None:
    assert read_rules({}) == ()


def test_a_rule_with_every_key() -> None:
    text = f"""
[alerts.big-tip_1]
events = ["tip", "mediaPurchase", "newKind"]
rooms = ["@Example_Room", "second_room"]
min_tokens = 100
watchlist = "Friends"
first_tip = true
first_visit = false
returns_after = "30d"
late = true
cooldown = "10m"
command = ["notify-send", "-"]
timeout = "5s"
url = "{URL}"
digest = "markdown"
"""
    assert read_rules(tomllib.loads(text)) == (
        Rule(
            name="big-tip_1",
            events=("tip", "mediaPurchase", "newKind"),
            rooms=("example_room", "second_room"),
            min_tokens=100,
            watchlist="Friends",
            first_tip=True,
            returns_after=timedelta(days=30),
            late=True,
            cooldown=timedelta(minutes=10),
            command=("notify-send", "-"),
            timeout=timedelta(seconds=5),
            url=Secret(URL),
            digest="markdown",
        ),
    )


def test_every_problem_of_every_rule_is_said_at_once() -> None:
    found = problems(
        """
[alerts]
number = 1
[alerts."a b"]
[alerts.one]
event = ["tip"]
min_tokens = 0
url = "http://example.org/CANARY"
[alerts.two]
events = ["tpi"]
first_tip = "yes"
returns_after = "soon"
[alerts.three]
timeout = "2m"
command = ["./notify"]
rooms = "example_room"
[alerts.four]
events = []
watchlist = " "
"""
    )
    assert found == [
        "[alerts.number]: must be a table",
        "[alerts.a b]: a name has letters, digits, - and _, 64 at most",
        "[alerts.one] event: no setting named 'event'; did you mean events?",
        "[alerts.one] min_tokens: must be a whole number above 0",
        "[alerts.one] url: must be https (plain http only to this machine)",
        "[alerts.two] events: no event is called 'tpi'; one of: tip",
        "[alerts.two] first_tip: must be true or false",
        '[alerts.two] returns_after: \'soon\' is no length of time; write "10m", "90s" or "1h30m"',
        "[alerts.three] timeout: must be above 0 and a minute at most",
        "[alerts.three] command: must begin with an absolute path, or a program's name",
        '[alerts.three] rooms: must be a list of texts, such as ["tip"]',
        '[alerts.four] events: must be a list of texts, such as ["tip"]',
        "[alerts.four] watchlist: must be text in quotes",
    ]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('events = ["tip"]', "does nothing: give a command or a url"),
        ('command = ["true"]', "has no condition: give events, min_tokens, watchlist, …"),
        (
            'command = ["true"]\nfirst_tip = true\nfirst_visit = true',
            "can never hold: first_tip is of tip, first_visit of enter",
        ),
        (
            'command = ["true"]\nevents = ["chat"]\nfirst_visit = true',
            "can never hold: first_tip is of tip, first_visit of enter",
        ),
        ('command = ["tr\\u0000ue"]\nevents = ["chat"]', "command: has control characters"),
        ('command = [1]\nevents = ["chat"]', 'command: must be a list of texts, such as ["tip"]'),
        ("min_tokens = true", "min_tokens: must be a whole number above 0"),
        (
            'events = ["tip"]\nurl = "https://u:CANARY@example.org"',
            "url: may not hold a user name or a password",
        ),
        ('events = ["tip"]\ncooldown = 5', "cooldown: must be text in quotes"),
        ('events = ["stop"]\ndigest = "pdf"', "digest: must be one of: markdown, text, html"),
        ('events = ["stop"]\ndigest = ["text"]', "digest: must be one of: markdown, text, html"),
    ],
)
def test_a_rule_that_can_do_nothing_is_a_problem(body: str, why: str) -> None:
    assert problems(f"[alerts.one]\n{body}") == [f"[alerts.one] {why}"]
