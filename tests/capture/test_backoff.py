"""How long to wait after what, with chance given."""

from random import Random

import pytest

from mhc.capture.backoff import Backoff
from mhc.capture.classify import Class

BOUNDS = {
    Class.NETWORK: (1, 60),
    Class.TLS: (5, 300),
    Class.SERVER: (1, 60),
    Class.RATE: (60, 300),
    Class.EDGE: (60, 600),
    Class.CURSOR: (1, 60),
    Class.PAYLOAD: (2, 60),
}


class Highest(Random):
    """Chance that always gives the most."""

    def random(self) -> float:
        return 1.0


def waits(kind: Class, count: int, chance: Random | None = None) -> list[float]:
    backoff = Backoff(chance or Highest())
    return [backoff.failed(kind) for _ in range(count)]


@pytest.mark.parametrize("kind", sorted(BOUNDS.keys() - {Class.NETWORK}))
def test_the_most_doubles_from_first_to_last(kind: Class) -> None:
    first, most = BOUNDS[kind]
    assert waits(kind, 12) == [min(most, first * 2**tries) for tries in range(12)]


def test_after_the_first_network_failure_it_asks_again_at_once() -> None:
    assert waits(Class.NETWORK, 9) == [0, 1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize("kind", sorted(BOUNDS))
def test_jitter_takes_any_part_of_the_most(kind: Class) -> None:
    chance, expected = Random(7), Random(7)
    most = waits(kind, 20)
    found = waits(kind, 20, chance)
    skipped = 1 if kind is Class.NETWORK else 0  # at once: no chance in it
    assert found[skipped:] == [expected.random() * limit for limit in most[skipped:]]
    assert all(0 <= wait <= limit for wait, limit in zip(found, most, strict=True))


@pytest.mark.parametrize("kind", sorted(BOUNDS))
def test_a_year_of_failures_waits_no_longer_than_the_most(kind: Class) -> None:
    assert waits(kind, 100_000)[-1] == BOUNDS[kind][1]


def test_what_the_server_asks_for_is_waited_without_jitter() -> None:
    assert Backoff(Random(1)).failed(Class.RATE, 17.0) == 17.0


def test_each_class_counts_for_itself() -> None:
    backoff = Backoff(Highest())
    assert [backoff.failed(kind) for kind in (Class.SERVER, Class.EDGE, Class.SERVER)] == [1, 60, 2]


def test_a_minute_of_good_polls_forgets_the_failures() -> None:
    backoff = Backoff(Highest())
    backoff.failed(Class.SERVER)
    backoff.failed(Class.SERVER)
    for now in (100.0, 130.0, 160.0):
        backoff.good(now)
    assert backoff.failed(Class.SERVER) == 1


def test_less_than_a_minute_does_not() -> None:
    backoff = Backoff(Highest())
    backoff.failed(Class.SERVER)
    for now in (100.0, 159.9):
        backoff.good(now)
    assert backoff.failed(Class.SERVER) == 2


def test_a_failure_in_between_begins_the_minute_anew() -> None:
    backoff = Backoff(Highest())
    backoff.failed(Class.SERVER)
    backoff.good(100.0)
    backoff.failed(Class.SERVER)
    backoff.good(150.0)
    backoff.good(209.0)
    assert backoff.failed(Class.SERVER) == 4
