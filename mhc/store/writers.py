"""Connections that are kept for who writes page after page, and the transactions on them.

To take a connection from the pool, to begin, to commit and to give it back takes SQLAlchemy longer than all that a page
writes takes SQLite. What commits is `Database.write_batch`.
"""

from typing import Any

from sqlalchemy import Connection, Engine

from mhc.store.bulk import Batch, Call, Found

_MOST_IDLE = 4  # they count among those that the pool gives


class Writer(Batch):
    """A batch that is a transaction, begun with its first exchange; what it holds at the end goes with the COMMIT."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.connect())
        self._begun = False
        if self.on_server:
            # Else the driver begins by itself, and waits for the answer to that alone.
            driver: Any = self._conn.connection.driver_connection
            driver.autocommit = True

    @property
    def conn(self) -> Connection:
        """The connection, in its transaction."""
        if not self._begun:
            self.ask()
        return self._conn

    def ask(self, *calls: Call) -> list[Found]:
        """Execute statements in order, in one exchange, before what is gathered; give the rows of each that asks."""
        first, self._begun = self._first(), True
        return self._exchange(*calls, first=first)

    def commit(self) -> None:
        """Execute what was gathered, and commit, in one exchange."""
        calls, self._calls = self._calls, []
        self._exchange(*calls, first=self._first(), last="COMMIT")
        self._begun = False
        if self._conn.in_transaction():  # where some of its statements were SQLAlchemy's: it is to know
            self._conn.commit()

    def _first(self) -> str:
        if self._begun:
            return ""
        return "BEGIN" if self.on_server else "BEGIN IMMEDIATE"

    def discard(self) -> bool:
        """Close the connection, and so take back what is not committed; give whether it was lost before."""
        lost = self._conn.invalidated
        self._conn.invalidate()
        self._conn.close()
        return lost


class Writers:
    """The writers of an engine. One with which anything went wrong is not used again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: list[Writer] = []
        self._closed = False

    def take(self) -> Writer:
        """Give a writer that nobody else has."""
        try:
            return self._idle.pop()  # at once: threads share them
        except IndexError:
            return Writer(self._engine)

    def give_back(self, writer: Writer) -> None:
        """Keep a writer that has committed."""
        self._idle.append(writer)
        if self._closed or len(self._idle) > _MOST_IDLE:
            self.forget()

    def drop(self, writer: Writer) -> None:
        """Take back what a writer has not committed; it is not used again."""
        if writer.discard():
            self.forget()  # the server that is gone was theirs, too

    def close(self) -> None:
        """Close every connection that is not in use, and the others as soon as they are not."""
        self._closed = True
        self.forget()

    def forget(self) -> None:
        """Close every connection that is not in use."""
        while self._idle:
            self._idle.pop().discard()
