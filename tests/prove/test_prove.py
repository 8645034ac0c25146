"""What `make prove` says of what it found, what it keeps, and that a part of it sees what it is there to see."""

from pathlib import Path

import pytest

from prove import kills, memory, report
from prove.result import Result, read

KILLED = Result("kills", "SQLite", 200, "kills", 30_000, note="seed 1")
GOOD = [KILLED, Result("machine", "SQLite", 5000, "runs", 90_000), Result("control", "", 1, "build")]


def test_a_result_travels_whole() -> None:
    wrong = Result("kills", "SQLite")
    wrong.blame("lost", "one", 2)
    assert read(wrong.line()) == wrong
    assert (wrong.sound, KILLED.sound) == (False, True)


def test_the_figures_bound_what_was_not_seen(tmp_path: Path) -> None:
    assert "0 failures in 200 kills: with 95 % confidence less than 3/200 = 1.5%" in report.table(GOOD)
    said = report.sentence(GOOD)
    assert " ".join(said.split()).startswith(
        "Proved by `make prove`: 0 events lost and 0 doubled of 120,000, in kills"
    )
    assert max(map(len, said.splitlines())) < 120
    document = tmp_path / "page.md"
    document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.put(document, said)
    assert document.read_text() == f"before\n{report.BEGIN}\n{said}\n{report.END}\nafter\n"


def test_what_was_left_out_or_is_wrong_is_said() -> None:
    missing = Result("full", "", left_out="needs root")
    assert "Left out: full (needs root)." in " ".join(report.sentence([*GOOD, missing]).split())
    assert "left out: needs root" in report.table([missing])
    wrong = Result("kills", "SQLite", 7, "kills", 100, lost=2)
    wrong.blame("lost", "1-0", "2-0")
    assert "**wrong**: lost" in report.table([wrong])
    assert report.complaints([wrong]).splitlines() == [
        "kills (SQLite): lost: 1-0",
        "kills (SQLite): lost: 2-0",
    ]


def test_a_run_that_was_broken_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_FILE", tmp_path / "kept" / "results.json")
    memory.Memory().keep("kills-sqlite", [KILLED])
    assert memory.Memory().of("kills-sqlite") == [KILLED]
    assert memory.Memory().of("pair") is None
    assert memory.Memory(forget=True).of("kills-sqlite") is None
    monkeypatch.setattr(memory, "digest", lambda: "of another program")
    assert memory.Memory().of("kills-sqlite") is None


def test_some_kills_lose_and_double_nothing() -> None:
    found = kills.run("SQLite", 3, 1)
    assert (found.count, found.lost, found.doubled, found.wrong) == (3, 0, 0, {})
