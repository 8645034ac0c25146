"""`make bench`: measure start-up, replay, sizes, the listener, look-ups and reports, each beside what it is held against."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import archive, histories, listener, lookups, polls, replay, reports, rooms, startup
from bench.table import markdown, put, surroundings

_DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"


def main() -> None:
    """Print the table, and write it into the document unless it was a quick look."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of it, only printed")
    quick = parser.parse_args().quick
    runs, events, commits, heard = (5, 10_000, 400, 5_000) if quick else (21, 100_000, 3_000, 50_000)
    years, people = (100_000, 5_000) if quick else (10_000_000, 50_000)
    readings, feed = (100_000, (1_000, 5)) if quick else (1_000_000, (10_000, 30))
    month = (100, 860) if quick else (1_000, 8_640)  # rooms and polls
    with TemporaryDirectory(prefix="mhc-bench-", dir="/var/tmp") as name, replay.server() as (url, version):
        parts = (
            "startup",
            "replay",
            "listener",
            "years",
            "lookups",
            "reports",
            "rooms",
            "histories",
            "polls",
        )
        folders = {part: Path(name, part) for part in parts}
        for folder in folders.values():
            folder.mkdir()
        rows = startup.rows(folders["startup"], runs)
        rows += replay.rows(folders["replay"], url, events, commits)
        rows += listener.rows(folders["listener"], heard)
        rows += rooms.rows(folders["rooms"], url, *feed)
        with archive.filled(folders["years"], url, years, people) as dbs:
            rows += lookups.rows(folders["lookups"], dbs)
            rows += reports.rows(folders["reports"], dbs)
        rows += histories.rows(folders["histories"], url, readings)
        rows += polls.rows(folders["polls"], url, *month)
    note = f"{datetime.now(UTC):%Y-%m-%d}, {surroundings(version)}"
    table = markdown(rows, note)
    sys.stdout.write(f"{table}\n")
    if not quick:
        put(_DOCUMENT, table)


if __name__ == "__main__":
    main()
