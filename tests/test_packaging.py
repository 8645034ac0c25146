"""The wheel: what is in it, and that it works where nothing else is installed."""

import re
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from shutil import copyfile
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from command import Mhc
from mhc.store import schema
from mhc.store.database import Database

ROOT = Path(__file__).parent.parent
MOST = 22  # distributions: each is one more to trust


def closure(requirements: list[str], extra: str = "") -> Iterator[Distribution]:
    """Give what these requirements need, as it is installed here."""
    for line in requirements:
        need = Requirement(line)
        if need.marker and not need.marker.evaluate({"extra": extra}):
            continue
        found = distribution(need.name)
        yield found
        for wanted in need.extras or {""}:
            yield from closure(found.requires or [], wanted)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def empty_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an environment with the wheel and what it says it needs, copied from here: no network."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", *quiet, "--no-deps", "--no-index", str(wheel)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (installed,) = Distribution.discover(name="mhc", path=[str(site)])
    for needed in {found.name: found for found in closure(installed.requires or [])}.values():
        for file in needed.files or []:
            if ".." not in file.parts and file.suffix != ".pyc":
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                copyfile(str(needed.locate_file(file)), site / file)
    subprocess.run([*pip, "check", *quiet], check=True)
    return folder


def test_what_is_in_the_wheel(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = {str(path.relative_to(ROOT)) for path in ROOT.glob("mhc/**/*.py")}
    migrations = {
        f"mhc/_alembic/{path.relative_to(ROOT / 'alembic')}" for path in ROOT.glob("alembic/**/*.py")
    }
    assert {"mhc/_alembic/env.py", "mhc/_alembic/versions/0001_first_schema.py"} <= migrations
    assert {name for name in names if name.endswith(".py")} == sources | migrations
    rest = {name for name in names if not name.endswith(".py") and ".dist-info/" not in name}
    assert rest <= {"mhc/_alembic/script.py.mako", "mhc/py.typed"}


def test_few_distributions_are_installed(empty_environment: Path) -> None:
    (site,) = empty_environment.glob("lib/python*/site-packages")
    installed = {found.name for found in Distribution.discover(path=[str(site)])}
    assert "mhc" in installed
    assert len(installed) <= MOST


def test_an_empty_environment_can_make_a_database(empty_environment: Path, tmp_path: Path) -> None:
    mhc = Mhc(tmp_path)
    mhc.program = empty_environment / "bin" / "mhc"
    assert mhc("--version").stdout.startswith("mhc ")
    path = tmp_path / "elsewhere" / "mhc.db"
    run = mhc("db", "upgrade", "--db", f"sqlite:///{path}")
    assert (run.status, run.stderr) == (0, "")
    db = Database(f"sqlite:///{path}")
    assert db.schema_state() == (schema.REVISION, schema.COMPATIBILITY)
    db.close()


def test_every_dependency_is_bounded_and_says_what_it_is_for() -> None:
    lines = (ROOT / "pyproject.toml").read_text().split("dependencies = [\n")[1].split("]\n")[0].splitlines()
    assert len(lines) < MOST / 2
    for line in lines:
        found = re.fullmatch(r' +"(.+)", +# (.+)', line)
        assert found, line
        need, reason = Requirement(found[1]), found[2]
        signs = {part.operator for part in need.specifier}
        assert ">=" in signs, line
        assert "<" in signs or "no upper bound: " in reason, line
