"""Where the reading of a room stands: what is kept in memory is what the database gives."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.broadcasts import ACTIVITY, START, STOP, Broadcast, Mark, RoomState, fold
from mhc.store import room_states

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
MARKS = st.lists(
    st.tuples(
        st.integers(0, 3_600_000),
        st.sampled_from(sorted({START, STOP, "userEnter", *ACTIVITY})),
        st.none() | st.integers(1, 4),
    ),
    min_size=1,
    max_size=12,
)


def _folded(steps: list[tuple[int, str, int | None]]) -> RoomState:
    at, marks = BEGIN, []
    for ms, method, person in steps:
        at += timedelta(milliseconds=ms)
        marks.append(Mark(at, method, person))
    return fold(RoomState(), marks, timedelta(minutes=30))[0]


@given(MARKS)
def test_a_state_is_read_as_it_was_written_from_memory_and_from_the_database(
    steps: list[tuple[int, str, int | None]],
) -> None:
    state = _folded(steps)
    _bulk, ((_room, _at, text),) = room_states.saving(1, state)

    assert room_states.read(text) == state, "as it was just written"
    assert room_states.read(text) == state, "as another process reads it"


def test_a_state_is_read_that_knew_of_no_silence() -> None:
    said = '{"active_at":null,"last_at":1772323500000,"open":{"start_inferred":false,"started_at":1772323200000},'
    state = room_states.read(said + '"run":null,"stopped_at":null}')
    assert state == RoomState(BEGIN + timedelta(minutes=5), Broadcast(BEGIN))
    assert fold(state, [Mark(BEGIN + timedelta(minutes=60), STOP, None)])[1] == [
        Broadcast(BEGIN, BEGIN + timedelta(minutes=60))
    ]


def test_what_was_written_for_rooms_that_nobody_reads_again_does_not_pile_up() -> None:
    for step in range(1, 1000):
        room_states.saving(1, _folded([(step, "tip", 1)]))

    assert len(room_states._written) <= 64
