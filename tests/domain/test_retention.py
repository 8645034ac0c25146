"""Which backups are kept."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.retention import Policy, kept

NOW = datetime(2026, 3, 15, 12, 30, tzinfo=UTC)
times = st.sets(
    st.integers(0, 3 * 365 * 24 * 4).map(lambda number: NOW - number * timedelta(minutes=15)), max_size=60
)
policies = st.builds(Policy, *[st.integers(0, 6)] * 4)


def every(step: timedelta, count: int) -> list[datetime]:
    return [NOW - step * number for number in range(count)]


def test_an_hour_keeps_its_newest() -> None:
    made = every(timedelta(minutes=10), 24)
    assert sorted(kept(made, Policy(3, 0, 0, 0)), reverse=True) == [
        NOW,
        NOW.replace(hour=11, minute=50),
        NOW.replace(hour=10, minute=50),
    ]


def test_two_years_of_nights_thin_out() -> None:
    stay = kept(every(timedelta(days=1), 730), Policy(hourly=0))
    ages = sorted((NOW - at).days for at in stay)
    assert ages[:7] == [0, 1, 2, 3, 4, 5, 6]
    assert ages[7:11] == [7, 14, 15, 21]  # three Sundays, and the last day of February
    assert ages[11:] == [43, 74, 105, 135, 166, 196, 227, 258, 288, 319]  # the last days of January … April


def test_nights_are_kept_where_there_are_no_other_hours() -> None:
    assert len(kept(every(timedelta(days=1), 24), Policy())) == 24


def test_nothing_of_nothing() -> None:
    assert kept([], Policy()) == set()


@given(times, policies)
def test_the_newest_stays_whatever_the_policy(made: set[datetime], policy: Policy) -> None:
    assert not made or max(made) in kept(made, policy)


@given(times, policies)
def test_asked_again_it_keeps_the_same(made: set[datetime], policy: Policy) -> None:
    stay = kept(made, policy)
    assert stay <= made
    assert kept(stay, policy) == stay


@given(times, policies)
def test_never_fewer_than_one_class_asks_for_and_never_more_than_all(
    made: set[datetime], policy: Policy
) -> None:
    stay = kept(made, policy)
    days = {at.date() for at in made}
    assert len(stay) >= min(len(days), policy.daily)
    assert len(stay) <= policy.hourly + policy.daily + policy.weekly + policy.monthly + 1


@given(times, policies)
def test_backing_up_each_time_ends_where_thinning_once_does(made: set[datetime], policy: Policy) -> None:
    stay: set[datetime] = set()
    for at in sorted(made):
        stay = kept({*stay, at}, policy)
    assert stay == kept(made, policy)
