"""The token statistics CSV: read as it comes, or refused by a sentence that names the line and the way out."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.token_statistics import COLUMNS, Line, LineError, dated, read

SAMPLE = (Path(__file__).parents[1] / "payloads" / "token_stats.csv").read_text()
LOS_ANGELES, DENVER = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/Denver")
HEADER = "Timestamp,Token change,Token balance,Transaction type,User,Note\n"


def refused(text: str, zone: ZoneInfo = LOS_ANGELES, fold: int | None = None) -> tuple[str, str]:
    with pytest.raises(LineError) as caught:
        dated(read(text), zone, fold)
    return str(caught.value), caught.value.hint


wall = datetime.fromisoformat


def rows(*stamps: str) -> str:
    """Give a file of tips at some times; the balance says which way it goes."""
    return HEADER + "".join(f"{at},5,{5 * n},Tip received,viewer_one,\n" for n, at in enumerate(stamps, 1))


def test_the_sample_is_read_to_the_letter() -> None:
    lines = read(SAMPLE)
    assert [one.number for one in lines] == [2, 3, 4, 5, 6, 7, 8]
    assert lines[0] == Line(2, wall("2026-01-02 05:00"), -12000, 0, "Tokens cashed out", "", "")
    assert lines[5] == Line(
        7, wall("2026-01-01 21:30:00.111111"), 25, 11281, "Tip received", "viewer_one",
        'thanks, "great" show, é ✨',
    )  # fmt: skip
    tip = dated(lines, LOS_ANGELES)[5]
    assert (tip.stamp, tip.at) == ("2026-01-01 21:30:00.111111", datetime(2026, 1, 2, 5, 30, 0, 111000, UTC))
    assert dated(lines, DENVER)[5].at.hour == 4
    assert dated(lines, DENVER)[5].key == tip.key


def test_columns_in_any_order_line_ends_and_blanks_change_nothing() -> None:
    plain = HEADER + '2026-01-01 21:30:00,25,125,Tip received,Viewer_One,"two\nlines"\n'
    mixed = (
        '"note", token  balance ,"USER",Extra,Token change,"Transaction Type",TIMESTAMP\r\n'
        '"two\nlines",125, Viewer_One ,x, 25 ,Tip received,2026-01-01 21:30:00.000000\r\n\r\n'
    )
    assert read(mixed) == read(plain)
    assert read(plain)[0][1:] == (
        wall("2026-01-01 21:30"), 25, 125, "Tip received", "viewer_one", "two\nlines"
    )  # fmt: skip
    assert read(HEADER) == []


def test_a_line_that_does_not_fit_is_named_where_it_begins() -> None:
    good = '2026-01-01 21:30:00,25,125,Tip received,viewer_one,"two\nlines"\n'
    for bad, why in {
        "1/2/2026 5:00,25,150,Tip received,viewer_one,": "'1/2/2026 5:00' is no time",
        "2026-02-30 05:00:00,25,150,Tip received,viewer_one,": "'2026-02-30 05:00:00' is no time",
        "0001-01-01 05:00:00,25,150,Tip received,viewer_one,": "'0001-01-01 05:00:00' is no time",
        '2026-01-01 21:31:00,"1,025",150,Tip received,viewer_one,': "'1,025' is no token change",
        "2026-01-01 21:31:00,25,,Tip received,viewer_one,": "'' is no token balance",
        "2026-01-01 21:31:00,25.5,150,Tip received,viewer_one,": "'25.5' is no token change",
        f"2026-01-01 21:31:00,{9**30},150,Tip received,viewer_one,": f"'{9**30}' is no token change",
        "2026-01-01 21:31:00,25,150,Tip received,viewer_one": "5 cells, and the header has 6",
        "2026-01-01 21:31:00,25,150,Tip received,viewer_one,a, b": "7 cells, and the header has 6",
        f"2026-01-01 21:31:00,25,150,{'x' * 61},viewer_one,": f"'{'x' * 40}…' is no transaction type",
        '2026-01-01 21:31:00,25,150,Tip received,viewer_one,"cut': "no CSV: unexpected end of data",
    }.items():
        said, hint = refused(HEADER + good + bad)
        assert said == f"line 4: {why}"
        assert hint


def test_another_file_is_no_token_statistics() -> None:
    for text, why in {
        "hello\n": "no column 'Timestamp'",
        HEADER.replace(",", ";"): "no column 'Timestamp'",
        HEADER.replace("Token balance", "Balance"): "no column 'Token balance'",
        HEADER.replace("Note", "User"): "more than one column 'User'",
        "\n\n": "no column 'Timestamp'",
    }.items():
        said, hint = refused(text)
        assert said.endswith(why)
        assert all(name in hint for name in COLUMNS)


def test_a_time_that_was_not_or_was_twice_wants_a_word() -> None:
    forward = rows("2026-03-08 01:59:59", "2026-03-08 02:30:00")
    assert refused(forward)[0] == (
        "line 3: 2026-03-08 02:30:00 did not happen in America/Los_Angeles: clocks were put forward"
    )
    assert dated(read(forward), ZoneInfo("UTC"))[1].at == datetime(2026, 3, 8, 2, 30, tzinfo=UTC)
    back = rows("2026-11-01 00:59:00", "2026-11-01 01:30:00")
    said, hint = refused(back)
    assert said == "line 3: 2026-11-01 01:30:00 happened twice in America/Los_Angeles: clocks were put back"
    assert "--twice" in hint
    assert [dated(read(back), LOS_ANGELES, fold)[1].at.hour for fold in (0, 1)] == [8, 9]


def test_rows_that_step_back_tell_the_two_hours_apart_themselves() -> None:
    stamps = [f"2026-11-01 {at}:00" for at in ("00:50", "01:10", "01:50", "01:05", "01:40", "02:10")]
    hours = ["07:50", "08:10", "08:50", "09:05", "09:40", "10:10"]
    head, *body = rows(*stamps).splitlines(keepends=True)
    for text in (head + "".join(body), head + "".join(reversed(body))):
        entries = dated(read(text), LOS_ANGELES)
        assert sorted(f"{one.at:%H:%M}" for one in entries) == hours


cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(cells, max_size=12), cells)
def test_whatever_a_file_holds_it_is_read_or_refused(parts: list[str], note: str) -> None:
    for text in (",".join(parts), HEADER + "\n".join(parts)):
        with contextlib.suppress(LineError):
            read(text)
    quoted = note.replace('"', '""')
    (line,) = read(f'{HEADER}2026-01-01 21:30:00,25,125,New type,viewer_one,"{quoted}"\n')
    assert line.note == note.replace("\0", "\ufffd")
    assert line.kind == "New type"
