"""What was measured, as one table, and its place in a document."""

import platform
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


@dataclass(frozen=True)
class Row:
    """One figure beside what it is measured against; `met` None where there is no aim."""

    what: str
    ours: str
    other: str
    ratio: str
    aim: str
    met: bool | None

    def line(self) -> str:
        verdict = {True: "yes", False: "**no**", None: ""}[self.met]
        return f"| {self.what} | {self.ours} | {self.other} | {self.ratio} | {self.aim} | {verdict} |"


def slower(what: str, ours: float, other: float, most: float) -> Row:
    """Compare milliseconds: ours may take `most` times as long."""
    ratio = ours / other
    times = (f"{ours * 1000:.0f} ms", f"{other * 1000:.0f} ms")
    return Row(what, *times, f"{ratio:.2f}", f"≤ {most}", ratio <= most)


def faster(what: str, ours: float, other: float, least: float) -> Row:
    """Compare rates: ours must reach `least` of the other."""
    ratio = ours / other
    rates = (f"{ours:,.0f}/s", f"{other:,.0f}/s")
    return Row(what, *rates, f"{ratio:.2f}", f"≥ {least}", ratio >= least)


def amount(what: str, value: float, unit: str, most: float | None) -> Row:
    """Hold a figure against the most that it may be, where there is such."""
    if most is None:
        return Row(what, f"{value:,.0f} {unit}", "", "", "", None)
    return Row(what, f"{value:,.0f} {unit}", "", "", f"≤ {most:g} {unit}", value <= most)


def markdown(rows: Iterable[Row], note: str) -> str:
    """Give the table, with the machine and the versions above it."""
    head = "| what | mhc | beside it | ratio | aim | met |\n|---|---|---|---|---|---|"
    return "\n".join([note, "", head, *(row.line() for row in rows)])


def surroundings(postgresql: str) -> str:
    """Name what the figures depend on."""
    cpus = Path("/proc/cpuinfo")
    names = [line for line in cpus.read_text().splitlines() if "model name" in line] if cpus.exists() else []
    chip = names[0].partition(":")[2].strip() if names else platform.machine()
    packages = ", ".join(f"{name} {version(name)}" for name in ("sqlalchemy", "psycopg", "click", "msgspec"))
    return (
        f"{len(names) or '?'} cores ({chip}), CPython {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}, PostgreSQL {postgresql}, {packages}."
    )


def put(document: Path, text: str) -> None:
    """Put a text between the marks of a document."""
    before, found, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise SystemExit(f"{document} has no marks")
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
