"""What the fixtures of tests/conventions have in common: the type of `ready`, and the folder of a command."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pastes
from command import Mhc
from docs_tree import Leaf
from factories import ROOM

Ready = Callable[[Leaf, type[Mhc]], Mhc]


def surroundings(home: Path, seeded: Path) -> dict[str, str]:
    """Put the database and the files that commands read into a folder; give the environment that leads to them."""
    shutil.copy(seeded, home / "mhc.db")
    pastes.write(home)
    (home / "retention.toml").write_text('[retention]\nchat = "36500d"\n')
    return {
        "DATABASE_URL": f"sqlite:///{home / 'mhc.db'}",
        "CHATURBATE_USERNAME": ROOM,
        "MHC_ERASURE_KEY": "FAKE0KEY0OF0ERASURES",
    }
