"""Tells a health check that a run began, and how it ended. One that does not answer changes nothing."""

import logging
from contextlib import closing

from mhc.config import Secret

log = logging.getLogger("mhc.jobs")


class Pings:
    """The health check of one run; without a URL there is none."""

    def __init__(self, url: Secret | None, wait_scale: float) -> None:
        self._url = url
        self._wait_scale = wait_scale

    def started(self) -> None:
        """Say that the run began."""
        self._post("/start")

    def ended(self, *, well: bool) -> None:
        """Say how it ended."""
        self._post("" if well else "/fail")

    def _post(self, below: str) -> None:
        if self._url is None:
            return
        from mhc.clients.hooks import Hook, HookError  # requests: not for who has no health check

        with closing(Hook(self._url.reveal(), wait_scale=self._wait_scale)) as hook:
            try:
                hook.post(b"", below=below)
            except HookError as error:
                log.warning("health check at %s: %s", hook.host, error)
