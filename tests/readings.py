"""What other sources said, as tests make it up: readings of a person, some days apart."""

import json
from typing import Any

from factories import minute
from mhc.store import people, snapshots
from mhc.store.database import Database
from mhc.store.snapshots import Asked, Reading

INFO, MODEL = "statbate.member_info", "statbate.model_info"
DAY = 24 * 60


def said(
    db: Database,
    who: str | None,
    *readings: tuple[float, dict[str, Any]],
    source: str = INFO,
    range: str = "",  # noqa: A002 - as the option is called
    subject: str = "",
) -> None:
    """Keep readings: (days of the story, figures)."""
    with db.write() as conn:
        number = None if who is None else people.ids_of(conn, [who])[who]
        for day, figures in readings:
            body = json.dumps({"as it came": figures}).encode()
            one = Reading(number, Asked(source, range, subject), minute(day * DAY), body, figures)
            assert snapshots.add(conn, [one]) == 1


def life(tokens: int | None, *models: str) -> dict[str, Any]:
    return {"did": 7, "all_time_tokens": tokens, "models_tipped_2weeks_list": list(models)}


def tell(db: Database) -> None:
    """Keep three readings of one viewer, of which the second said nothing new, and one of another."""
    said(db, "viewer_one", (0, life(100, "a_room")), (1, life(100, "a_room")), (2, life(130, "b_room")))
    said(db, "viewer_two", (2, life(5)))
