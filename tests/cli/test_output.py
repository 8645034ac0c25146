"""The printer and its options, through tiny commands, by whole documents."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum, StrEnum
from zoneinfo import ZoneInfo

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from mhc.cli.fitting import days_near, short
from mhc.cli.options import (
    Command,
    Shared,
    common_options,
    output_options,
    range_options,
    record_options,
    write_options,
)
from mhc.cli.output import Field, Writer
from mhc.cli.render import runs_in_a_spreadsheet
from mhc.cli.table import duration, fit, width
from mhc.cli.zone import find_zone
from mhc.domain.text import encode
from mhc.errors import UsageError

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = (
    Field("username", "username", "Who it is."),
    Field("tokens", "int", "Tokens given here."),
    Field("seen_at", "time", "Last seen.", header="seen"),
    Field("online", "bool"),
    Field("stay", "duration"),
    Field("note", help="The last note."),
    Field("tags", "list"),
    Field("rid", "id", "Number of the room.", table=False),
)
ROWS: list[dict[str, object]] = [
    {
        "username": "viewer_one", "tokens": 1234567, "seen_at": NEW_YEAR, "online": True, "stay": 3700,
        "note": "hi\tthere \x1b[31m", "tags": ["a", "b"], "rid": 12345,
    },
    {
        "username": "viewer_two", "tokens": 5, "seen_at": NEW_YEAR + timedelta(milliseconds=123), "online": False,
        "stay": None, "note": " =1+1", "tags": [], "rid": None,
    },
    {
        "username": None, "tokens": None, "seen_at": None, "online": None, "stay": timedelta(seconds=9),
        "note": None, "tags": None, "rid": 7,
    },
]  # fmt: skip
CARD = (
    Field("username", "username"),
    Field("aliases", "list"),
    Field("here", "json"),
    Field("note"),
    Field("payload", "json", table=False),
)
PERSON: dict[str, object] = {
    "username": "viewer_one",
    "aliases": [{"username": "viewer_old", "until": NEW_YEAR}],
    "here": {"tokens": 12345, "last_tip_at": NEW_YEAR, "months": [1, 2], "none": {}},
    "note": "漢字",
    "payload": {"a": None},
}


def listing(fields: Sequence[Field], rows: Sequence[object], *, total: int | None = None) -> click.Command:
    @click.command("list", cls=Command, examples=["mhc person list --sort tokens:desc"])
    @common_options
    @output_options(fields=fields)
    def command(out: Writer) -> None:
        """List people."""
        out.rows(fields, out.ordered(fields, rows), total=total)

    return command


def showing(fields: Sequence[Field], row: Mapping[str, object]) -> click.Command:
    @click.command("show", cls=Command)
    @click.argument("name", default="viewer_one")
    @common_options
    @record_options(fields=fields)
    def command(out: Writer, name: str) -> None:
        assert name
        out.record(fields, row)

    return command


def run(
    command: click.Command, *words: str, env: Mapping[str, str] | None = None, obj: Shared | None = None
) -> Result:
    shared = obj or Shared(tz=UTC)
    return CliRunner(env=env).invoke(command, list(words), obj=shared, catch_exceptions=False)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "MHC_OUTPUT",
        "MHC_COLOR",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "MHC_FORCE_TTY",
        "COLUMNS",
        "MHC_NO_INPUT",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


# Lists, as whole documents


def test_a_pipe_gets_tsv_whole_with_a_header_in_utc() -> None:
    result = run(listing(PEOPLE, ROWS))
    assert result.stdout == (
        "username\ttokens\tseen_at\tonline\tstay\tnote\ttags\n"
        "viewer_one\t1234567\t2026-01-01T00:00:00Z\ttrue\t3700\thi\\x09there \\x1b[31m\ta, b\n"
        "viewer_two\t5\t2026-01-01T00:00:00.123Z\tfalse\t\t =1+1\t\n"
        "\t\t\t\t9\t\t\n"
    )
    assert result.stderr == ""


def test_csv_defuses_text_from_outside() -> None:
    assert run(listing(PEOPLE, ROWS), "-o", "csv").stdout == (
        "username,tokens,seen_at,online,stay,note,tags\n"
        'viewer_one,1234567,2026-01-01T00:00:00Z,true,3700,hi\\x09there \\x1b[31m,"a, b"\n'
        "viewer_two,5,2026-01-01T00:00:00.123Z,false,,' =1+1,\n"
        ",,,,9,,\n"
    )


def test_json_is_one_array_with_all_fields() -> None:
    first = (
        '{"username":"viewer_one","tokens":1234567,"seen_at":"2026-01-01T00:00:00Z","online":true,"stay":3700,'
        '"note":"hi\\tthere \\u001b[31m","tags":["a","b"],"rid":12345}'
    )
    second = (
        '{"username":"viewer_two","tokens":5,"seen_at":"2026-01-01T00:00:00.123Z","online":false,"stay":null,'
        '"note":" =1+1","tags":[],"rid":null}'
    )
    third = '{"username":null,"tokens":null,"seen_at":null,"online":null,"stay":9,"note":null,"tags":null,"rid":7}'
    assert run(listing(PEOPLE, ROWS), "--json").stdout == f"[\n{first},\n{second},\n{third}\n]\n"
    assert run(listing(PEOPLE, ROWS), "-o", "ndjson").stdout == f"{first}\n{second}\n{third}\n"
    assert run(listing(PEOPLE, ROWS), env={"MHC_OUTPUT": "ndjson"}).stdout == f"{first}\n{second}\n{third}\n"


def test_a_terminal_gets_a_table_in_the_display_zone() -> None:
    result = run(
        listing(PEOPLE, ROWS), env={"MHC_FORCE_TTY": "120"}, obj=Shared(tz=ZoneInfo("Europe/Berlin"))
    )
    assert result.stdout == (
        "USERNAME       TOKENS  SEEN              ONLINE    STAY  NOTE                  TAGS\n"
        "viewer_one  1,234,567  2026-01-01 01:00  yes     1h 01m  hi\\x09there \\x1b[31m  a, b\n"
        "viewer_two          5  2026-01-01 01:00  no           -  =1+1                  -\n"
        "-                   -  -                 -           9s  -                     -\n"
    )
    assert result.stderr == ""


def test_the_name_format_gives_bare_names_and_leaves_out_who_has_none() -> None:
    assert run(listing(PEOPLE, ROWS), "-o", "name").stdout == "viewer_one\nviewer_two\n"
    pairs = (Field("left", "username"), Field("right", "username"))
    command = listing(pairs, [{"left": "viewer_one", "right": "viewer_two"}])
    assert run(command, "-o", "name").stdout == "viewer_one\n"
    assert run(command, "-o", "name", "--fields", "right").stdout == "viewer_two\n"
    with pytest.raises(UsageError, match="usernames"):
        run(listing((Field("id", "id"),), []), "-o", "name")


def test_headers_can_be_left_out() -> None:
    words = ("--no-headers", "--fields", "username,rid")
    assert run(listing(PEOPLE, ROWS), *words).stdout == "viewer_one\t12345\nviewer_two\t\n\t7\n"
    assert run(listing(PEOPLE, ROWS), *words, "-o", "csv").stdout == "viewer_one,12345\nviewer_two,\n,7\n"
    assert run(listing(PEOPLE, ROWS), *words, "-o", "table").stdout == (
        "viewer_one  12345\nviewer_two      -\n-               7\n"
    )


@pytest.mark.parametrize(
    ("form", "document"),
    [
        ("auto", "username\ttokens\n"),
        ("tsv", "username\ttokens\n"),
        ("csv", "username,tokens\n"),
        ("json", "[]\n"),
        ("ndjson", ""),
        ("name", ""),
        ("table", "USERNAME  TOKENS\n"),
    ],
)
def test_an_empty_list_is_no_failure(form: str, document: str) -> None:
    result = run(listing(PEOPLE[:2], []), "-o", form)
    assert (result.exit_code, result.stdout, result.stderr) == (0, document, "")


def test_an_empty_table_says_so_on_a_terminal() -> None:
    assert run(listing(PEOPLE[:2], []), env={"MHC_FORCE_TTY": "1"}).stderr == "nothing found\n"
    assert run(listing(PEOPLE[:2], []), "-q", env={"MHC_FORCE_TTY": "1"}).stderr == ""


def test_rows_may_be_dataclasses_with_enums_and_decimals() -> None:
    class Role(Enum):
        VIEWER = "viewer"

    class Shade(StrEnum):
        RED = "red"

    @dataclass(frozen=True)
    class Line:
        role: Role
        shade: Shade
        mean: float
        tokens: Decimal

    fields = (Field("role"), Field("shade"), Field("mean", "int"), Field("tokens", "int"))
    rows = [
        Line(Role.VIEWER, Shade.RED, 1234.5, Decimal(7)),
        Line(Role.VIEWER, Shade.RED, float("nan"), Decimal("0.5")),
    ]
    assert run(listing(fields, rows)).stdout == (
        "role\tshade\tmean\ttokens\nviewer\tred\t1234.5\t7\nviewer\tred\t\t0.5\n"
    )
    assert json.loads(run(listing(fields, rows), "--json").stdout)[1] == {
        "role": "viewer", "shade": "red", "mean": None, "tokens": 0.5,
    }  # fmt: skip
    assert run(listing(fields, rows), "-o", "table").stdout == (
        "ROLE    SHADE      MEAN  TOKENS\nviewer  red    1,234.50       7\nviewer  red           -    0.50\n"
    )


def test_json_is_streamed() -> None:
    seen: list[int] = []

    def slowly() -> Iterator[Mapping[str, object]]:
        for number in range(3):
            seen.append(number)
            yield {"id": number}

    @click.command()
    @output_options(fields=(Field("id", "id"),))
    def command(out: Writer) -> None:
        out.rows((Field("id", "id"),), slowly())

    assert run(command, "--json", "-L", "2").stdout == '[\n{"id":0},\n{"id":1}\n]\n'
    assert seen == [0, 1]


# One record


def test_a_record_in_a_pipe_is_key_and_value() -> None:
    assert run(showing(CARD, PERSON)).stdout == (
        "username\tviewer_one\n"
        'aliases\t[{"username":"viewer_old","until":"2026-01-01T00:00:00Z"}]\n'
        "here.tokens\t12345\n"
        "here.last_tip_at\t2026-01-01T00:00:00Z\n"
        "here.months\t1, 2\n"
        "here.none\t\n"
        "note\t漢字\n"
    )
    assert run(showing(CARD, PERSON), "--fields", "note", "--no-headers").stdout == "漢字\n"


def test_a_record_on_a_terminal_is_aligned_and_whole() -> None:
    person = PERSON | {"note": "one two three four " * 5}
    assert run(showing(CARD, person), env={"MHC_FORCE_TTY": "60"}).stdout == (
        "username          viewer_one\n"
        "aliases           username=viewer_old, until=2026-01-01\n"
        "                  00:00\n"
        "here.tokens       12,345\n"
        "here.last_tip_at  2026-01-01 00:00\n"
        "here.months       1, 2\n"
        "here.none         -\n"
        "note              one two three four one two three four one\n"
        "                  two three four one two three four one two\n"
        "                  three four\n"
    )


def test_a_record_in_the_other_formats() -> None:
    document = {
        "username": "viewer_one",
        "aliases": [{"username": "viewer_old", "until": "2026-01-01T00:00:00Z"}],
        "here": {"tokens": 12345, "last_tip_at": "2026-01-01T00:00:00Z", "months": [1, 2], "none": {}},
        "note": "漢字",
        "payload": {"a": None},
    }
    assert run(showing(CARD, PERSON), "--json").stdout == json.dumps(document, indent=2) + "\n"
    assert (
        run(showing(CARD, PERSON), "-o", "ndjson").stdout
        == json.dumps(document, separators=(",", ":")) + "\n"
    )
    assert run(showing(CARD, PERSON), "-o", "name").stdout == "viewer_one\n"
    assert run(showing(CARD, PERSON), "-o", "csv", "--fields", "username,here").stdout == (
        'username,here.tokens,here.last_tip_at,here.months,here.none\nviewer_one,12345,2026-01-01T00:00:00Z,"1, 2",\n'
    )


# Fields, limits, order


def test_fields_select_in_the_order_asked_for() -> None:
    command = listing(PEOPLE, ROWS[:1])
    assert run(command, "--fields", "rid, username").stdout == "rid\tusername\n12345\tviewer_one\n"
    assert run(command, "--json", "--fields", "rid,rid").stdout == '[\n{"rid":12345}\n]\n'


def test_fields_help_lists_them_and_needs_nothing_else() -> None:
    result = run(listing(PEOPLE[:3], ROWS), "--fields", "help")
    assert result.exit_code == 0
    assert result.stdout == "username  Who it is.\ntokens    Tokens given here.\nseen_at   Last seen.\n"


def test_an_unknown_field_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no field named 'token'") as caught:
        run(listing(PEOPLE, ROWS), "--fields", "username,token")
    assert caught.value.hint == "fields: username, tokens, seen_at, online, stay, note, tags, rid"
    with pytest.raises(UsageError):
        run(listing(PEOPLE, ROWS), "--fields", ",")


MANY = [{"id": number} for number in range(812)]
ID = (Field("id", "id"),)


@pytest.mark.parametrize(
    ("words", "shown", "said"),
    [
        (["-o", "table"], 50, "50 of 812 shown; -L 0 for all\n"),
        (["-o", "table", "-L", "0"], 812, ""),
        (["-o", "table", "-L", "900"], 812, ""),
        (["-o", "table", "-L", "3"], 3, "3 of 812 shown; -L 0 for all\n"),
        (["-o", "table", "-q"], 50, ""),
        (["-o", "tsv"], 812, ""),
        (["-o", "tsv", "-L", "3"], 3, ""),
        (["-o", "csv", "-L", "0"], 812, ""),
    ],
)
def test_tables_stop_at_fifty_and_say_so(words: list[str], shown: int, said: str) -> None:
    result = run(listing(ID, MANY, total=812), *words)
    assert result.stdout.count("\n") == shown + 1
    assert result.stderr == said


def test_a_table_without_a_known_total_still_says_that_there_is_more() -> None:
    assert run(listing(ID, MANY), "-o", "table").stderr == "50 shown, there are more; -L 0 for all\n"
    assert run(listing(ID, MANY[:50]), "-o", "table").stderr == ""


def test_sorting_puts_the_unknown_last_both_ways() -> None:
    fields = ("--fields", "username", "--no-headers")
    assert run(listing(PEOPLE, ROWS), "--sort", "tokens", *fields).stdout == "viewer_two\nviewer_one\n\n"
    assert run(listing(PEOPLE, ROWS), "--sort", "tokens:desc", *fields).stdout == "viewer_one\nviewer_two\n\n"
    for wrong in ("tags", "nothing", "tokens:up"):
        with pytest.raises(UsageError, match="cannot sort") as caught:
            run(listing(PEOPLE, ROWS), "--sort", wrong)
        assert "username, tokens, seen_at" in str(caught.value.hint)


def test_fields_and_sort_keys_complete_in_the_shell() -> None:
    complete = ShellComplete(listing(PEOPLE[:3], ROWS), {}, "mhc", "_MHC_COMPLETE")

    def words(args: list[str], incomplete: str) -> list[str]:
        return [item.value for item in complete.get_completions(args, incomplete)]

    assert words(["--fields"], "t") == ["tokens"]
    assert words(["--fields"], "tokens,") == ["tokens,username", "tokens,seen_at"]
    assert words(["--fields"], "tokens,username,s") == ["tokens,username,seen_at"]
    assert words(["--sort"], "tok") == ["tokens", "tokens:desc"]
    assert words(["--fields", "nothing", "--sort"], "u") == ["username", "username:desc"]


# Spreadsheets


@pytest.mark.parametrize(
    "text",
    [
        "=1",
        "+1",
        "-1",
        "@x",
        "|x",
        "%x",
        "\t=1",
        " =1",
        "\u00a0\u200b=1",
        "\x00=1",
        "\uff1d1",
        "\uff0b1",
        "\r=1",
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert runs_in_a_spreadsheet(text)
    fields = (Field("note"),)
    (_, (cell,)) = csv.reader(io.StringIO(run(listing(fields, [{"note": text}]), "-o", "csv").stdout))
    assert cell == "'" + encode(text)


def test_excel_safe_can_be_asked_for_and_refused() -> None:
    fields = (Field("note"), Field("own", foreign=False), Field("tokens", "int"))
    command = listing(fields, [{"note": "=1", "own": "=2", "tokens": -3}])
    assert run(command, "-o", "csv", "--no-headers").stdout == "'=1,=2,-3\n"
    assert run(command, "-o", "csv", "--no-headers", "--excel-safe").stdout == "'=1,'=2,-3\n"
    assert run(command, "-o", "csv", "--no-headers", "--no-excel-safe").stdout == "=1,=2,-3\n"
    assert run(command, "-o", "tsv", "--no-headers").stdout == "=1\t=2\t-3\n"
    assert run(command, "-o", "tsv", "--no-headers", "--excel-safe").stdout == "'=1\t'=2\t-3\n"


# Round trips


NOTES = st.lists(st.text(st.characters(), max_size=20), max_size=5)
NOTE = (Field("id", "id"), Field("note"))


@settings(max_examples=40, deadline=None)
@given(NOTES)
def test_json_gives_back_what_went_in(notes: list[str]) -> None:
    rows = [{"id": number, "note": note} for number, note in enumerate(notes)]
    lines = run(listing(NOTE, rows), "-o", "ndjson").stdout
    assert lines.isascii()
    assert all(character.isprintable() or character == "\n" for character in lines)
    assert [json.loads(line) for line in lines.splitlines()] == rows
    assert json.loads(run(listing(NOTE, rows), "--json").stdout) == rows


@settings(max_examples=40, deadline=None)
@given(NOTES)
def test_csv_and_tsv_keep_rows_and_columns_apart(notes: list[str]) -> None:
    rows = [{"id": number, "note": note} for number, note in enumerate(notes)]
    expected = [[str(number), encode(note, limit=None)] for number, note in enumerate(notes)]
    table = list(csv.reader(io.StringIO(run(listing(NOTE, rows), "-o", "csv", "--no-excel-safe").stdout)))
    assert table == [["id", "note"], *expected]
    lines = run(listing(NOTE, rows), "-o", "tsv").stdout.split("\n")
    assert [line.split("\t") for line in lines[:-1]] == [["id", "note"], *expected]


# Layout


WIDE = [
    {"username": "viewer_one", "note": "漢字" * 60, "tokens": 1},
    {"username": "viewer_two", "note": FAMILY * 40, "tokens": 22},
    {"username": "viewer_three", "note": "\u2764\ufe0f e\u0301 plain", "tokens": 333},
    {"username": "viewer_four", "note": "\U0001f1e9\U0001f1ea\U0001f44d\U0001f3fd" * 30, "tokens": 4444},
]
WIDE_FIELDS = (Field("username", "username"), Field("note"), Field("tokens", "int"))


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_columns_stay_aligned_with_wide_characters(columns: int) -> None:
    lines = run(
        listing(WIDE_FIELDS, WIDE), env={"MHC_FORCE_TTY": "1", "COLUMNS": str(columns)}
    ).stdout.splitlines()
    widths = {wcswidth(line) for line in lines}
    assert len(widths) == 1
    assert max(widths) <= columns
    assert [line.split()[0] for line in lines[1:]] == [row["username"] for row in WIDE]
    assert [line.split()[-1] for line in lines[1:]] == ["1", "22", "333", "4,444"]
    assert [wcswidth(line[: line.index("viewer")]) for line in lines[1:]] == [0] * 4


def test_a_table_never_gets_narrower_than_forty_columns() -> None:
    lines = run(listing(WIDE_FIELDS, WIDE), env={"MHC_FORCE_TTY": "5"}).stdout.splitlines()
    assert {wcswidth(line) for line in lines} <= {39, 40}


def test_prose_gives_way_before_names_and_figures() -> None:
    row = ROWS[0] | {"note": "a long story " * 20, "tags": ["one"] * 30}
    line = run(listing(PEOPLE, [row]), env={"MHC_FORCE_TTY": "90"}).stdout.splitlines()[1]
    assert line.startswith("viewer_one  1,234,567  2026-01-01 00:00  yes     1h 01m  ")
    assert width(line) <= 90


def test_figures_are_never_cut_rows_become_records_where_columns_do_not_fit() -> None:
    fields = (Field("username", "username"), *(Field(f"figure_{number}", "int") for number in range(3)))
    rows = [{"username": name} | {f"figure_{n}": 10**9 + n for n in range(3)} for name in ("one", "漢字")]
    narrow = run(listing(fields, rows), env={"MHC_FORCE_TTY": "40"})
    assert narrow.stdout == (
        "username  one\nfigure_0  1,000,000,000\nfigure_1  1,000,000,001\nfigure_2  1,000,000,002\n\n"
        "username  漢字\nfigure_0  1,000,000,000\nfigure_1  1,000,000,001\nfigure_2  1,000,000,002\n"
    )
    assert run(listing(fields, rows), env={"MHC_FORCE_TTY": "53"}).stdout.startswith("USERNAME  ")
    bare = run(listing(fields, rows[:1]), "--no-headers", "--fields", "username,figure_0", "-o", "table")
    assert bare.stdout == "one  1,000,000,000\n"


LATELY, LONG_AGO = datetime.now(UTC) - timedelta(days=3), NEW_YEAR - timedelta(days=366)


@pytest.mark.parametrize(
    ("columns", "lately", "long_ago"),
    [
        (54, f"{LATELY:%Y-%m-%d %H:%M}", "2024-12-31 00:00"),
        (50, f"{LATELY:%Y-%m-%d %H:%M}", "2024-12-31 00:00"),
        (49, f"{LATELY:%m-%d %H:%M}", "2024-12-31"),
        (45, f"{LATELY:%m-%d %H:%M}", "2024-12-31"),
    ],
)
def test_a_time_is_short_before_names_are_cut(columns: int, lately: str, long_ago: str) -> None:
    fields = (Field("username", "username"), Field("seen_at", "time"), Field("rid", "id"))
    rows = [
        {"username": "viewer_number_one", "seen_at": at, "rid": 10**12} for at in (LATELY, LONG_AGO, None)
    ]
    lines = run(listing(fields, rows), env={"MHC_FORCE_TTY": str(columns)}).stdout.splitlines()
    assert max(map(width, lines)) <= columns
    assert [line[17:-13].strip() for line in lines[1:]] == [lately, long_ago, "-"]
    assert all(line.startswith("viewer_number_one  ") for line in lines[1:])


def test_a_short_list_is_whole_where_names_are_cut() -> None:
    fields = (Field("username", "username"), Field("lists", "list"), Field("at", "time"), Field("rid", "id"))
    row = {"username": "viewer_number_one", "lists": ["Friends"], "at": LATELY, "rid": 1}
    lines = run(listing(fields, [row | {"rid": 10**8}]), env={"MHC_FORCE_TTY": "46"}).stdout.splitlines()
    assert lines[1] == f"viewer_numbe…  Friends  {LATELY:%m-%d %H:%M}  100000000"


def test_where_a_short_time_does_not_fit_rows_become_records_with_the_whole() -> None:
    fields = (Field("seen_at", "time"), Field("rid", "id"), Field("tokens", "int"))
    row = {"seen_at": LATELY, "rid": 10**15, "tokens": 10**12}
    assert run(listing(fields, [row]), env={"MHC_FORCE_TTY": "40"}).stdout == (
        f"seen_at  {LATELY:%Y-%m-%d %H:%M}\nrid      1000000000000000\ntokens   1,000,000,000,000\n"
    )


def test_a_time_of_which_the_minutes_count_is_never_its_day_alone() -> None:
    fields = (Field("from", "time", exact=True), Field("to", "time", exact=True), Field("rid", "id"))
    lately = {"from": LATELY, "to": LATELY, "rid": 10**9}
    narrow = {"MHC_FORCE_TTY": "40"}
    assert run(listing(fields, [lately]), env=narrow).stdout.startswith("FROM ")
    shown = run(listing(fields, [lately | {"from": LONG_AGO}]), env=narrow).stdout
    assert shown.startswith("from  2024-12-31 00:00\nto    ")


@given(st.timedeltas(timedelta(-9999), timedelta(9999)), st.timedeltas(timedelta(-181), timedelta(181)))
def test_a_time_without_its_year_is_of_one_year_only(since: timedelta, apart: timedelta) -> None:
    at = NEW_YEAR + since
    near, then = days_near(at, UTC), at + apart
    shown = short(encode(f"{then:%Y-%m-%d %H:%M}"), near, exact=False)
    assert shown == f"{then:%m-%d %H:%M}"
    same = [f"{at.year + years}-{shown[:5]}" for years in (-1, 0, 1)]
    assert [day for day in same if near[0] <= day <= near[1]] == [f"{then:%Y-%m-%d}"]


def test_a_record_with_long_keys_has_its_values_below_them() -> None:
    person = {"username": "viewer_one", "here": {"a_key_that_is_very_long_indeed": "漢字 " * 20}}
    fields = (Field("username", "username"), Field("here", "json"))
    shown = run(showing(fields, person), env={"MHC_FORCE_TTY": "40"}).stdout
    assert shown.startswith("username\n  viewer_one\nhere.a_key_that_is_very_long_indeed\n  漢字 漢字 ")
    assert max(map(width, shown.splitlines())) <= 40


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0%"), (0.00001, "0.1%"), (0.125, "12.5%"), (0.99999, "99.9%"), (1.0, "100%"), (None, "-")],
)
def test_a_share_is_percent_in_a_table_and_a_number_elsewhere(share: float | None, shown: str) -> None:
    command = listing((Field("share", "share"),), [{"share": share}])
    assert run(command, "-o", "table").stdout.split() == ["SHARE", shown]
    assert run(command, "--json").stdout == f'[\n{{"share":{json.dumps(share)}}}\n]\n'


@pytest.mark.parametrize(
    ("change", "shown"),
    [(0, "0%"), (0.125, "+12%"), (-0.001, "-0%"), (-1.0, "-100%"), (12.345, "+1,234%"), (None, "-")],
)
def test_a_change_has_a_sign_in_a_table_and_is_a_number_elsewhere(change: float | None, shown: str) -> None:
    command = listing((Field("growth", "change"),), [{"growth": change}])
    assert run(command, "-o", "table").stdout.split() == ["GROWTH", shown]
    assert run(command, "--json").stdout == f'[\n{{"growth":{json.dumps(change)}}}\n]\n'


@pytest.mark.parametrize("columns", ["40", "60", "80"])
def test_help_fits_the_terminal(columns: str) -> None:
    shown = run(listing(PEOPLE, ROWS), "--help", env={"COLUMNS": columns}).stdout
    assert max(map(width, shown.splitlines())) <= int(columns)
    assert "[auto|table|json" in shown
    assert "csv|tsv|name]" in shown


@given(st.text(st.characters(), max_size=30), st.integers(1, 40))
def test_fitting_never_exceeds_the_columns(text: str, columns: int) -> None:
    shown = encode(text)
    cut = fit(shown, columns)
    assert width(cut) <= columns
    assert cut == shown or cut.endswith("…")


def test_a_cut_falls_between_whole_characters() -> None:
    assert fit(encode(FAMILY * 3), 4) == FAMILY + "…"
    assert fit(encode("漢字漢"), 4) == "漢…"
    assert fit(encode("e\u0301e\u0301e\u0301"), 2) == "e\u0301…"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (45, "45s"),
        (200, "3m 20s"),
        (3900, "1h 05m"),
        (183600, "2d 03h"),
        (-90, "-1m 30s"),
        (59.6, "1m 00s"),
    ],
)
def test_durations_have_two_units(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_ids_are_not_grouped() -> None:
    fields = (Field("rid", "id"), Field("tokens", "int"))
    assert run(listing(fields, [{"rid": 12345, "tokens": 12345}]), "-o", "table").stdout == (
        "  RID  TOKENS\n12345  12,345\n"
    )


def test_a_time_without_a_zone_is_a_bug() -> None:
    row = {"at": datetime(2026, 1, 1)}  # noqa: DTZ001
    for form in ("table", "json", "tsv"):
        with pytest.raises(ValueError, match="zone"):
            run(listing((Field("at", "time"),), [row]), "-o", form)


# Streams


@pytest.mark.parametrize(
    ("words", "env", "bold"),
    [
        ([], {}, False),
        (["--color", "always"], {"NO_COLOR": "1", "MHC_COLOR": "never"}, True),
        (["--color", "never"], {"CLICOLOR_FORCE": "1"}, False),
        ([], {"MHC_COLOR": "always", "NO_COLOR": "1"}, True),
        (["--color", "auto"], {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
        ([], {"NO_COLOR": "", "CLICOLOR_FORCE": "1"}, True),
        ([], {"CLICOLOR_FORCE": "0"}, False),
        ([], {"CLICOLOR_FORCE": "1", "TERM": "dumb"}, True),
    ],
)
def test_colour_follows_the_usual_order(words: list[str], env: dict[str, str], *, bold: bool) -> None:
    result = run(listing(PEOPLE[:1], ROWS[:1]), "-o", "table", *words, env=env)
    header = "\x1b[1mUSERNAME\x1b[0m" if bold else "USERNAME"
    assert result.stdout == f"{header}\nviewer_one\n"


PROGRAM = """
import click
from mhc.cli.options import output_options
from mhc.cli.output import Field, Writer, prepare_streams
FIELDS = (Field("note"), Field("tokens", "int"))

@click.command()
@output_options(fields=FIELDS)
def main(out):
    out.rows(FIELDS, [{"note": "caf\\u00e9 \\u6f22\\u5b57 " * 20, "tokens": 1}, {"note": "plain", "tokens": 22}])
    out.message("fin\\u00e9")

prepare_streams()
main()
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_an_encoding_that_cannot_print_a_character_stops_nothing(encoding: str) -> None:
    env = {"PYTHONIOENCODING": encoding, "LANG": "C", "MHC_FORCE_TTY": "40"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, check=True)
    lines = done.stdout.decode(encoding).splitlines()
    assert {wcswidth(line) for line in lines} <= {39, 40}
    assert done.stderr.decode(encoding) == ("fin\\xe9\n" if encoding == "ascii" else "finé\n")
    assert lines[1].split()[0] == (r"caf\xe9" if encoding == "ascii" else "café")


def test_a_table_imports_no_numpy_and_the_start_no_tabulate() -> None:
    heavy = "{'tabulate', 'wcwidth', 'msgspec', 'sqlalchemy', 'requests', 'zoneinfo'} & set(sys.modules)"
    code = f"import sys, mhc.cli.options, mhc.cli.output; print({heavy}); import tabulate; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "set()\nFalse\n"


def test_messages_go_to_stderr_on_one_line_and_are_silent_when_quiet() -> None:
    @click.command()
    @common_options
    @output_options(fields=PEOPLE)
    def command(out: Writer) -> None:
        out.message("done\x1b[2J\nfake line")
        out.warn("\u202eodd")

    result = run(command)
    assert result.stdout == ""
    assert result.stderr == "done\\x1b[2J\\x0afake line\nwarning: \\u202eodd\n"
    assert run(command, "-q").stderr == ""


# Options


def test_json_and_another_format_contradict_each_other() -> None:
    with pytest.raises(UsageError, match="contradict"):
        run(listing(PEOPLE, ROWS), "--json", "-o", "csv")
    assert run(listing(PEOPLE, []), "--json", "-o", "json").stdout == "[]\n"
    assert run(listing(PEOPLE, []), "--json", env={"MHC_OUTPUT": "csv"}).stdout == "[]\n"


@pytest.mark.parametrize("words", [["--json"], ["-o", "json"], ["--json", "-L", "2"]])
def test_who_prints_errors_can_ask_for_the_format(words: list[str]) -> None:
    shared = Shared(tz=UTC)
    run(listing(PEOPLE, []), *words, obj=shared)
    assert shared.output == "json"


def test_shared_options_merge_between_root_and_leaf() -> None:
    shared = Shared()

    @click.group()
    @common_options
    def root() -> None: ...

    @root.command(cls=Command)
    @common_options
    @write_options
    @range_options
    def leaf(**given: object) -> None:
        click.echo(json.dumps(given))

    words = [
        "-v",
        "--db",
        "one",
        "--config",
        "file",
        "leaf",
        "-v",
        "--db",
        "two",
        "--debug",
        "-n",
        "--since",
        "2d",
    ]
    result = run(root, *words, obj=shared)
    assert shared == Shared(config="file", db="two", verbose=2, debug=True)
    assert json.loads(result.stdout) == {
        "dry_run": True, "yes": False, "no_input": False, "since": "2d", "until": None, "room": None,
    }  # fmt: skip
    with pytest.raises(UsageError, match="-q"):
        run(root, "-q", "leaf", "-v")


def test_help_has_examples_and_hides_what_stands_at_the_root() -> None:
    shown = run(listing(PEOPLE, ROWS), "-h").stdout
    assert shown == run(listing(PEOPLE, ROWS), "--help").stdout
    assert "Examples:\n  mhc person list --sort tokens:desc\n" in shown
    assert shown.endswith("Shared options: mhc --help\n")
    assert "--env-file" not in shown


def test_the_zone_is_found_only_where_times_are_shown() -> None:
    asked: list[str] = []

    def find() -> tzinfo:
        asked.append("zone")
        return ZoneInfo("Asia/Tokyo")

    shared = Shared(tz=find)
    run(listing(PEOPLE, ROWS), "--json", obj=shared)
    assert asked == []
    table = ("-o", "table", "--fields", "seen_at", "--no-headers", "-L", "1", "-q")
    assert run(listing(PEOPLE, ROWS), *table, obj=shared).stdout == "2026-01-01 09:00\n"
    assert (
        run(listing(PEOPLE, ROWS), *table, "--tz", "America/New_York", obj=shared).stdout
        == "2025-12-31 19:00\n"
    )
    assert run(listing(PEOPLE, ROWS), *table, "--tz", "utc").stdout == "2026-01-01 00:00\n"


def test_the_system_zone_keeps_its_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    zone = find_zone("local")
    offsets = [datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)]
    assert offsets == [timedelta(hours=1), timedelta(hours=2)]
    monkeypatch.setenv("TZ", "Nowhere/AtAll")
    assert find_zone("local") is UTC


@pytest.mark.parametrize("name", ["Nowhere/AtAll", "../etc/passwd", "/etc/localtime", "Europe", "\x1b[2J"])
def test_an_unknown_zone_is_wrong_usage(name: str) -> None:
    with pytest.raises(UsageError, match="no time zone named"):
        run(listing(PEOPLE, ROWS), "--tz", name)
