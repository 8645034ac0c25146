"""Every sample of the outside sources goes through its client: what it says, or which error it is."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mhc.clients import affiliate, apistats, biocontext, cbhours, cbstats, statbate
from mhc.clients.biocontext import KeptOutError
from mhc.clients.failures import (
    BlockedError,
    BrokenAnswerError,
    NotKnownError,
    RefusedError,
    RejectedError,
    ThrottledError,
)
from mhc.clients.statbate import OPERATIONS
from mhc.domain.profiles import Profile
from mhc.errors import MhcError
from upstreams import MANIFEST, PAYLOADS, saved

# Sample, operation, path to a value, value. Every operation stands here.
STATBATE: list[tuple[str, str, dict[str, Any]]] = [
    ("member_info", "member_info", {
        "name": "viewer_one", "did": 900001, "first_message_date": datetime(2023, 5, 6, 7, 8, 9, tzinfo=UTC),
        "first_tip_date": datetime(2023, 5, 7, 20, tzinfo=UTC), "last_tip_date": datetime(2026, 1, 30, 21, 15, tzinfo=UTC),
        "last_tip_amount": 25, "models_messaged_2weeks": 2, "models_messaged_2weeks_list": ("example_room", "other_room"),
        "models_tipped_2weeks": 1, "models_tipped_2weeks_list": ("example_room",), "all_time_tokens": 45210, "error": None,
        "per_day_tokens.1.date": date(2026, 1, 30), "per_day_tokens.1.tokens": 25}),
    ("member_info_sql_dates", "member_info", {
        "first_message_date": datetime(2023, 5, 6, 7, 8, 9, tzinfo=UTC),
        "last_tip_date": datetime(2026, 1, 30, 21, 15, tzinfo=UTC)}),
    ("member_info_nulls", "member_info", {
        "did": 900002, "first_message_date": None, "first_tip_date": None, "last_tip_date": None, "last_tip_amount": 0,
        "models_tipped_2weeks_list": (), "per_day_tokens": (), "all_time_tokens": 0}),
    ("members_batch", "member_info_batch", {
        "0.name": "viewer_one", "0.all_time_tokens": 45210, "0.error": None, "1.last_tip_date": None, "2.did": None,
        "2.error": "Member not found"}),
    ("model_info", "model_info", {
        "name": "example_room", "rid": 700001, "gender": "female", "rank": 1234, "sessions.count": 18,
        "sessions.total_duration": 4320, "sessions.average_duration": 240, "income.tokens": 150000, "income.usd": 7500.0,
        "tags.1.name": "music", "tags.1.category": "activity"}),
    ("model_info_no_activity", "model_info", {"rank": 0, "income.usd": 0.0, "tags": ()}),
    ("model_activity", "model_activity", {
        "summary.total_sessions": 3, "summary.public_sessions": 2, "summary.total_duration": 600, "sessions.0.duration": 210,
        "sessions.0.start_time": datetime(2026, 1, 2, 18, tzinfo=UTC),
        "sessions.0.end_time": datetime(2026, 1, 2, 21, 30, tzinfo=UTC)}),
    ("member_activity", "member_activity", {
        "hourly.23.hour": 23, "hourly.23.tip_count": 3, "hourly.1.token_sum": 50, "hourly.1.usd_sum": 2.5,
        "daily.6.day_of_week": 7, "daily.6.day_name": "Sunday", "daily.6.token_sum": 600}),
    ("member_tips", "member_tips", {
        "0.time": datetime(2026, 1, 30, 21, 15, tzinfo=UTC), "0.model": "example_room", "0.rid": 700001, "0.tokens": 25,
        "0.usd": 1.25, "1.usd": 6.0, "1.model": "other_room"}),
    ("member_tips_page2", "member_tips", {"0.tokens": 10}),
    ("member_tips_empty", "member_tips", {"": ()}),
    ("model_tips", "model_tips", {"1.name": "viewer_three", "1.did": 900003, "1.tokens": 1000, "1.usd": 50.0}),
    ("top_models", "member_top_models", {
        "1.position": 2, "1.name": "other_room", "1.rid": 700003, "1.gender": "trans", "1.total_tokens": 500, "1.days": 2,
        "1.daily_tokens": 250, "1.daily_usd": 12.5, "1.total_usd": 25.0}),
    ("tag_spending", "member_tag_spending", {
        "0.tag": "music", "0.name": "music", "0.value": "music", "0.models_count": 3, "0.total_tokens": 30000,
        "0.total_usd": 1500.0}),
    ("rank", "model_rank", {
        "summary.first_rank": 1500, "summary.last_rank": 1234, "summary.rank_change": 266,
        "summary.rank_change_percent": 17.73, "summary.trend": "improving", "ranks.2.date": date(2026, 1, 31),
        "ranks.2.rank": 1234, "ranks.2.tokens": 5200}),
    ("model_members", "model_members", {
        "summary.total_members": 2, "summary.returning_members": 1, "summary.average_per_member_usd": 3750.0,
        "top_members.0.name": "viewer_one", "top_members.0.did": 900001, "top_members.0.tip_count": 321,
        "top_members.0.first_tip": datetime(2026, 1, 1, 1, tzinfo=UTC), "spending_distribution.1.range": "10000+",
        "spending_distribution.1.count": 2}),
    ("member_model_spending", "member_model", {
        "member.did": 900001, "model.rid": 700001, "model.gender": "female", "total.tokens": 145, "total.usd": 7.25,
        "total.tips": 3, "daily_spending.0.date": date(2026, 1, 29), "daily_spending.0.usd": 6.0}),
    ("members_online", "members_online", {
        "0.online": True, "0.name": "viewer_one", "0.hour_tokens": 1500, "0.week": 1600.0, "0.is_favorite": False}),
    ("models", "models", {
        "0.online": True, "0.name": "example_room", "0.gender": "female", "0.hourly": 104.15, "0.hours": 72, "0.dons": 310}),
    ("members", "members", {"0.name": "viewer_one", "0.did": 900001, "0.avg": 36.8, "0.models": 12, "0.daily_tokens": 1354}),
    ("tags", "tags", {"0.tag": "music", "0.models": 120, "0.tokens": 5000000, "0.usd": 250000.0}),
    ("tags_search", "tags_search", {"0.tag": "music", "0.value": "music", "0.models_count": 120}),
]  # fmt: skip

SITE: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
    ("cbstats_online", cbstats.read, {
        "statistics.username": "example_room", "statistics.token_balance": 12345, "statistics.tips_in_last_hour": 350.0,
        "statistics.votes_up": 120, "statistics.votes_down": 4, "statistics.satisfaction_score": 97.0,
        "statistics.last_broadcast": datetime(2026, 1, 1, 20, 34, 56, 789000, tzinfo=UTC), "statistics.time_online": 95,
        "statistics.num_followers": 24355, "statistics.num_viewers": 1276, "statistics.num_registered_viewers": 640,
        "statistics.num_tokened_viewers": 210, "is_online": True, "last_broadcast_text": "2026-01-01T12:34:56.789000"}),
    ("cbstats_offline", cbstats.read, {
        "statistics.tips_in_last_hour": None, "statistics.time_online": None, "is_online": False,
        "statistics.last_broadcast": datetime(2026, 1, 1, 20, 34, 56, tzinfo=UTC), "statistics.num_viewers": 0}),
    ("cbstats_never_broadcast", cbstats.read, {
        "statistics.last_broadcast": None, "last_broadcast_text": None, "statistics.satisfaction_score": None,
        "statistics.time_online": None, "statistics.token_balance": 0}),
    ("cbstats_minimal_old", cbstats.read, {
        "statistics.tips_in_last_hour": None, "statistics.satisfaction_score": None,
        "statistics.num_tokened_viewers": None, "statistics.num_viewers": 1276}),
    ("apistats", apistats.read, {
        "starts_on": date(2026, 1, 1), "ends_on": date(2026, 1, 15), "breakdown": "date",
        "programmes.0.is_transfer": False, "programmes.0.columns.6": "Payout",
        "programmes.0.rows.0": {
            "Date": "2026-01-01", "Raw Hits": 51, "Engaged Hits": 2, "Free Registrations": 1,
            "Referred Broadcasters ($50.00)": 0, "Total Money Spent": 40.0, "Payout": 8.0},
        "programmes.0.totals": {"Raw Hits": 118, "Payout": 8.0},
        "programmes.1.rows": (), "programmes.1.totals": {"Raw Hits": None, "Payout": None},
        "programmes.2.is_transfer": True, "programmes.3.rows.0": {"Date": "2026-01-03", "Payout": -58.0},
        "programmes.3.is_transfer": True}),
    ("apistats_empty", apistats.read, {"programmes": ()}),
    ("apistats_sub_account", apistats.read, {
        "programmes.0.rows.1": {"Username": "other_room", "Tokens": None, "Payout": None}}),
]  # fmt: skip

ROOMS: list[tuple[str, dict[str, Any]]] = [
    ("affiliate_page", {
        "count": 3, "rows": 3, "rooms.0.username": "example_room", "rooms.0.display_name": "Example ✨ Room",
        "rooms.0.gender": "female", "rooms.0.age": 25, "rooms.0.birthday": date(2000, 2, 29),
        "rooms.0.location": "Somewhere nice, Île-de-France", "rooms.0.country": "FR",
        "rooms.0.spoken_languages": "Français, English, 日本語", "rooms.0.current_show": "public",
        "rooms.0.room_subject": 'Bonjour ♥ Goal: song [250 tokens left] 🎸 #sample #music "quotes" & <b>tags</b> \\ #音楽',
        "rooms.0.tags": ("sample", "music", "ohmibod", "new", "音楽"), "rooms.0.is_new": True, "rooms.0.is_hd": True,
        "rooms.0.num_users": 1276, "rooms.0.num_followers": 24355, "rooms.0.seconds_online": 17143,
        "rooms.1.current_show": "private", "rooms.1.gender": "male", "rooms.1.age": None, "rooms.1.birthday": None,
        "rooms.1.country": None, "rooms.1.room_subject": None, "rooms.1.tags": (), "rooms.1.is_hd": False,
        "rooms.2.current_show": "hidden", "rooms.2.gender": "couple", "rooms.2.display_name": None,
        "rooms.2.country": None, "rooms.2.num_users": 0, "rooms.2.num_followers": 0, "rooms.2.seconds_online": 0}),
    ("affiliate_page_other_shows", {
        "rooms.0.current_show": "group", "rooms.0.gender": "trans", "rooms.0.country": "CO", "rooms.0.tags": ("group",),
        "rooms.1.current_show": "away", "rooms.1.age": None, "rooms.1.seconds_online": 100000}),
    ("affiliate_page_end", {"count": 5428, "rows": 0, "rooms": ()}),
    ("affiliate_page_total_larger", {"count": 5428, "rows": 1, "rooms.0.username": "example_room"}),
    ("affiliate_page_2021_shape", {
        "count": 1, "rooms.0.username": "old_payload_room", "rooms.0.country": None, "rooms.0.location": None}),
    ("affiliate_legacy_array", {
        "count": 2, "rows": 2, "rooms.0.country": None, "rooms.1.username": "trans_room_four",
        "rooms.1.gender": "trans", "rooms.1.current_show": "public", "rooms.1.seconds_online": 60}),
]  # fmt: skip

_ROOM: dict[str, Any] = {
    "profile.follower_count": 24355, "profile.location": "Somewhere nice", "profile.body_decorations": "none",
    "profile.last_broadcast": datetime(2026, 1, 1, 20, 34, 56, 789000, tzinfo=UTC), "profile.smoke_drink": "no",
    "profile.body_type": "average", "profile.display_birthday": "Feb. 29, 2000", "profile.display_age": 25,
    "profile.about_me": "Sample bio & link", "profile.wish_list": None, "profile.fan_club_cost": 150,
    "profile.performer_has_fanclub": True, "profile.needs_supporter_to_pm": False,
    "profile.interested_in": ("Women", "Men"), "profile.sex": "a woman", "profile.subgender": None,
    "profile.languages": "English, Français", "profile.photo_sets.0.name": "Sample photo set",
    "profile.photo_sets.0.tokens": 99, "profile.photo_sets.0.is_video": False,
    "profile.photo_sets.0.fan_club_only": False, "profile.social_medias.0.title_name": "Sample link",
    "profile.social_medias.0.link": "/external_link/?url=https%3A%2F%2Fexample.org",
    "profile.social_medias.0.tokens": 0, "profile.gone": None}  # fmt: skip
PROFILES: list[tuple[str, dict[str, Any]]] = [
    ("biocontext_offline", _ROOM | {"profile.room_status": "offline"}),
    ("biocontext_online", _ROOM | {"profile.room_status": "public"}),
    ("biocontext_password", _ROOM | {"profile.room_status": "password protected"}),
    ("biocontext_sparse", {
        "profile.follower_count": 0, "profile.location": None, "profile.last_broadcast": None, "profile.about_me": None,
        "profile.fan_club_cost": None, "profile.performer_has_fanclub": False, "profile.interested_in": (),
        "profile.display_age": None, "profile.sex": None, "profile.photo_sets": (), "profile.social_medias": ()}),
    ("biocontext_http_401_banned", {"profile": Profile(gone="banned"), "said": frozenset({"gone"})}),
    ("biocontext_http_401_deleted", {"profile": Profile(gone="deleted"), "said": frozenset({"gone"})}),
]  # fmt: skip

_SAID = {"gender": "female", "rank": 123, "gender_rank": 45, "viewers": 1024, "followers": 54321}
CBHOURS: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
    ("cbhours_live", cbhours.read_live, {
        "rooms.0.username": "example_room", "rooms.0.online": True, "rooms.0.current_show": "public",
        "rooms.0.room_subject": "GOAL: [304 tokens remaining] sample #sample #music",
        "rooms.0.tags": ("sample", "music"), "rooms.0.is_new": False,
        **{f"rooms.0.{name}": value for name, value in _SAID.items()},
        "rooms.1": cbhours.LiveRoom("offline_room", online=False), "unknown": ("untracked_room", "no_such_room"),
        "silent": ()}),
    ("cbhours_live_empty", cbhours.read_live, {"rooms": (), "unknown": (), "silent": ()}),
    ("cbhours_activity", cbhours.read_activity, {
        "username": "example_room", "minutes": 90, "segments.0.at": datetime(2026, 1, 2, 22, 36, tzinfo=UTC),
        "segments.0.show": "public", "segments.0.rank": 5720, "segments.0.gender_rank": 4012,
        "segments.0.followers": 24300, "segments.0.viewers": 0, "segments.0.gender": "female",
        "segments.1.show": "private", "segments.1.viewers": 3,
        "segments.2.at": datetime(2026, 1, 3, 22, 36, tzinfo=UTC), "segments.2.rank": 5000}),
    ("cbhours_activity_empty", cbhours.read_activity, {"segments": (), "minutes": 0, "username": "example_room"}),
]  # fmt: skip

FAILURES: list[tuple[str, type[MhcError], int, str]] = [
    ("statbate/http_401", RefusedError, 77, "Statbate refuses the token (401)"),
    ("statbate/http_403", RefusedError, 77, "Statbate refuses this (403): Forbidden"),
    ("statbate/http_404_member", NotKnownError, 3, "Statbate does not know viewer_one"),
    ("statbate/http_404_model", NotKnownError, 3, "Statbate does not know viewer_one"),
    ("statbate/http_422_batch", RejectedError, 65,
     "Statbate does not take the request (422): names array is required"),
    ("statbate/http_422_laravel", RejectedError, 65,
     "Statbate does not take the request (422): The per page field must not be greater than 200."),
    ("statbate/http_429", ThrottledError, 75, "Statbate asks to slow down (429)"),
    ("cbstats_http_401", RefusedError, 77, "the statistics API refuses the token of viewer_one (401)"),
    ("cbstats_http_403_throttle", ThrottledError, 75, "the statistics API asks to slow down (403)"),
    ("cbstats_http_403_cloudflare", BlockedError, 69,
     "the statistics API answers with a page for browsers (403): it blocks mhc, which works around no block"),
    ("affiliate_http_403_cloudflare", BlockedError, 69,
     "the feed of rooms answers with a page for browsers (403): it blocks mhc, which works around no block"),
    ("affiliate_http_429", ThrottledError, 75, "the feed of rooms asks to slow down (429)"),
    ("biocontext_http_401_region", KeptOutError, 69,
     "the site does not show viewer_one to your region or address: mhc works around no block"),
    ("biocontext_http_403_challenge", BlockedError, 69,
     "the site answers with a page for browsers (403): it blocks mhc, which works around no block"),
    ("biocontext_http_404", NotKnownError, 3, "the site has no profile of viewer_one"),
    ("biocontext_http_429", ThrottledError, 75, "the site asks to slow down (429)"),
    ("cbhours_error_300", NotKnownError, 3, "CBHours does not know viewer_one: it is not in its trophy database"),
    ("cbhours_http_429", ThrottledError, 75, "CBHours asks to slow down (429): Too Many Requests"),
    ("cbhours_doc_example_broken", BrokenAnswerError, 65, "an answer of CBHours is no JSON"),
]  # fmt: skip


def at(value: Any, path: str) -> Any:
    """Walk to a value by names and numbers."""
    for step in path.split(".") if path else ():
        value = value[int(step)] if step.isdigit() else getattr(value, step)
    return value


@pytest.mark.parametrize(("name", "operation", "expected"), STATBATE, ids=[row[0] for row in STATBATE])
def test_a_sample_of_statbate(name: str, operation: str, expected: dict[str, Any]) -> None:
    answer = saved(f"statbate/{name}.json")
    fetched: statbate.Fetched[Any] = statbate.read(OPERATIONS[operation], answer)
    found = fetched.rows if OPERATIONS[operation].is_list else fetched.one
    assert {path: at(found, path) for path in expected} == expected
    assert (fetched.problems, fetched.payload) == ((), answer.body)
    assert len(fetched.parts) == len(fetched.rows)
    assert all(part in answer.body for part in fetched.parts)


@pytest.mark.parametrize(("name", "read", "expected"), SITE, ids=[row[0] for row in SITE])
def test_a_sample_of_the_sites_statistics(name: str, read: Any, expected: dict[str, Any]) -> None:
    answer = saved(f"{name}.json")
    fetched = read(answer)
    assert {path: at(fetched, path) for path in expected} == expected
    assert (fetched.problems, fetched.payload) == ((), answer.body)


@pytest.mark.parametrize(("name", "expected"), ROOMS, ids=[row[0] for row in ROOMS])
def test_a_sample_of_the_feed_of_rooms(name: str, expected: dict[str, Any]) -> None:
    answer = saved(f"{name}.json")
    page = affiliate.read(answer)
    assert {path: at(page, path) for path in expected} == expected
    assert (page.problems, page.payload) == ((), answer.body)


@pytest.mark.parametrize(("name", "expected"), PROFILES, ids=[row[0] for row in PROFILES])
def test_a_sample_of_a_profile(name: str, expected: dict[str, Any]) -> None:
    fetched = biocontext.read(saved(f"{name}.json"))
    assert {path: at(fetched, path) for path in expected} == expected
    assert fetched.problems == ()


@pytest.mark.parametrize(("name", "read", "expected"), CBHOURS, ids=[row[0] for row in CBHOURS])
def test_a_sample_of_cbhours(name: str, read: Any, expected: dict[str, Any]) -> None:
    answer = saved(f"{name}.json")
    found = read(answer)
    assert {path: at(found, path) for path in expected} == expected
    assert (found.problems, found.payload) == ((), answer.body)


def test_the_sample_of_cbhours_months() -> None:
    found = cbhours.read_months(saved("cbhours_months.json"))
    assert found.months == (date(2026, 1, 1), date(2025, 12, 1), date(2025, 11, 1))


@pytest.mark.parametrize(("name", "kind", "status", "sentence"), FAILURES, ids=[row[0] for row in FAILURES])
def test_a_sample_of_a_failure(name: str, kind: type[MhcError], status: int, sentence: str) -> None:
    readers: list[Callable[[], Any]] = [
        lambda: statbate.read(statbate.MEMBER_INFO, saved(f"{name}.json"), about="viewer_one")
    ]
    if name.startswith("cbstats"):
        readers = [
            lambda: cbstats.read(saved(f"{name}.json"), about="viewer_one"),
            lambda: apistats.read(saved(f"{name}.json"), about="viewer_one"),
        ]
    if name.startswith("affiliate"):
        readers = [lambda: affiliate.read(saved(f"{name}.json"))]
    if name.startswith("biocontext"):
        readers = [lambda: biocontext.read(saved(f"{name}.json"), about="viewer_one")]
    if name.startswith("cbhours"):
        readers = [
            lambda: cbhours.read_live(saved(f"{name}.json"), ["viewer_one"]),
            lambda: cbhours.read_activity(saved(f"{name}.json"), about="viewer_one"),
            lambda: cbhours.read_months(saved(f"{name}.json"), about="viewer_one"),
        ]
    for reader in readers:
        with pytest.raises(kind) as raised:
            reader()
        assert (type(raised.value), int(raised.value.status), raised.value.message) == (
            kind,
            status,
            sentence,
        )


def test_every_operation_has_a_sample() -> None:
    assert {operation for _, operation, _ in STATBATE} == set(OPERATIONS)


def test_every_sample_has_a_row() -> None:
    rows = {f"statbate/{name}" for name, _, _ in STATBATE} | {
        name for name, *_ in [*SITE, *ROOMS, *PROFILES, *CBHOURS, *FAILURES]
    }
    rows.add("cbhours_months")
    rows.add("statbate/members_batch_request")  # is what is asked: test_statbate_requests.py
    found = [path for path in PAYLOADS.rglob("*.json") if not {"events", "openapi"} & set(path.parts)]
    names = {str(path.relative_to(PAYLOADS)) for path in found} - {"MANIFEST.json"}
    assert {name.removesuffix(".json") for name in names} == rows
    assert names == {name for name in MANIFEST if not name.startswith("events/")}
