"""What the documentation says of things that have no help text of their own. What is missing here, `make docs` names."""

from mhc.errors import Exit
from mhc.reports import card, tippers
from mhc.store import remembered

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
    "follow_change": "That somebody began, or ceased, to follow. Those of the source `events` are derived.",
    "rating_change": "One rating of a person; the last one holds.",
    "person_name": "A name that is no username: private, identity, or a form of address.",
    "import_batch": "One import that was saved.",
    "erasure": "That a person was forgotten, so that an import, a replay or a restore forgets them again.",
    "alert_sent": "When a rule of `[alerts]` last told of a person, or of what nobody is named in: its cool-down.",
    "job_run": "One run of a job.",
}

# Column → what its name does not say.
COLUMNS = {
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
    "watchlist_member.removed_at": "null: on it now",
    "alert_sent.person_id": "the person behind every alias and merge; null: nobody is named",
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
    "follow_change.direction": "follower: of the room; following: whom the room's owner follows",
    "follow_change.state": "yes, no or unknown",
    "rating_change.rating": "null: no longer rated",
    "person_name.kind": "private, identity or address",
    "import_batch.kind": "chat, pm, tips, tipmenu, people or follows",
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
}
NESTED_HELP = {
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
}

_COVERED = ", ".join(f"`{name}`" for name in tippers.Covered.__slots__)
# Reports: what their JSON object holds beside `rows`.
REPORTS = {
    "report tippers": {
        "range": ("object", "`since` and `until`, as they were asked for; null is open."),
        "timezone": ("string", "The zone in which `--since` and `--until` were read."),
        "room": ("string", "The room; null is every room."),
        "sources": ("array", "The kinds of streams that were counted."),
        "coverage": (
            "object",
            f"{_COVERED}: how much of the time was captured; null where nothing is known.",
        ),
        "excluded": ("number", "How many people were left out."),
    },
}

# Commands whose JSON is not what their options say.
REMARKS = {
    "db backup": "With `--list`, an array of such objects.",
    "person show": "One name gives an object; several give an array of them.",
    "event tail": "With `-o ndjson`, each event is one line with the fields of `mhc event list`.",
    "listen": "With `-o ndjson`, each event is one line with the fields of `mhc event list`.",
}
