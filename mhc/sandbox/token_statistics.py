"""The file of the account's token statistics, as a person downloads it while logged in: no API has it."""

import csv
import io
from datetime import datetime
from typing import Final

from mhc.sandbox import reply
from mhc.sandbox.account import SITE_ZONE, Account
from mhc.sandbox.past import NOBODY
from mhc.sandbox.reply import Reply
from mhc.sandbox.story import Story

PATH: Final = "/tokens.csv"
_COLUMNS: Final = ("Timestamp", "Token change", "Token balance", "Transaction type", "User", "Note")
_TYPES: Final = {
    "tip": "Tip received",
    "hidden": "Tip received",
    "media": "Photos/videos sold",
    "club": "Fan club membership",
    "private": "Private show",
    "spied": "Spy on private show",
    "paid out": "Tokens cashed out",
}


def answer(story: Story) -> Reply:
    """Give the rows of the last thirty days, the newest first."""
    with story.now() as (ledger, account):
        return reply.text(200, _text(account, ledger.members), "text/csv; charset=utf-8")


def _text(account: Account, names: list[str]) -> str:
    """Write the rows; who tipped anonymously is not named, which the real file may do or not."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in reversed(account.entries):
        at = datetime.fromtimestamp(one.at, SITE_ZONE).replace(microsecond=one.place)
        user = "" if one.member == NOBODY or one.kind == "hidden" else names[one.member]
        stamp = f"{at:%Y-%m-%d %H:%M:%S.%f}"
        writer.writerow((stamp, one.tokens, one.balance, _TYPES[one.kind], user, ""))
    return out.getvalue()
