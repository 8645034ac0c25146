"""Statements compiled once for all the engines of a test run: each call of a command makes one, as a process does."""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache

_MOST = 2000


class _Compiled(LRUCache[Any, Any]):
    """What was compiled, whichever of the engines of one kind asks: their dialects differ in nothing."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key[1:], value)


_compiled: dict[str, _Compiled] = {}


def share() -> None:
    """Let every connection of this process use what any other has compiled."""
    event.listen(Engine, "engine_connect", _use)


def _use(conn: Connection) -> None:
    kept = _compiled.setdefault(conn.dialect.name, _Compiled(_MOST))
    conn.execution_options(compiled_cache=kept)
