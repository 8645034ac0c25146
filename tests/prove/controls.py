"""Builds that are wrong on purpose: each patch of `faults/broken` is applied to a copy, which has to be caught.

A patch begins with a sentence, and a line `Caught by: PART, KIND or KIND`: the part of the proof that fails where it
is applied, and what that finds.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from prove import place
from prove.result import Result, read

BROKEN = place.TREE / "tests" / "faults" / "broken"
_CAUGHT = re.compile(r"^Caught by: ([\w-]+), (.+)$", re.MULTILINE)
_PROGRAM, _TESTS = ("mhc", "alembic"), ("tests", "pyproject.toml")


@dataclass(frozen=True)
class Control:
    """A patch, and what has to become of it."""

    path: Path
    sentence: str
    part: str
    kinds: list[str]


def controls() -> list[Control]:
    """Give every patch, by name."""
    return [_read(path) for path in sorted(BROKEN.glob("*.patch"))]


def _read(path: Path) -> Control:
    said = path.read_text(encoding="utf-8").partition("\n---")[0]
    found = _CAUGHT.search(said)
    if found is None:
        raise SystemExit(f"{path} does not say what it is caught by")
    return Control(path, said.partition("\n")[0], found[1], found[2].split(" or "))


def apply(path: Path, tree: Path, *, check: bool = False) -> str:
    """Apply a patch to a tree, or only see whether it could be; give what is wrong, nothing where all is well."""
    words = ["git", "apply", *(["--check"] if check else []), str(path)]
    # Whatever repository is around the tree: paths are meant from the tree itself.
    env = os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)}
    run = subprocess.run(words, cwd=tree, env=env, capture_output=True, text=True, check=False)
    return run.stderr if run.returncode else ""


def copy_program(to: Path) -> Path:
    """Copy what patches are about."""
    return _copy(_PROGRAM, to)


def _copy(names: Iterable[str], to: Path) -> Path:
    for name in names:
        source = place.TREE / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, to / name)
    return to


def run(control: Control, seed: int) -> Result:
    """Let its part of the proof judge a broken build."""
    result = Result(f"control: {control.path.stem}", "", 1, "build")
    began = time.monotonic()
    with place.folder() as home:
        tree = _copy(_PROGRAM + _TESTS, home)
        if wrong := apply(control.path, tree):
            result.blame("does not apply", wrong)
            return result
        found, said = _judged(control, tree, seed)
    kinds = sorted({kind for one in found for kind in one.wrong})
    if set(kinds) & set(control.kinds):
        result.note = f"caught by {control.part}: {', '.join(kinds)}"
    else:
        result.blame(
            "not caught",
            f"{control.part} found {kinds or 'nothing'}, not {' or '.join(control.kinds)}: {said}",
        )
    result.seconds = time.monotonic() - began
    return result


def _judged(control: Control, tree: Path, seed: int) -> tuple[list[Result], str]:
    words = [sys.executable, "-m", "prove.part", control.part, "control", str(seed)]
    env = os.environ | {"PYTHONPATH": place.python_path(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        words, cwd=tree, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        out, err = process.communicate()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    return [read(line) for line in out.splitlines()], err[-1000:]
