"""One question to the feed, to see whether it answers: nothing is kept and nothing moves."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from mhc.capture.classify import Class, Outcome, of_answer, of_failure
from mhc.clients.events import EventsClient
from mhc.clients.http import Answer, TransportError


@dataclass(frozen=True, slots=True)
class Probe:
    """What an API host said, and when by which clock."""

    outcome: Outcome
    asked_at: datetime  # by our clock, in the middle of asking
    doubt: timedelta  # how far their look at the clock may be from that
    their_time: datetime | None  # the answer's Date

    @property
    def reached(self) -> bool:
        """Whether a trusted connection brought an answer."""
        return self.outcome.kind not in {Class.NETWORK, Class.TLS}


def ask(base_url: str, room: str, token: str) -> Probe:
    """Poll once from the base URL, without waiting for events."""
    client = EventsClient(base_url, room, token, timeout=0)
    before = datetime.now(UTC)
    answer: Answer | None = None
    try:
        answer = client.poll(None)
        outcome = of_answer(answer, client, None, datetime.now(UTC))
    except TransportError as error:
        outcome = of_failure(error)
    finally:
        client.close()
    half = (datetime.now(UTC) - before) / 2
    theirs = None if answer is None else _date(answer)
    return Probe(outcome, before + half, half + timedelta(seconds=1), theirs)


def _date(answer: Answer) -> datetime | None:
    """Read the header, which is cut to a whole second."""
    try:
        at = parsedate_to_datetime(answer.headers.get("date", ""))
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
