"""The connection of one request, so that another thread can end it: at a deadline, on a signal."""

import socket
import threading
import time


class Line:
    """The one socket a poll waits on, so that another thread can cut it: at a deadline, on a signal.

    A read timeout alone does not bound a poll, since a body that drips restarts it with every byte.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._deadline: float | None = None
        self._cut = False

    def begin(self, seconds: float) -> None:
        """Start a request that may take this long, all in all."""
        with self._lock:
            self._deadline = time.monotonic() + seconds

    def end(self) -> None:
        """End the request."""
        with self._lock:
            self._deadline = None

    def register(self, made: socket.socket) -> None:
        """Note a new connection. A copy of its handle: TLS takes the socket itself away."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = made.dup()
            if self._cut:
                self._shut()

    def cut(self) -> None:
        """Break the connection now, and every later one at once."""
        with self._lock:
            self._cut = True
            self._shut()

    def cut_if_late(self) -> None:
        """Break the connection where the request took longer than it may."""
        with self._lock:
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._shut()

    def close(self) -> None:
        """End the connection and give the handle back.

        A session's own close waits for the garbage collector where an error still holds the connection.
        """
        with self._lock:
            self._shut()
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _shut(self) -> None:
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:  # it is gone already
                self._socket.close()
                self._socket = None
