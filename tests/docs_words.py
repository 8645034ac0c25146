"""What the documentation says of things that have no help text of their own. What is missing here, `make docs` names."""

from mhc.cli.snapshot import showing
from mhc.errors import Exit
from mhc.reports import card, digest_parts, elsewhere, frame, one_session, regulars, remembered, room_history
from mhc.store import coverage

# Status → (what it means, what to do).
EXITS = {
    Exit.OK: (
        "Done. An empty list and nothing to do are done, too; so is a `listen` that SIGTERM ended.",
        "Nothing.",
    ),
    Exit.PARTIAL: (
        "Part of a batch failed, or a question was answered with no.",
        "Read stderr: each part that failed has its line.",
    ),
    Exit.USAGE: ("The words of the call are wrong.", "The hint names the help to read."),
    Exit.NOT_FOUND: (
        "The named person, session, list or event is not there.",
        "The hint gives near names, where there are some.",
    ),
    Exit.CHECK: ("A check says no.", "What was found stands on stdout."),
    Exit.DATA: ("Data does not fit: a file, or an upstream's answer.", "Mend the data."),
    Exit.UNAVAILABLE: ("The database or an upstream cannot be reached.", "Try again when it is there."),
    Exit.BUG: ("A bug in mhc.", "The message names a crash file; `--debug` shows the traceback."),
    Exit.OUTPUT: ("A disk or an output failed.", "Make room on the disk."),
    Exit.TRY_LATER: (
        "Something else holds what is needed: another listener, a session that is live, a busy database.",
        "Try later. For a timer or a cron job this is no failure.",
    ),
    Exit.ACCESS: (
        "A token is missing or was refused, or a file may not be read.",
        "Set a token with the right scope; restarting does not help.",
    ),
    Exit.CONFIG: (
        "The configuration is wrong, others can read a secret in it, or the schema is older or newer than mhc.",
        "Every problem is named; an old schema wants `mhc db upgrade`, a newer one a newer mhc.",
    ),
    Exit.INTERRUPTED: ("Ctrl-C, in `listen` too.", "Nothing: what was committed is kept."),
    Exit.CLOSED_PIPE: (
        "The reader of stdout went away, as in `mhc event list | head -1`.",
        "Nothing; in a shell with `pipefail`, expect it.",
    ),
    Exit.TERMINATED: ("SIGTERM, anywhere but in `listen`.", "Nothing."),
}

# Table → what one row is.
TABLES = {
    "schema_compat": "One row: the compatibility number. A program refuses a database whose number exceeds its own.",
    "person": "A name on the platform, and who bears it: a viewer, a model, or both. A merge keeps the rows and names a root.",
    "person_merge": "One merge of two people, and whether it was undone. The truth of merging.",
    "alias": "A name that a person has or had. One open row for each name; look-ups go through here.",
    "stream": "One room's feed at one API host: how far it was read, and who holds the lease.",
    "event_method": "The API's names of event kinds, numbered. A number is given once.",
    "event": "What happened, as it was received. Only `[retention]` and `mhc person forget` take anything away.",
    "rejected_event": "What came in the feed and could not become an event, once for each content.",
    "capture_gap": "A time for which events are, or may be, missing. One row an incident.",
    "capture_coverage": "A time that was captured without a break.",
    "stream_session": "What the owner calls a stream: one or more broadcasts with short breaks, or started by hand.",
    "broadcast": "One `broadcastStart` to its `broadcastStop`, or what shows that there was one. Derived.",
    "visit": "One stay of one person in one room. Derived.",
    "room_state": "Where the derivation of a room stands. Derived itself.",
    "person_total": "What one person did in one room, summed up, so that sorting people scans no events. Derived.",
    "payment_quarter": "The payments of a room in a quarter of an hour, packed, so that a report of years reads thousands of rows. Derived.",
    "room_quarter": "How many public lines a room had in a quarter of an hour, so that nobody counts them. Derived.",
    "watchlist": "A list of people. Five come with mhc; who is on `Excluded` is left out of figures.",
    "watchlist_member": "That a person is, or was, on a list.",
    "note": "What was written about a person. Never derived.",
    "note_word": "A word of a note, folded: what `note search` looks in.",
    "message_word": "A word of a message, where `[search] messages` asks for it. Derived.",
    "attribute_key": "An attribute that the owner defined. Some are known without.",
    "attribute": "One value of one attribute of a person. A changed value ends one row and begins another.",
    "relationship": "How a person relates to the owner: the state now.",
    "relationship_change": "One change of one field of a relationship.",
    "pair": "That two people belong together. Stored once, read from both sides.",
    "link": "Where else a person is to be found.",
    "tip_menu": "One item of a room's tip menu, and when it stood there.",
    "profile_change": "One change of one field of a public profile. The last one of each field is what stands there.",
    "ledger_entry": "One row of the site's token statistics.",
    "session_note": "A note on a session: on the one that was on at its time.",
    "follow_change": "That somebody began, or ceased, to follow. Those of the source `events` are derived.",
    "rating_change": "One rating of a person; the last one holds.",
    "person_name": "A name that is no username: private, identity, or a form of address.",
    "import_batch": "One import that was saved.",
    "erasure": "That a person was forgotten, so that an import, a replay or a restore forgets them again.",
    "alert_sent": "When a rule of `[alerts]` last told of a person, or of what nobody is named in: its cool-down.",
    "job_run": "One run of a job.",
    "job_switch": "Whether a job may run, over what the configuration says.",
    "payload": "What a source said, once, however often it said so again.",
    "snapshot_source": "What a source was asked. Figures of two of these are never compared.",
    "snapshot": "One reading: what a source said at a time. Never changed.",
    "room_text": "What a room wrote about itself, once, however often it was read.",
    "room_poll": "One reading of the feed of rooms: how much of it came, and how much was kept.",
    "observation": "One reading of one room, at the time of a `room_poll`. Never changed.",
    "room_latest": "What is known last of each room. Derived.",
    "lookup_miss": "Whom a source does not know, and when it is asked again.",
}

# Column → what its name does not say.
COLUMNS = {
    "payment_quarter.records": "twelve bytes each, little-endian: milliseconds in the quarter, doubled, and 1 for a tip; the row of who paid (0: nobody knows), its bits inverted where they hid their name; tokens",
    "person.username": "current, lower case",
    "person.role": "viewer, model, both or unknown: from evidence, unless set by hand",
    "person.rid": "the platform's number of the room",
    "person.did": "the platform's number of the person",
    "person.canonical_id": "the root of a merged person; null for a root",
    "person.rating": "1 to 5; null is not rated",
    "alias.valid_from": "null: nobody knows",
    "alias.valid_to": "null: they go by it now",
    "stream.kind": "live, testbed, paste or import",
    "stream.lock_name": "names the operating system's lock of the stream",
    "stream.cursor": "the place in the feed, as the API gave it, without the token",
    "stream.served_age_max": "ms: the oldest event that the API gave after an outage",
    "stream.epoch": "how often the lease was taken",
    "stream.owner": "who holds the lease",
    "event.id_ms": "from the API's id `<id_ms>-<id_seq>`: when it happened; 0 where the id does not say",
    "event.source_id": "empty, or the whole id where it has another form",
    "event.at": "when it happened, else when it was received; 1970 for a pasted line of unknown time",
    "event.room_id": "null: outside any room",
    "event.actor_id": "null: nobody is named",
    "event.partner_id": "the other side of a private message",
    "event.tokens": "null: nothing was paid, or the amount is unreadable",
    "event.flags": "1 anonymous tip, 2 guest, 4 id made by mhc, 8 pasted line that counts in no figure, 16 emptied by the retention policy",
    "event.text": "cleaned copy of message, note, subject or title",
    "event.raw": "what was received, packed, without the token",
    "rejected_event.hash": "of what was received",
    "rejected_event.body": "its first 64 KiB; empty where the retention policy took it",
    "rejected_event.count": "how often it came",
    "capture_gap.from_at": "null: nothing is known before",
    "capture_gap.certainty": "certain or possible",
    "stream_session.origin": "manual, events or observed",
    "stream_session.ended_at": "null: live",
    "broadcast.start_inferred": "no `broadcastStart` was seen",
    "broadcast.end_inferred": "no `broadcastStop` was seen",
    "visit.entered_at": "null: not seen",
    "visit.left_at": "null: not seen",
    "visit.ending": "open, left, inferred or unknown",
    "person_total.tokens": "tips and media, without anonymous tips",
    "person_total.anonymous_tokens": "counted only with `--reveal`",
    "person_total.private_received": "from them to the room's owner",
    "person_total.private_sent": "from the room's owner to them",
    "person_total.private_outside": "of both, those that name no room",
    "person_total.last_tip_at": "by name, at a known time",
    "person_total.tip_months": "in which they did, a bit for each thirty days, the same again after 63 of them",
    "person_total.last_anonymous_at": "an anonymous tip, shown only with `--reveal`",
    "person_total.anonymous_months": "as `tip_months`",
    "watchlist_member.removed_at": "null: on it now",
    "alert_sent.person_id": "the person behind every alias and merge; null: nobody is named",
    "payload.hash": "SHA-256 of body and metrics",
    "payload.body": "its JSON as it came, packed",
    "payload.metrics": "JSON: the figures that were read from it",
    "snapshot_source.source": "`statbate.OPERATION`, `stats`, `apistats`, `cbhours` or `profile`, `profile.room_page`, `profile.bio_page`",
    "snapshot_source.subject": "whom the question names beside the person; empty: nobody",
    "snapshot_source.range": "empty: of a whole life",
    "snapshot.person_id": "null: about nobody, as a ranking",
    "snapshot.payload_id": "the row of payload",
    "room_text.hash": "of subject and tags; of the row's number where a name was taken out",
    "room_text.subject": "null: none",
    "room_text.tags": "JSON list",
    "room_poll.source": "1 the feed of rooms, 2 CBHours",
    "room_poll.rooms": "that came, each once",
    "room_poll.listed": "that there were, as the source says",
    "room_poll.scope": "all, tracked, or some: which of them were to be kept; segments: no poll, but readings of the past",
    "room_poll.complete": "whether a room that was to be kept and is missing was offline",
    "observation.text_id": "the row of room_text; null: not said",
    "observation.seconds_online": "since the broadcast began",
    "observation.rank": "null: the source has none",
    "observation.source": "as in room_poll",
    "observation.show": "1 public, 2 private, 3 group, 4 away, 5 hidden, 6 offline; null: not said",
    "observation.flags": "1 new, 2 HD; 4 female, 8 male, 12 trans, 16 couple",
    "room_latest.first_at": "of all readings, those included that the retention policy took",
    "room_latest.text_id": "of the last reading that had one",
    "lookup_miss.times": "how often in a row",
    "watchlist_member.removal_note": "why they were taken off",
    "note.edited_at": "null: as it was written first",
    "attribute.evidence": "event, snapshot, note or manual, and which: `event:123-0`",
    "attribute.unset_at": "null: holds now",
    "relationship.roles": "JSON list of dom, sub, friend, custom",
    "relationship.label": "the own word for custom",
    "relationship.traits": "JSON list",
    "relationship_change.before": "JSON; null: nothing",
    "relationship_change.after": "JSON; null: nothing",
    "relationship_change.by": "manual, or import",
    "pair.kind": "collaborator or alternate",
    "link.source": "manual, or what gave it",
    "tip_menu.to_at": "null: stands there now",
    "profile_change.field": "as the site's JSON calls it; `gone`: the room is, `kept_out`: it is not shown to this address",
    "profile_change.source": "biocontext (the site's JSON), room page or bio page",
    "profile_change.value": "null: taken away",
    "ledger_entry.stamp": "the time as it stands in the file, without a zone",
    "ledger_entry.at": "the time in UTC, by the zone that was given",
    "ledger_entry.change": "tokens; less than 0 where they went out",
    "ledger_entry.balance": "tokens after it",
    "ledger_entry.kind": "the site's word for it",
    "ledger_entry.username": "the other side; empty where nobody is named",
    "follow_change.direction": "follower: of the room; following: whom the room's owner follows",
    "follow_change.is_last": "whether it is the last change of its room, person and direction",
    "follow_change.state": "yes, no or unknown",
    "rating_change.rating": "null: no longer rated",
    "person_name.kind": "private, identity or address",
    "import_batch.kind": "chat, pm, tips, tipmenu, people, follows or tokens",
    "import_batch.name": "the file's name, or - for stdin",
    "import_batch.hash": "SHA-256 of what was read",
    "import_batch.counts": "JSON",
    "erasure.hash": "keyed, of the name",
    "erasure.blocked": "whether later events of that name are left out, too",
    "erasure.person_id": "who has the amounts, under a random name; null: they are gone",
    "erasure.done_at": "null: not finished",
    "note.category": "notes, pm, dm, public_chat, tips or tip_menu",
    "note.happened_at": "null: nobody said",
}

# Command and field → what stands in it, and whether in a list; each field of the class has its sentence below.
NESTED = {
    ("person show", "aliases"): (card.Name, True),
    ("person show", "notes"): (card.Remark, True),
    ("person show", "here"): (card.Here, False),
    ("person show", "relationship"): (remembered.Relationship, False),
    ("person show", "attributes"): (remembered.Attribute, True),
    ("person show", "links"): (remembered.Link, True),
    ("person show", "names"): (remembered.GivenName, True),
    ("person show", "pairs"): (remembered.Pair, True),
    ("person show", "last_lines"): (card.Said, True),
    ("person show", "elsewhere"): (elsewhere.Elsewhere, True),
    ("person show", "changes"): (elsewhere.Changed, True),
    ("snapshot show", "metrics"): (showing.Figure, True),
    ("person show", "own_room"): (room_history.RoomNow, False),
    ("session show", "top_tippers"): (one_session.Tipper, True),
    ("session show", "notes"): (one_session.Note, True),
    ("report digest", "coverage"): (frame.Covered, False),
    ("report digest", "session"): (digest_parts.Head, False),
    ("report digest", "returned"): (regulars.Regular, True),
    ("report digest", "missing"): (regulars.Regular, True),
    ("report digest", "big_tippers"): (digest_parts.BigTipper, True),
    ("report digest", "first_tips"): (digest_parts.FirstTip, True),
    ("report digest", "renames"): (digest_parts.Rename, True),
    ("report digest", "added"): (digest_parts.Listed, True),
    ("report digest", "removed"): (digest_parts.Listed, True),
    ("report digest", "came"): (digest_parts.Came, True),
    ("report digest", "followers"): (digest_parts.Followers, False),
    ("report digest", "failed_jobs"): (digest_parts.FailedJob, True),
    ("report digest", "gaps"): (coverage.Gap, True),
}
# Of these there is nothing on the database of tests/seed.py: it would take weeks of shows.
RARE = {("report digest", name) for name in ("returned", "missing", "renames", "removed")}
NESTED_HELP = {
    "Tipper": {
        "username": "Who; null is everyone who paid anonymously.",
        "tokens": "Tokens: tips and media.",
        "tips": "Number of tips.",
    },
    "Note": {
        "id": "The note's number.",
        "at": "The time of the session that it is about.",
        "body": "The note.",
    },
    "RoomNow": {
        "username": "The name that the room had.",
        "online": "Whether it is live; null where no poll is young enough to say.",
        "show": "public, private, group, away or hidden; null where it was not said.",
        "viewers": "Viewers.",
        "followers": "Followers.",
        "started_at": "When the broadcast began, give or take some minutes.",
        "online_for": "Seconds that it had gone on then.",
        "subject": "What the room said.",
        "tags": "Its tags.",
        "gender": "female, male, trans or couple.",
        "new": "Whether it has the badge of new rooms.",
        "hd": "Whether it broadcasts in HD.",
        "observed_at": "When all of that was read.",
        "source": "Who says it: affiliate (the feed of rooms) or cbhours.",
        "rank": "Its rank among all rooms, as CBHours has it; small is good.",
        "gender_rank": "Its rank among those of its gender.",
    },
    "Name": {
        "username": "The name.",
        "valid_from": "Since when; null where nobody knows.",
        "valid_to": "Until when; null while they go by it.",
        "source": "Where mhc has it from.",
    },
    "Remark": {
        "category": "notes, pm, dm, public_chat, tips or tip_menu.",
        "body": "The note.",
        "happened_at": "When it happened; null where nobody said.",
        "created_at": "When it was written.",
    },
    "Here": {
        "tokens": "Tokens: tips and media.",
        "tips": "Number of tips.",
        "largest_tip": "The largest one.",
        "first_tip_at": "The first one.",
        "last_tip_at": "The last one.",
        "visits": "How often they came.",
        "messages": "Public lines.",
        "private_messages": "Private lines, of both sides.",
        "tokens_30d": "Tokens of the last 30 days.",
        "tokens_90d": "Tokens of the last 90 days.",
        "media": "Photos and videos bought.",
        "media_tokens": "Tokens for them.",
        "fanclub_joined_at": "When they last joined the fan club.",
        "median_stay": "How long they stay, of visits seen whole.",
        "usual_hours": "The fewest hours in a row that hold half of what was counted: from `begin` until before `end`,"
        " hours of the day in `timezone`; `inside` of `counted` fall within; `basis` is arrivals, or events where no"
        " arrival was seen.",
        "follows": "Whether they follow; null where nobody knows.",
        "follows_since": "Since when they do, or do not.",
        "room": "The room; null is every room.",
    },
    "Relationship": {
        "roles": "dom, sub, friend, custom.",
        "label": "Your own word for custom.",
        "status": "Potential, Occasional, Active, On Hold, Inactive, Decommissioned or Banished.",
        "traits": "What else you say of them.",
        "since": "Since when.",
        "until": "Until when.",
    },
    "Attribute": {
        "key": "The key.",
        "value": "The value.",
        "confidence": "low, medium or high.",
        "evidence": "event, snapshot, note or manual, and which.",
        "set_at": "When it was set.",
    },
    "Link": {
        "kind": "Where: twitter, website, …",
        "url": "The address.",
        "source": "manual, or what gave it.",
    },
    "GivenName": {"kind": "identity, address, or private (with --reveal).", "name": "The name."},
    "Pair": {
        "username": "The other one.",
        "kind": "collaborator or alternate.",
        "note": "What you noted about it.",
    },
    "Said": {"at": "When.", "text": "The line."},
    "Elsewhere": {
        "source": "The source.",
        "range": "The time that its figures are of; empty: a whole life.",
        "captured_at": "When it said so.",
        "metrics": "Its figures by name, as `mhc snapshot list` has them.",
    },
    "Changed": {
        "source": "The source.",
        "range": "The time that its figures are of; empty: a whole life.",
        "metric": "The figure.",
        "before": "What it was.",
        "after": "What it is.",
        "change": "The difference of numbers; null of others, and where a counter began anew.",
        "before_at": "When it was so.",
        "after_at": "When it is so.",
    },
    "Figure": {
        "name": "The figure.",
        "value": "What it is; null: unknown.",
        "unit": "The unit; unknown: the source does not say.",
        "kind": "counter, gauge, id, date, list or text.",
        "field": "Where the answer has it.",
    },
    "Covered": {
        "since": "The first captured instant of the time.",
        "until": "The last one.",
        "share": (
            "Which share of the time that was asked for was captured, 0 to 1, but for what is to come; where an end of it is"
            " open, from `since`, or up to `until`."
        ),
    },
    "Head": {
        "room": "The room.",
        "state": "live, ended or closed.",
        "started_at": "When it began, also where that was before the time asked for.",
        "ended_at": "When it ended; null while it is live.",
        "tokens": "Tokens: tips and media, anonymous ones too.",
        "tips": "Number of tips.",
        "tippers": "How many people tipped by name.",
        "best_tipper": "Who paid most by name; null: nobody did.",
        "best_tokens": "What they paid.",
        "unique_visitors": "How many people were seen to come or go; null where that is not kept any more.",
        "new_followers": "How many people followed.",
        "coverage": "Share of it that was captured; null where nothing ever was.",
    },
    "Regular": {
        "username": "Who.",
        "missed": "How many sessions they missed since the one that they last came to.",
        "last_session_at": "When that one began.",
    },
    "BigTipper": {
        "username": "Who.",
        "tokens": "What they paid by name in that time: tips and media.",
    },
    "FirstTip": {
        "username": "Who.",
        "tokens": "What they paid by name in that time: tips and media.",
        "at": "When the first tip came.",
    },
    "Rename": {
        "old": "The name before.",
        "new": "The name since.",
        "at": "When it was told.",
        "source": "Who told it, or the number (rid, did) that showed it.",
    },
    "Listed": {
        "list": "The list.",
        "username": "Who.",
        "at": "When.",
    },
    "Came": {
        "username": "Who.",
        "watchlists": "The lists they are on.",
        "tokens": "What they paid by name in that time.",
    },
    "Followers": {
        "follows": "How often somebody began to follow; null where nothing was captured, as the others are.",
        "unfollows": "How often somebody ceased to.",
        "net": "The difference.",
    },
    "FailedJob": {
        "job": "The job.",
        "times": "How many runs of it failed or died.",
        "last_at": "When the last of them began.",
        "state": "How that one ended: failed or abandoned.",
        "error": "What it said; null: nothing.",
    },
    "Gap": {
        "room": "The room.",
        "from_at": "When it began.",
        "to_at": "When it ended.",
        "cause": "Why.",
        "certainty": "certain or possible: whether events are, or may be, missing.",
    },
}

_COVERED = ", ".join(f"`{name}`" for name in frame.Covered.__slots__)
# Reports: what their JSON object holds beside `rows`.
_ABOUT = {
    "range": ("object", "`since` and `until`, as they were asked for; null is open."),
    "timezone": ("string", "The zone in which `--since` and `--until` were read."),
    "room": ("string", "The room; null is every room."),
    "sources": ("array", "The kinds of streams that were counted."),
    "coverage": (
        "object",
        (
            f"{_COVERED}: the first and the last captured instant of the time, and which share of all of it was captured, 0"
            " to 1; where an end is open, of the time from the first, or up to the last. Null where nothing was, or rooms"
            " differ."
        ),
    ),
    "excluded": ("number", "How many people were left out."),
}
_COMPARED = {
    "compared": (
        "object",
        (
            "`with`, `range`, `captured` (the part of that range, 0 to 1), `coverage` and `totals`, each `now`, `then`,"
            " `change` and `growth`; null without `--compare`, and in it what is not known."
        ),
    )
}
REPORTS = {
    "report tippers": _ABOUT
    | {
        "before": (
            "object",
            (
                "`since` (null where the range has no end) and `until` of the range before, of equal length, and `captured`, the part of it, 0 to 1, null where"
                " nothing was; null for a range without a beginning."
            ),
        )
    }
    | _COMPARED,
    "report followers": _ABOUT
    | {
        "left": (
            "array",
            "Who ceased to follow: username, followed_at, left_at, days; null where nobody saw it begin.",
        ),
        "movers": (
            "array",
            (
                "The ten tracked rooms whose followers became most more or fewer, by the readings of one source: `username`,"
                " `source`, `followers` at the last reading, `change` since the first, `growth` (that by what it was, 0.5"
                " for half as much more; null of nothing), and when these two were, `since` and `until`."
            ),
        ),
    }
    | _COMPARED,
    "report tipmenu": _ABOUT,
    "report income": _ABOUT
    | {
        "by": ("string", "What a row is: session, day or type."),
        "ledger": (
            "object",
            (
                "`since`, `until` and `entries` of the ledger in the range, and `missing`, what it lacks: `after`, `before`"
                " and `tokens`; null where it has no row there."
            ),
        ),
        "balance": (
            "object",
            (
                "`since`, `until` and `readings` of the statistics in the range, how many the ledger could be asked about"
                " (`checked`) and bears out (`agree`), the first that it does not (`differs_at`); null without any."
            ),
        ),
        "usd_per_token": ("number", "The setting; null where it is not set."),
        "total": ("object", "The figures of all rows together."),
    }
    | _COMPARED,
    "report tags": _ABOUT
    | {
        "username": ("string", "The viewer whose spending it is; null: the room."),
        "tokens": (
            "number",
            "What the room was paid while live and captured, whatever its subject; null of a viewer, and where nothing was captured.",
        ),
        "hours": ("number", "How long that was; null as `tokens`."),
        "per_hour": ("number", "The one by the other; null of a viewer, and of no time."),
        "unknown": (
            "object",
            "What of it is of no known subject, and so of no tag: `tokens` and `hours`; null of a viewer, and in it where nothing was captured.",
        ),
        "models": (
            "array",
            (
                "The models that the viewer spent most on, by reading: `range`, `captured_at`, how many there are"
                " (`models`) and of how many tags are known here (`with_known_tags`); null of the room."
            ),
        ),
    },
    "report timing": _ABOUT
    | {
        "metric": ("string", "What is counted."),
        "username": ("string", "Whose doings these are; null: everybody's."),
    }
    | _COMPARED,
    "report sessions": _ABOUT
    | {
        "by": ("string", "What a row is: session, week or month."),
        "totals": (
            "object",
            "The figures of all sessions that began in the range; null where nothing was captured and none did.",
        ),
        "before": (
            "object",
            (
                "The same of the range before it, as long, with `since` and `until`; null where it has no beginning, or"
                " nothing is known."
            ),
        ),
        "weeks": ("array", "The same of each local week: `period` is its first day. The latest first."),
        "months": ("array", "The same of each local month."),
    }
    | _COMPARED,
    "report audience": _ABOUT
    | {
        "started_at": ("string", "When the session began."),
        "ended_at": ("string", "When it ended; null while it is live."),
        "title": ("string", "What you called it."),
        "people": ("number", "How many people were there."),
        "first_timers": ("number", "How many of them nobody had seen before."),
        "tippers": ("number", "How many of them tipped by name."),
        "on_lists": ("number", "How many are on any list."),
    },
    "report spending": _ABOUT
    | {
        "username": ("string", "Whose spending it is."),
        "alternates": ("array", "Whose else is counted with it, by `--with-alternates`."),
        "tokens": ("number", "Tips and media; null where nobody listened."),
        "tips": ("number", "Number of tips; null as above."),
        "media": ("number", "How many photos and videos they paid for; null as above."),
        "share": ("number", "Share of all that the room got, 0 to 1; null where it got nothing."),
        "largest": ("number", "The largest tip; null without any."),
        "quartiles": (
            "object",
            (
                "`first`, `median` and `third`: tips that a quarter, a half and three quarters of all do not exceed (nearest"
                " rank); null without any."
            ),
        ),
        "favourites": ("array", "The amounts that they tip most often: `tokens` and `times`, at most 5."),
        "first_tip_at": ("string", "The first tip in the range; null where no time is known."),
        "last_tip_at": ("string", "The last one."),
        "weeks_seen": (
            "number",
            "In how many local weeks they did anything; null where the retention policy took who came.",
        ),
        "per_week": ("number", "Tips by those weeks; null without any."),
        "days_tipped": ("number", "On how many local days they tipped; null where nobody listened."),
        "days_between": (
            "object",
            "`median` and `longest`: days from one day with a tip to the next; null with fewer than two such days.",
        ),
        "loyalty": (
            "object",
            (
                "`here`, what they tipped here by name, of `known`, what `source` saw them spend anywhere, both from `since`"
                " until `until`, as a `share`, 0 to 1; `captured_at` is when the source said so. The share is null where"
                " more is known here than there, `here` where nobody listened; all of it is null where no source was asked"
                " about the same range, and with alternates."
            ),
        ),
        "elsewhere": (
            "array",
            (
                "What sources said last, never added up: `username`, `source`, `range` (empty: a whole life), `captured_at`,"
                " `tokens`, `tips`, and `most`, the models or tags with most: `name` and `tokens`. Null is not said."
            ),
        ),
        "by_hour": ("array", "The hours of the local week: `weekday`, `hour`, `tokens`, `tips`."),
        "by_item": (
            "array",
            (
                "Items of the tip menu, most tokens first: `label`, `price`, `times`, `tokens`, `last_at`; no label is what"
                " matched none. Null where no menu was ever saved."
            ),
        ),
    },
    "report retention": _ABOUT
    | {
        "by": ("string", "What a period is: week, month or session."),
        "metric": ("string", "Whose cohorts: viewers or tippers."),
        "define": ("string", "Who is a regular, and before when."),
        "lapsed_regulars": (
            "array",
            (
                "The regulars who came to no session since: username, last_seen_at (the end of their last visit), sessions"
                " (to how many of those before they came); null where nothing is known of it."
            ),
        ),
        "cohorts": (
            "array",
            (
                "Who was new in a period: period, started_at, complete (as in a row), size, and `again`: how many of them were"
                " there 1, 2, 3 … periods later, for those that are over. null is unknown."
            ),
        ),
    },
}

# Commands whose JSON is not what their options say.
REMARKS = {
    "db backup": "With `--list`, an array of such objects.",
    "person show": "One name gives an object; several give an array of them.",
    "event tail": "With `-o ndjson`, each event is one line with the fields of `mhc event list`.",
    "listen": "With `-o ndjson`, each event is one line with the fields of `mhc event list`.",
}
