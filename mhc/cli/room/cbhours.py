"""`mhc room poll --source cbhours`: asks CBHours about rooms, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from mhc.cli import names as known_names
from mhc.cli.context import database, settings, utc_now
from mhc.cli.ending import ending
from mhc.cli.lookups import names as typed_names
from mhc.cli.lookups import past_instant, time_range, username
from mhc.cli.lookups import watchlist as find_list
from mhc.cli.output import Writer
from mhc.cli.telling import complain, say
from mhc.domain.counted import counted
from mhc.errors import DataError, Exit, MhcError, NotFoundError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mhc.clients.cbhours import CbhoursClient
    from mhc.jobs.cbhours import Asking

_OF_THE_FEED = {
    "live": "--live", "min_followers": "--min-followers", "min_viewers": "--min-viewers", "genders": "--gender",
    "tags": "--tag",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed; `asked` are the options of `mhc room poll` by name."""

    files: tuple[str, ...]
    read_at: str | None
    force: bool
    dry_run: bool
    asked: dict[str, Any]

    @property
    def is_past(self) -> bool:
        """Whether it is about what was seen before."""
        return bool(self.asked["backfill"])


def poll(ctx: click.Context, out: Writer, wish: Wish) -> int:
    """Ask, keep, print, and give the exit status: 3 where a room that was named is not known, 1 where others are."""
    from mhc.jobs.cbhours import Asking
    from mhc.jobs.pulling import Surroundings

    _refuse(wish)
    loaded = settings(ctx)
    at = past_instant(ctx, wish.read_at)
    with database(ctx) as db, ending() as end:
        with db.read() as conn:
            whom = _whom(ctx, conn, wish)
            since = time_range(ctx, conn, wish.asked["since"], None).start
        now = (lambda: at) if wish.files else utc_now
        around = Surroundings(db, loaded, now, end.stop, lambda text: say(ctx, text))
        asking = Asking(around, write=not wish.dry_run)
        failures = _loaded(wish, asking, whom, at) if wish.files else _asked(ctx, wish, asking, whom, since)
        if not wish.dry_run:
            known_names.refresh(db, loaded)
    return _tell(ctx, out, wish, asking, failures, len(whom)) if end.status is None else end.status


def _refuse(wish: Wish) -> None:
    """Raise UsageError for what has no meaning here."""
    asked = wish.asked
    wrong = [option for name, option in _OF_THE_FEED.items() if asked[name] not in {None, False, ()}]
    if wish.force:
        wrong.append("--force")
    if wrong:
        hint = "CBHours is asked by name: ROOM or --list"
        raise UsageError(f"{wrong[0]} is of the feed of rooms", hint=hint)
    if wish.read_at is not None and not wish.files:
        raise UsageError("--at is of --load", hint="CBHours is asked now")
    if not wish.is_past and (asked["since"] is not None or asked["offset"]):
        raise UsageError("--since and --tzo are of --backfill")
    if asked["offset"] and not wish.files:
        raise UsageError("--tzo is of --load", hint="mhc asks for the times of UTC")


def _whom(ctx: click.Context, conn: "Connection", wish: Wish) -> list[str]:
    """Give whom to ask about: the named, by the names they go by now, who is on a list, else who is tracked."""
    from mhc.store import people, room_names

    found: dict[str, None] = {}
    for text in typed_names(wish.asked["names"]):
        name = username(text)
        one = people.find(conn, name)
        found.setdefault(one[0].username if len(one) == 1 else name)
    ids = [find_list(conn, name).id for name in wish.asked["lists"]]
    if ids:
        found.update(dict.fromkeys(sorted(room_names.on_lists(conn, ids))))
    elif not found and not wish.files:
        own = [room.name for room in settings(ctx).rooms]
        found.update(dict.fromkeys(sorted(room_names.tracked(conn, own))))
    return list(found)


def _asked(
    ctx: click.Context, wish: Wish, asking: "Asking", whom: Sequence[str], since: datetime | None
) -> list[MhcError]:
    """Ask CBHours; give what failed. What came before is kept."""
    from mhc.clients.failures import UpstreamError
    from mhc.clients.pacing import PacedError

    with asking.client() as client:
        if wish.is_past:
            return _past(ctx, wish, asking, client, whom, since)
        try:
            asking.live(client, whom)
        except (UpstreamError, PacedError) as error:
            return [error]
    return []


def _past(
    ctx: click.Context,
    wish: Wish,
    asking: "Asking",
    client: "CbhoursClient",
    whom: Sequence[str],
    since: datetime | None,
) -> list[MhcError]:
    from mhc.clients.failures import NotKnownError
    from mhc.jobs.cbhours import kept_from, latest

    now, failures = utc_now(), list[MhcError]()
    oldest = kept_from(settings(ctx), now)
    first = latest(None if since is None else since.date(), oldest)
    for name in whom:
        try:
            if wish.dry_run:
                asking.months(client, name)
            else:
                asking.past(client, name, first, now.date())
        except NotKnownError:
            continue  # it stands among those who are not known
        except DataError as error:
            failures.append(error)
        except MhcError as error:  # the others would fail alike
            return [*failures, error]
    return failures


def _loaded(wish: Wish, asking: "Asking", whom: Sequence[str], at: datetime) -> list[MhcError]:
    """Take saved answers for those of CBHours."""
    from mhc.cli.room.polling import bodies
    from mhc.clients import cbhours
    from mhc.clients.failures import NotKnownError
    from mhc.jobs.aside import read_aside

    for body in bodies(wish.files):
        answer = read_aside(body)
        if not wish.is_past:
            asking.ask_live(whom, partial(cbhours.read_live, answer, whom or None, now=at.timestamp()))
            continue
        about = whom[0] if len(whom) == 1 else "the room"
        read = partial(
            cbhours.read_activity, answer, about=about, offset=wish.asked["offset"], now=at.timestamp()
        )
        name = whom[0] if len(whom) == 1 else read().username
        if name is None or len(whom) > 1:
            raise UsageError("whose activity is it?", hint="name one ROOM")
        try:
            asking.ask_past(name, read)
        except NotKnownError:
            continue
    return []


def _tell(
    ctx: click.Context, out: Writer, wish: Wish, asking: "Asking", failures: list[MhcError], number: int
) -> int:
    """Print what came, say what did not, and give the exit status."""
    from mhc.cli.room.polling import POLLED

    told = asking.told
    named = {username(text) for text in wish.asked["names"] if text != "-"}
    failures += [
        NotFoundError(f"CBHours does not know {name}", hint=_TROPHY) for name in told.unknown if name in named
    ]
    failures += [DataError(f"CBHours says nothing about {name}") for name in told.silent]
    came = told.online + told.offline + len(told.past)
    if len(failures) == 1 and not came and number <= 1:
        raise failures[0]
    row = {
        "at": told.at, "rooms": came, "listed": told.asked or number, "complete": not failures, "pages": told.requests,
        "scope": "some", "kept": told.kept + len(told.past), "source": "cbhours", "unknown": told.unknown,
        "new_people": None if wish.dry_run else told.new_people, "new_texts": None if wish.dry_run else told.new_texts,
        "again": told.again, "problems": told.problems, "readings": told.segments if wish.is_past else None,
        "months": [f"{one:%Y-%m}" for one in sorted(told.months)],
    }  # fmt: skip
    out.record(POLLED, row)
    if told.problems:
        said = counted(
            len(told.problems), "value did not fit, and was left out", "values did not fit, and were left out"
        )
        out.warn(f"{said}: {told.problems[0]}")
    if wish.dry_run:
        out.message("nothing was kept: this says what would be")
    elif not number and not wish.files:
        out.message("nobody is tracked: mhc room poll ROOM --source cbhours")
    for error in failures:
        complain(ctx, error)
    if failures and not came:
        return max(error.status for error in failures)
    return Exit.PARTIAL if failures else Exit.OK


_TROPHY = "its trophy or calendar in the bio, and one search as STUDIO there, put a room into its database"
