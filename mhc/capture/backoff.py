"""How long to wait after what: full jitter, doubling, one row a class of answer."""

from dataclasses import dataclass, field
from random import Random, SystemRandom

from mhc.capture.classify import Class

# (first, most) in seconds. The first NETWORK failure is tried again at once.
_RANGES = {
    Class.NETWORK: (1.0, 60.0),
    Class.TLS: (5.0, 300.0),
    Class.SERVER: (1.0, 60.0),
    Class.RATE: (60.0, 300.0),
    Class.EDGE: (60.0, 600.0),
    Class.CURSOR: (1.0, 60.0),
    Class.PAYLOAD: (2.0, 60.0),
}
_CALM_SECONDS = 60.0
AUTH_PROBE = 5.0
AUTH_WAIT = 300.0
PROBES = 3
CURSOR_PROBES = (1.0, 2.0, 4.0)


@dataclass(slots=True)
class Backoff:
    """The waits of one listener."""

    chance: Random = field(default_factory=SystemRandom)
    _tries: dict[Class, int] = field(default_factory=dict)
    _good_since: float | None = None

    def failed(self, kind: Class, retry_after: float | None = None) -> float:
        """Give the seconds to wait after another failure of this kind."""
        self._good_since = None
        tries = self._tries[kind] = self._tries.get(kind, 0) + 1
        if retry_after is not None:
            return retry_after
        first, most = _RANGES[kind]
        if kind is Class.NETWORK:
            if tries == 1:
                return 0.0
            tries -= 1
        return self.chance.random() * min(most, first * 2.0 ** min(tries - 1, 16))

    def good(self, now: float) -> None:
        """Note a good poll; a minute of them forgets the failures."""
        if self._good_since is None:
            self._good_since = now
        elif now - self._good_since >= _CALM_SECONDS:
            self._tries.clear()
