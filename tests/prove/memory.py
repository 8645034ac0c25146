"""What was proved already, so that a run that was broken off goes on: kept beside the digest of what it was about."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict

from prove.place import TREE
from prove.result import Result

_FILE = TREE / ".prove" / "results.json"
_ABOUT = ("mhc/**/*.py", "alembic/**/*.py", "tests/prove/*.py", "tests/faults/**/*", "tests/*.py")


def digest() -> str:
    """Give the digest of the program, and of what judges it."""
    found = hashlib.sha256()
    for path in sorted({path for pattern in _ABOUT for path in TREE.glob(pattern)}):
        if path.is_file() and path.suffix in {".py", ".patch"}:
            found.update(f"{path.relative_to(TREE)}\0".encode() + path.read_bytes())
    return found.hexdigest()


class Memory:
    """The parts that are done, and were sound."""

    def __init__(self, *, forget: bool = False) -> None:
        self._digest = digest()
        known = {} if forget or not _FILE.exists() else json.loads(_FILE.read_text(encoding="utf-8"))
        self._done = known.get("done", {}) if known.get("digest") == self._digest else {}

    def of(self, name: str) -> list[Result] | None:
        """Give what a part found; None where it is to be done."""
        found = self._done.get(name)
        return None if found is None else [Result(**one) for one in found]

    def keep(self, name: str, results: Sequence[Result]) -> None:
        """Keep what a part found."""
        self._done[name] = [asdict(one) for one in results]
        _FILE.parent.mkdir(exist_ok=True)
        temporary = _FILE.with_suffix(".new")
        temporary.write_text(json.dumps({"digest": self._digest, "done": self._done}), encoding="utf-8")
        temporary.replace(_FILE)
