"""Builds that are wrong on purpose: each patch still applies, so that `make prove` can show that it is caught."""

import ast
from pathlib import Path

import pytest

from prove import controls
from prove.part import CONTROLS, PARTS

PATCHES = controls.controls()
each_patch = pytest.mark.parametrize("control", PATCHES, ids=lambda one: one.path.stem)


@pytest.fixture
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an empty folder, outside of the one that is searched for tokens: the program holds the sandbox's."""
    return tmp_path_factory.mktemp("build")


def test_the_worst_builds_are_there() -> None:
    assert {"cursor_first", "no_unique_key", "no_epoch"} <= {one.path.stem for one in PATCHES}


@each_patch
def test_each_broken_build_applies_and_names_what_catches_it(control: controls.Control, build: Path) -> None:
    tree = controls.copy_program(build)
    assert controls.apply(control.path, tree) == ""
    for path in tree.rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"))
    assert control.part in PARTS
    assert control.sentence.endswith(".")
    assert f"control-{control.path.stem}" in CONTROLS


def test_a_patch_that_no_longer_applies_is_said(build: Path) -> None:
    tree = controls.copy_program(build)
    for path in (tree / "mhc").rglob("*.py"):
        path.write_text("", encoding="utf-8")
    assert all(controls.apply(one.path, tree) for one in PATCHES)
