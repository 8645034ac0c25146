"""Fixtures that every test may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mhc.store.database import Database


@pytest.fixture(scope="module")
def module_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    db = Database(f"sqlite:///{tmp_path_factory.mktemp('db')}/mhc.db")
    db.create()
    yield db
    db.close()
