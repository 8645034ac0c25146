"""Finds the programs of others that mhc runs: never one that happens to lie in the current directory."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path


def find(name: str, environ: Mapping[str, str]) -> str | None:
    """Give the program of a name: an absolute path, or found in PATH, but nothing of the current directory."""
    found = shutil.which(name, path=environ.get("PATH", os.defpath))
    return found if found is not None and Path(found).is_absolute() else None
