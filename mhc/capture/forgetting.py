"""Forgetting a person, step by step: whoever is stopped on the way begins again, and ends the same."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Final

from mhc.capture import forgetting_files
from mhc.domain.erasing import digest
from mhc.errors import TryLaterError
from mhc.store import (
    erasures,
    erasures_kept,
    forgetting,
    forgetting_space,
    forgetting_texts,
    transfer_erasures,
)
from mhc.store.database import Database
from mhc.store.forgetting import NOBODY, Subject

HEIR = "forgotten_"  # what the name of who has the amounts begins with


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for."""

    name: str  # any name of theirs
    at: datetime
    keep_amounts: bool = False
    block: bool = False
    rooms: Sequence[str] = ()  # our own, which nobody forgets


@dataclass(slots=True)
class Forgetting:
    """One person's end, and what came of it so far."""

    db: Database
    state_dir: Path
    gap: timedelta  # the pause that parts sessions
    wish: Wish
    refresh_names: Callable[[], None] = lambda: None
    subject: Subject = NOBODY
    heir: str | None = None
    gone: Counter[str] = field(default_factory=Counter)  # rows by table
    replaced: Counter[str] = field(
        default_factory=Counter
    )  # texts by table in which a word stands for the name
    busy: list[Path] = field(default_factory=list)  # spools that a listener has

    def note(self) -> None:
        """Note whose names are to be forgotten, before anything of them is touched; from now on none of it comes in."""
        with self.db.write() as conn:
            key = erasures.need_key(conn)
            known = erasures.rows(conn).get(digest(key, self.wish.name))
            stopped = known if known is not None and known.done_at is None else None
            self.subject = forgetting.find(conn, self.wish.name, before=stopped.at if stopped else None)
            forgetting.refuse_rooms(conn, self.subject, self.wish.rooms)
            self.heir = stopped.heir if stopped else None
            at = stopped.at if stopped and not self.subject.ids else self.wish.at
            if self.heir is None and self.wish.keep_amounts and self.subject.ids:
                self.heir = f"{HEIR}{token_hex(4)}"
            heir_id = None if self.heir is None else erasures.heir(conn, self.heir, at)
            names = self.subject.names or (self.wish.name,)
            erasures.begin(conn, names, at=at, blocked=self.wish.block, heir_id=heir_id)
            self.gone.update(forgetting.counts(conn, self.subject))
            known_now = erasures.rows(conn)
        erasures_kept.save(self.state_dir, self.db, known_now)

    def spools(self) -> None:
        """Clean the pages that wait for the database."""
        for path, changed in forgetting_files.clean_spools(self.state_dir, self.subject, self.heir):
            if changed is None:
                self.busy.append(path)
            elif changed:
                self.gone["spool"] += changed

    def files(self) -> None:
        """Clean the crash files, and the answers that were kept."""
        if changed := forgetting_files.clean_crashes(self.state_dir, self.subject):
            self.replaced["crash files"] += changed
        if changed := forgetting_files.clean_answers(self.state_dir, self.subject):
            self.replaced["answers"] += changed

    def texts(self) -> None:
        """Put a word in the place of the name in what others said, and in what was typed about others."""
        self.replaced.update(forgetting_texts.replace(self.db, self.subject, write=True))

    def rows(self) -> None:
        """End the person's rows, and derive anew what followed from them."""
        with self.db.write() as conn:
            if self.subject.ids:  # somebody may have been merged with them since
                self.subject = forgetting.find(conn, self.wish.name)
            forgetting.erase(conn, self.subject, self.heir, self.gap)

    def names(self) -> None:
        """Take the names out of what a shell completes."""
        self.refresh_names()

    def space(self) -> None:
        """Give up the space of what was deleted."""
        forgetting_space.free(self.db)

    def done(self) -> None:
        """Note that it is done. Raises TryLaterError where a listener still brings in what was spooled."""
        if self.busy:
            raise TryLaterError(
                f"a listener has {self.busy[0]}: what is in it comes in without the name, and is removed then",
                hint="run it again when `mhc status` shows no spooled pages",
            )
        with self.db.write() as conn:
            forgetting.settle(conn, self.wish.name, self.wish.at)


STEPS: Final[tuple[Callable[[Forgetting], None], ...]] = (
    Forgetting.note,
    Forgetting.spools,
    Forgetting.files,
    Forgetting.texts,
    Forgetting.rows,
    Forgetting.names,
    Forgetting.space,
    Forgetting.done,
)


_LAST = (Forgetting.names, Forgetting.space, Forgetting.done)


def run(job: Forgetting, steps: Sequence[Callable[[Forgetting], None]] = STEPS) -> None:
    """Do the steps in order."""
    for step in steps:
        step(job)


def again(db: Database, state_dir: Path, gap: timedelta, known: erasures_kept.Kept, at: datetime) -> int:
    """Forget again whom a database that was restored still has; give how many names that were.

    `known` are the erasures of the one that it replaced.
    """
    with db.write() as conn:
        erasures_kept.take_over(conn, known, at)
        names = transfer_erasures.settle(conn, at)
    jobs = [Forgetting(db, state_dir, gap, Wish(name, at)) for name in names]
    for job in jobs:
        run(job, [step for step in STEPS if step not in _LAST])
    if jobs:
        forgetting_space.free(db)
    for job in jobs:
        job.done()
    return len(jobs)


def preview(job: Forgetting) -> None:
    """Count what there is to forget. Writes nothing."""
    with job.db.read() as conn:
        job.subject = forgetting.find(conn, job.wish.name)
        forgetting.refuse_rooms(conn, job.subject, job.wish.rooms)
        job.gone.update(forgetting.counts(conn, job.subject))
    job.replaced.update(forgetting_texts.replace(job.db, job.subject, write=False))
