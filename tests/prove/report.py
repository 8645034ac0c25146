"""What was proved, as a table and as a sentence, and their places in the documents."""

import subprocess
import textwrap
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import postgres
from bench.table import surroundings
from prove.result import Result

BEGIN, END = "<!-- prove: begin -->", "<!-- prove: end -->"
_KILLS = "kills"
_WIDTH = 119


def table(results: Sequence[Result]) -> str:
    """Give a row each, what the kills bound, and the machine."""
    head = (
        "| part | database | done | events | lost | doubled | seconds | |\n|---|---|--:|--:|--:|--:|--:|---|"
    )
    return "\n".join([head, *map(_row, results), "", *map(_bound, _kills(results)), "", _around()])


def _row(one: Result) -> str:
    if one.left_out:
        return f"| {one.part} | {one.database} | | | | | | left out: {one.left_out} |"
    done, events = f"{one.count:,} {one.what}", f"{one.events:,}" if one.events else ""
    lost, doubled = (f"{one.lost}", f"{one.doubled}") if one.events else ("", "")
    note = one.note if one.sound else f"**wrong**: {', '.join(one.wrong) or 'see left'}"
    return f"| {one.part} | {one.database} | {done} | {events} | {lost} | {doubled} | {one.seconds:,.0f} | {note} |"


def _kills(results: Iterable[Result]) -> list[Result]:
    return [one for one in results if one.what == _KILLS and one.sound and one.count]


def _bound(one: Result) -> str:
    return (
        f"{one.database}: 0 failures in {one.count} kills: with 95 % confidence less than"
        f" 3/{one.count} = {3 / one.count:.1%} of kills lose or double anything.  "
    )


def _around() -> str:
    binaries = postgres.find_binaries()
    words = [] if binaries is None else [str(binaries / "postgres"), "--version"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout if words else "? none"
    version = next(word for word in said.split() if word[0].isdigit() or word == "none")
    return f"{datetime.now(UTC):%Y-%m-%d}, {surroundings(version)}"


def sentence(results: Sequence[Result]) -> str:
    """Give what the README says of it."""
    kills = _kills(results)
    both = ", ".join(f"{one.count} on {one.database}" for one in kills)
    worst = max((3 / one.count for one in kills), default=1)
    events, lost, doubled = (
        sum(getattr(one, name) for one in results) for name in ("events", "lost", "doubled")
    )
    runs = sum(one.count for one in results if one.what == "runs")
    caught = sum(one.what == "build" for one in results)
    missing = [f"{one.part} ({one.left_out})" for one in results if one.left_out]
    left_out = f" Left out: {', '.join(missing)}." if missing else ""
    said = (
        f"Proved by `make prove`: {lost} events lost and {doubled} doubled of {events:,}, in kills at random moments"
        f" ({both}: with 95 % confidence less than {worst:.1%} of kills lose or double anything), restarts of PostgreSQL"
        f" under load, full disks, two listeners that fight for a room, and {runs:,} random histories of the listener's"
        f" own code. All {caught} builds that are broken on purpose were caught."
        f"{left_out}"
        f" [All of it](docs/proof.md), {_around()}"
    )
    return "\n".join(textwrap.wrap(said, _WIDTH, break_long_words=False, break_on_hyphens=False))


def put(document: Path, text: str) -> None:
    """Put a text between the marks of a document."""
    before, found, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise SystemExit(f"{document} has no marks")
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def complaints(results: Iterable[Result]) -> str:
    """Give all that is wrong, a line each."""
    return "\n".join(
        f"{one.part} ({one.database}): {kind}: {fact}"
        for one in results
        for kind, facts in one.wrong.items()
        for fact in facts
    )
