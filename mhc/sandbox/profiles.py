"""The site's public profiles: `/api/biocontext/NAME/` of the sandbox, for the rooms that it has."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from mhc.sandbox import reply, rooms
from mhc.sandbox.account import SITE_ZONE
from mhc.sandbox.limits import Limit
from mhc.sandbox.models import COUPLE, FEMALE, MALE, TRANS
from mhc.sandbox.people import dice
from mhc.sandbox.reply import Reply
from mhc.sandbox.rooms import Known
from mhc.sandbox.story import Story

PROFILES: Final = "/api/biocontext/"
# Rooms that the site does not show: one to this address only.
GONE: Final = {"deleted_room": "Room is deleted", "banned_room": "This room has been banned"}
KEPT_OUT: Final = "invented_attic"
_MOST, _SECONDS = 25, 60
_SEX: Final = {MALE: "a man", FEMALE: "a woman", TRANS: "a trans woman", COUPLE: "a couple"}
_PLACES: Final = ("Somewhere nice", "By the sea", "Île-de-France", "The attic", "")
_MONTHS: Final = (
    "Jan.",
    "Feb.",
    "March",
    "April",
    "May",
    "June",
    "July",
    "Aug.",
    "Sept.",
    "Oct.",
    "Nov.",
    "Dec.",
)
_REGION: Final = "This room is not available to your region or gender."


def said_with(status: int) -> Reply:
    """Give what the site says with a status."""
    if status == 401:
        return _refusal(_REGION, "access-denied")
    return reply.NOT_FOUND if status == 404 else reply.text(status, "Too Many Requests", reply.HTML)


def _refusal(detail: str, code: str) -> Reply:
    return reply.envelope(401, {"status": 401, "detail": detail, "code": code})


class ProfilesApi:
    """Answers to anybody, 25 times a minute."""

    def __init__(
        self, story: Story, *, seed: int, number: int, speed: float, clock: Callable[[], float]
    ) -> None:
        self._story, self._seed, self._number = story, seed, number
        self._limit = Limit(_MOST, _SECONDS, speed, clock)

    def answer(self, path: str) -> Reply:
        """Give the answer to a GET."""
        name = path.removeprefix(PROFILES).removesuffix("/").lower()
        if self._limit.wait("anybody"):
            return said_with(429)
        if name in GONE:
            return _refusal(GONE[name], "unauthorized")
        if name == KEPT_OUT:
            return said_with(401)
        with self._story.now() as (ledger, account):
            found = rooms.known(ledger, account, self._seed, self._number, name)
            if found is None or not path.endswith("/"):
                return reply.NOT_FOUND
            return reply.envelope(200, profile(name, found, ledger.now, self._seed))


def profile(name: str, room: Known, now: int, seed: int) -> dict[str, Any]:
    """Give a profile as it is at a second; what it says of itself changes with the months."""
    month = datetime.fromtimestamp(now, UTC)
    rng = dice(seed, "profile", name)
    born = f"{rng.choice(_MONTHS)} {rng.randint(1, 28)}, {month.year - room.age}" if room.age else ""
    anew = dice(seed, "profile", name, f"{month:%Y-%m}")
    price = anew.choice((0, 0, 150, 200, 250))
    link = "/external_link/?url=" + quote(f"https://{name.replace('_', '-')}.example/", safe="")
    return {
        "follower_count": room.followers,
        "location": anew.choice(_PLACES),
        "real_name": "Made Up",
        "body_decorations": "none",
        "last_broadcast": -1 if room.last is None else _site_time(room.last),
        "time_since_last_broadcast": "" if room.live else "some time ago",
        "smoke_drink": "no",
        "body_type": "average",
        "display_birthday": born,
        "display_age": room.age,
        "about_me": f"<p>All about <b>{', '.join(room.tags) or 'me'}</b>.<br>Come by &amp; say hello!</p>",
        "wish_list": anew.choice(("", "<p>A green lamp</p>", "<p>Socks</p>")),
        "fan_club_cost": price,
        "performer_has_fanclub": price > 0,
        "fan_club_is_member": False,
        "fan_club_join_url": f"/fanclub/join/{name}/" if price else "",
        "needs_supporter_to_pm": False,
        "interested_in": ["Women", "Men"],
        "sex": _SEX[room.gender],
        "subgender": "tf" if room.gender == TRANS else "",
        "room_status": room.live.show if room.live else "offline",
        "languages": "English",
        "is_broadcaster_or_staff": False,
        "photo_sets": [_photo_set(number) for number in range(anew.randint(0, 2))],
        "social_medias": [_social("Website", link, 0), _social("Club", "", 50)],
    }


def _site_time(at: int) -> str:
    return f"{datetime.fromtimestamp(at, SITE_ZONE):%Y-%m-%dT%H:%M:%S}.000"


def _photo_set(number: int) -> dict[str, Any]:
    return {
        "id": 1000 + number, "name": f"Set {number + 1}", "cover_url": "", "tokens": 99 * number,
        "is_video": bool(number), "video_has_sound": False, "user_can_access": not number, "user_has_purchased": False,
        "fan_club_only": False, "label_text": "", "label_color": "", "video_ready": True, "fan_club_unlock": False,
        "photo_count": 12, "num_videos": number, "video_duration_in_seconds": 60 * number,
    }  # fmt: skip


def _social(title: str, link: str, tokens: int) -> dict[str, Any]:
    return {
        "id": sum(map(ord, title)), "title_name": title, "image_url": "", "link": link, "popup_link": "",
        "tokens": tokens, "purchased": False, "label_text": "", "label_color": "", "is_free": not tokens,
    }  # fmt: skip
