"""The spool's file: what is on it after whatever befell it, and whose it is."""

import resource
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from listening import at
from mhc.capture import spool as spools
from mhc.capture.entry import Entry, Header, Place
from mhc.capture.envelope import read_events
from mhc.capture.spool import Spool, SpoolBrokenError, SpoolFullError
from mhc.errors import ConfigError, TryLaterError
from mhc.store.pages import NewGap, Page
from mhc.store.streams import Moved

START = Place(None, None, 0)
HEADER = Header("example_room", "live", "127.0.0.1:80", spools.digest("db"), 7, 3, "lock", 2, "owner", START)
ELEMENTS = [
    b'{"method":"tip","object":{},"id":"1767225600000-0"}',
    b"\xff no JSON \x00",
    b'{"method":"x","id":"1"}',
]


def a_page(number: int) -> Page:
    events, refused = read_events(ELEMENTS)
    gap = NewGap(at(number - 1), at(number), "away", certain=False) if number % 2 else None
    rejected = [(one.body, one.reason) for one in refused]
    return Page(at(number), events, rejected, Moved(f"i={number}", 5), gap, at(number - 1), joined=True)


def written(folder: Path, pages: int = 3, most: int = 1 << 20) -> Spool:
    """Give a spool with some pages that follow each other."""
    spool, place = Spool(folder / "spool" / "lock.jsonl", most, lambda _handle: None), START
    for number in range(1, pages + 1):
        entry = Entry.of(a_page(number), ELEMENTS, place)
        spool.append(HEADER, entry)
        place = entry.after
    return spool


def again(spool: Spool) -> Spool:
    """Give the same file as another process finds it."""
    spool.close()
    return Spool(spool.path, 1 << 20, lambda _handle: None)


def test_a_page_comes_back_as_it_was(tmp_path: Path) -> None:
    spool = again(written(tmp_path))
    assert (spool.pages, spools.read_header(spool.path), spool.leads_to(START)) == (
        3,
        HEADER,
        Place("i=3", 1767225603000, 5),
    )
    assert [entry and entry.page() for entry in spool.entries()] == [a_page(1), a_page(2), a_page(3)]


def test_a_page_that_moves_nothing_leads_nowhere(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "lock.jsonl", 1 << 20)
    page = replace(a_page(1), moved=None, gap=None, covers_from=None, joined=False)
    spool.append(HEADER, Entry.of(page, ELEMENTS, START))
    assert spool.leads_to(START) == START
    assert [entry and entry.page() for entry in spool.entries()] == [page]
    spool.close()


def test_it_is_for_its_owner_only(tmp_path: Path) -> None:
    spool = written(tmp_path)
    spool.close()
    assert [path.stat().st_mode & 0o777 for path in (spool.path, spool.path.parent)] == [0o600, 0o700]


def test_fault_b3_a_tail_torn_at_any_byte_costs_its_own_page_only(tmp_path: Path) -> None:
    spool = written(tmp_path)
    spool.close()
    whole = spool.path.read_bytes()
    begin = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(begin, len(whole)):
        spool.path.write_bytes(whole[:cut])
        torn = Spool(spool.path, 1 << 20, lambda _handle: None)
        assert torn.pages == 2, cut
        place = torn.leads_to(START)
        assert place.cursor == "i=2"
        torn.append(HEADER, Entry.of(a_page(3), ELEMENTS, place))
        torn.close()
        assert spool.path.read_bytes() == whole


def test_fault_b3_a_file_torn_in_its_header_begins_anew(tmp_path: Path) -> None:
    spool = written(tmp_path, 1)
    spool.close()
    whole = spool.path.read_bytes()
    for cut in range(whole.index(b"\n") + 1):
        spool.path.write_bytes(whole[:cut])
        torn = Spool(spool.path, 1 << 20, lambda _handle: None)
        assert torn.pages == 0
        torn.append(HEADER, Entry.of(a_page(1), ELEMENTS, START))
        torn.close()
        assert spool.path.read_bytes() == whole


def test_fault_b3_a_flipped_byte_costs_the_pages_that_it_stands_in(tmp_path: Path) -> None:
    spool = written(tmp_path, 4)
    spool.close()
    whole = spool.path.read_bytes()
    lines = whole.splitlines(keepends=True)
    begin, end = len(lines[0] + lines[1]), len(lines[0] + lines[1] + lines[2])
    for place in range(begin, end):
        flipped = bytearray(whole)
        flipped[place] ^= 0x20
        spool.path.write_bytes(bytes(flipped))
        found = [entry and entry.after.cursor for entry in Spool(spool.path, 1 << 20).entries()]
        expected = ["i=1", None, "i=3", "i=4"] if place < end - 1 else ["i=1", None, "i=4"]
        assert found == expected, place
        assert Spool(spool.path, 1 << 20).leads_to(START).cursor == "i=1"


def test_fault_b3_pages_need_no_header(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool = written(tmp_path)
    spool.close()
    whole = spool.path.read_bytes()
    spool.path.write_bytes(b"x" + whole[1:])
    assert (Spool(spool.path, 1 << 20).pages, spools.read_header(spool.path)) == (3, None)
    assert spools.find(tmp_path, "example_room", "live", "127.0.0.1:80", "db") == []
    assert f"{spool.path} is passed over: its first line is damaged" in caplog.text


def test_a_spool_that_cannot_be_read_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "spool" / "a.jsonl").mkdir(parents=True)
    assert spools.find(tmp_path, "example_room", "live", "127.0.0.1:80", "db") == []
    assert f"{tmp_path}/spool/a.jsonl is passed over: Is a directory" in caplog.text


def test_fault_b2_what_does_not_fit_is_not_begun(tmp_path: Path) -> None:
    spool = written(tmp_path, 1)
    before = spool.path.read_bytes()
    small = Spool(spool.path, len(before) + 10)
    with pytest.raises(SpoolFullError, match=r"the spool is full: .*lock\.jsonl") as raised:
        small.append(HEADER, Entry.of(a_page(2), ELEMENTS, Place("i=1", 1767225601000, 5)))
    assert raised.value.status == 74
    small.close()
    assert spool.path.read_bytes() == before
    spool.append(HEADER, Entry.of(a_page(2), ELEMENTS, Place("i=1", 1767225601000, 5)))
    assert again(spool).pages == 2


def test_a_spool_that_cannot_be_read_is_a_sentence_and_never_taken_for_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "spool" / "lock.jsonl"
    path.mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"cannot use .*lock\.jsonl: Is a directory"):
        Spool(path, 1 << 20)
    assert spools.find(tmp_path, "example_room", "live", "127.0.0.1:80", "db") == []
    assert "lock.jsonl is passed over: Is a directory; see mhc doctor" in caplog.text


def test_a_spool_for_which_no_file_can_be_opened_may_be_read_later(tmp_path: Path) -> None:
    spool = written(tmp_path)
    spool.close()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(TryLaterError, match=r"cannot use .*lock\.jsonl: Too many open files"):
            Spool(spool.path, 1 << 20)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert Spool(spool.path, 1 << 20).pages == 3


def test_a_spool_that_was_brought_in_by_another_process_has_no_page(tmp_path: Path) -> None:
    spool = written(tmp_path)
    again(spool).remove()
    assert (list(spool.entries()), spool.leads_to(START), spool.is_there) == ([], START, False)


def test_fault_b2_a_directory_that_takes_no_file_is_no_room(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("")
    with pytest.raises(SpoolFullError, match="cannot spool to"):
        written(tmp_path)


def test_what_does_not_reach_the_disk_is_never_tried_again(tmp_path: Path) -> None:
    tried: list[int] = []

    def refuse(handle: int) -> None:
        tried.append(handle)
        if len(tried) > 1:
            raise OSError(5, "Input/output error")

    spool = Spool(tmp_path / "lock.jsonl", 1 << 20, refuse)
    with pytest.raises(SpoolBrokenError, match="did not reach the disk: Input/output error") as raised:
        spool.append(HEADER, Entry.of(a_page(1), ELEMENTS, START))
    assert (raised.value.status, len(tried), spool.pages) == (74, 2, 0)
    spool.close()


def test_file_and_directory_are_on_the_disk_before_anybody_goes_on(tmp_path: Path) -> None:
    synced: list[str] = []
    spool = Spool(
        tmp_path / "spool" / "lock.jsonl",
        1 << 20,
        lambda handle: synced.append(str(Path(f"/dev/fd/{handle}").readlink())),
    )
    for number in (1, 2):
        spool.append(HEADER, Entry.of(a_page(number), ELEMENTS, START))
    spool.close()
    assert synced == [str(tmp_path / "spool"), str(spool.path), str(spool.path)]


def test_a_start_without_the_database_finds_its_own(tmp_path: Path) -> None:
    written(tmp_path).close()
    assert spools.find(tmp_path, "example_room", "live", "127.0.0.1:80", "db") == [HEADER]
    for room, kind, host, database in (
        ("other_room", "live", "127.0.0.1:80", "db"), ("example_room", "testbed", "127.0.0.1:80", "db"),
        ("example_room", "live", "127.0.0.1:81", "db"), ("example_room", "live", "127.0.0.1:80", "other"),
    ):  # fmt: skip
        assert spools.find(tmp_path, room, kind, host, database) == []


def test_a_stream_without_the_database_stands_where_the_spool_says() -> None:
    stream = HEADER.stands_at(Place("i=3", 1767225603000, 5))
    assert (stream.id, stream.room, stream.cursor, stream.epoch) == (7, "example_room", "i=3", 2)
    assert stream.last_poll_ok_at == at(3)
    assert (
        Place.of(replace(stream, last_poll_ok_at=at(3) + timedelta(microseconds=999))).polled_at
        == 1767225603000
    )
