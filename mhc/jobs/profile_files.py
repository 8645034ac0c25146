"""Profiles in files: the JSON of the site, or a page of it that was saved in a browser."""

from datetime import tzinfo

from mhc.clients import biocontext
from mhc.clients.biocontext import Fetched
from mhc.clients.http import Answer
from mhc.domain.profile_pages import PageError, is_room_page, read_bio_page, read_room_page
from mhc.errors import DataError
from mhc.jobs.aside import read_aside
from mhc.jobs.questions import BIO_PAGE, PROFILE, ROOM_PAGE


def source_of(body: bytes) -> str:
    """Say what a file is: PROFILE, ROOM_PAGE or BIO_PAGE. Raises DataError where it is none of them."""
    answer = read_aside(body)
    if answer.status != 200 or answer.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return PROFILE
    page = answer.body.decode(errors="replace")
    if is_room_page(page):
        return ROOM_PAGE
    try:
        read_bio_page(page)
    except PageError as error:
        hint = "save the page of the room, or its bio, as HTML"
        raise DataError(f"the file {error}", hint=hint) from None
    return BIO_PAGE


def read(answer: Answer, name: str, zone: tzinfo) -> Fetched:
    """Read a file as somebody's profile. Raises UpstreamError, and DataError where it is another's."""
    if answer.status != 200 or answer.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return biocontext.read(answer, about=name, zone=zone)
    page = answer.body.decode(errors="replace")
    try:
        owner, found = read_room_page(page) if is_room_page(page) else read_bio_page(page)
    except PageError as error:
        raise DataError(f"the file {error}") from None
    if owner not in {None, name}:
        raise DataError(f"the page is that of {owner}, not of {name}")
    return biocontext.read_object(found, zone=zone, markup=False)
