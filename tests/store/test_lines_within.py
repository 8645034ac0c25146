"""Public lines in stretches of time: what quarters, edges and pasted lines give is what counting one by one gives."""

import itertools
from collections import Counter
from datetime import datetime

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from factories import ROOM, chat, cover, empty, happening, minute, store
from mhc.domain.clock import to_ms
from mhc.store import line_counts, lines_within, people
from mhc.store.database import Database
from mhc.store.line_counts import QUARTER_MS
from mhc.store.streams import Kind

PEOPLE = ("viewer_one", "viewer_two")
times = st.integers(0, 240).map(lambda quarters: quarters / 4)  # minutes, four quarters of an hour long
lines = st.lists(st.tuples(times, st.sampled_from(PEOPLE)), max_size=20)


@st.composite
def parted(draw: st.DrawFn) -> list[list[tuple[float, float]]]:
    """Give stretches that do not overlap, in up to three groups."""
    cuts = sorted(draw(st.sets(times, max_size=10)))
    groups: list[list[tuple[float, float]]] = [[], [], []]
    for begin, end in itertools.pairwise(cuts):
        place = draw(st.sampled_from([None, 0, 1, 2]))
        if place is not None:
            groups[place].append((begin, end))
    return groups


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(live=lines, pasted=lines, groups=parted(), covered=st.none() | times, out=st.booleans())
@example(
    live=[(5, "viewer_one")], pasted=[], groups=[[(5, 5)], [], []], covered=None, out=False
)  # of no length
@example(  # two groups and a line outside in one quarter
    live=[(1, "viewer_one"), (5, "viewer_one"), (9, "viewer_two"), (14, "viewer_two"), (20, "viewer_one")],
    pasted=[],
    groups=[[(0, 3), (16, 60)], [(8, 10)], []],
    covered=None,
    out=True,
)
def test_lines_are_counted_once_in_the_group_and_the_quarter_that_they_are_in(
    module_database: Database,
    live: list[tuple[float, str]],
    pasted: list[tuple[float, str]],
    groups: list[list[tuple[float, float]]],
    covered: float | None,
    out: bool,
) -> None:
    with module_database.write() as conn:
        empty(conn)
        store(conn, [chat(at, who) for at, who in live] + [happening(999, "broadcastStart")])
        if covered is not None:
            cover(conn, 0, covered)
        store(conn, [chat(at, who) for at, who in pasted], kind=Kind.PASTE, page=1)
        store(conn, [chat(at, "viewer_one") for at in range(60)], kind=Kind.TESTBED, page=2)
        ids = people.ensure(conn, [*PEOPLE, ROOM], source="test", at=minute(0))
        without = [ids["viewer_one"]] if out else []
        found = lines_within.by_quarter(
            conn, [ids[ROOM]], [[_span(one) for one in group] for group in groups], without
        )
        counts = [*live, *((at, who) for at, who in pasted if covered is None or at >= covered)]
        assert [+one for one in found] == [
            Counter(
                to_ms(minute(at)) // QUARTER_MS * QUARTER_MS
                for at, who in counts
                if any(begin <= at < end for begin, end in group) and not (out and who == "viewer_one")
            )
            for group in groups
        ]
        assert line_counts.differences(conn) == 0


def _span(minutes: tuple[float, float]) -> tuple[datetime, datetime]:
    return minute(minutes[0]), minute(minutes[1])
