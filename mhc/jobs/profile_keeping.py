"""What a profile changes: its fields, by their history, and the links that it brings. What a person typed stays."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from mhc.clients.biocontext import Fetched
from mhc.domain.profiles import links_of, values_of
from mhc.jobs.questions import BIO_PAGE, PROFILE, ROOM_PAGE
from mhc.store import links, people, profiles

if TYPE_CHECKING:
    from sqlalchemy import Connection

# As the history of fields and links names them.
SOURCES: Final = {PROFILE: "biocontext", ROOM_PAGE: "room page", BIO_PAGE: "bio page"}


def keep_profile(
    conn: "Connection", person_id: int, question_source: str, fetched: Fetched, at: datetime
) -> None:
    """Keep what a profile says of a room, which is the row of its name: of merged people each has a profile."""
    source = SOURCES[question_source]
    values = values_of(fetched.profile, fetched.said)
    if question_source == PROFILE:
        values["kept_out"] = None
    profiles.note(conn, person_id, values, source=source, at=at)
    if "social_medias" in fetched.said:
        found = links_of(fetched.profile)
        root = people.root_of(conn, person_id)
        for kind, url in found:
            links.add(conn, root, kind, url, source=source, at=at, row_id=person_id)
        links.retire(conn, person_id, source=source, urls=[url for _, url in found], at=at)


def note_kept_out(conn: "Connection", name: str, at: datetime) -> None:
    """Keep that the site does not show somebody's room to this address, where they are known."""
    who = people.ids_of(conn, [name]).get(name)
    if who is not None:
        profiles.note(conn, who, {"kept_out": "true"}, source=SOURCES[PROFILE], at=at)
