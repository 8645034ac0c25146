"""Writes what the documentation takes from the code, between its markers: `make docs`; `--check` only compares.

A part begins with `<!-- made by make docs: NAME -->` and ends with `<!-- end -->`; what stands outside is written by
hand and stays as it is.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import docs_pages as pages

ROOT = Path(__file__).resolve().parent.parent
PARTS: dict[str, Callable[[], str]] = {
    "commands": pages.commands,
    "exit statuses": pages.exits,
    "JSON": pages.documents,
    "settings": pages.settings,
    "jobs": pages.job_settings,
    "shared options": pages.shared,
    "statuses": pages.statuses,
    "tables": pages.tables,
}
_PART = re.compile(r"(<!-- made by make docs: (.+?) -->\n).*?(<!-- end -->\n)", re.DOTALL)


def sources() -> list[Path]:
    """Give every page of the documentation."""
    return [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]


def made(text: str) -> str:
    """Give a page's text with its parts made anew."""
    return _PART.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]()}\n\n{found[3]}", text)


def parts_of(text: str) -> list[str]:
    """Name the made parts of a page."""
    return [found[2] for found in _PART.finditer(text)]


def main(words: list[str]) -> int:
    """Write the parts anew, or with `--check` only say which pages are out of step."""
    stale = []
    for path in sources():
        before = path.read_bytes()
        after = made(before.decode()).encode()
        if after == before:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if "--check" not in words:
            path.write_bytes(after)
    if stale and "--check" in words:
        sys.stderr.write(f"{', '.join(stale)}: out of step with the code; make docs\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
