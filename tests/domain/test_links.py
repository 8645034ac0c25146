"""Links: which address a handle stands for, and what is none of a person's."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mhc.domain.links import KINDS, parse_link


@pytest.mark.parametrize(
    ("kind", "typed", "url"),
    [
        ("twitter", "@viewer_one", "https://x.com/viewer_one"),
        ("twitter", "https://twitter.com/viewer_one/?s=20", "https://x.com/viewer_one"),
        ("twitter", "mobile.twitter.com/viewer_one", "https://x.com/viewer_one"),
        ("twitter", "https://x.com/viewer_one/status/1", "https://x.com/viewer_one/status/1"),
        ("bluesky", "viewer", "https://bsky.app/profile/viewer.bsky.social"),
        ("bluesky", "@viewer.example", "https://bsky.app/profile/viewer.example"),
        ("linktree", "viewer", "https://linktr.ee/viewer"),
        ("alllinks", "viewer", "https://allmylinks.com/viewer"),
        ("throne", "viewer", "https://throne.com/viewer"),
        ("revolut", "viewer", "https://revolut.me/viewer"),
        ("cashapp", "$viewer", "https://cash.app/$viewer"),
        ("cashapp", "https://cash.app/$viewer", "https://cash.app/$viewer"),
        ("telegram", "@viewer", "https://t.me/viewer"),
        ("telegram", "https://t.me/+AbC1", "https://t.me/+AbC1"),
        ("snapchat", "viewer.one", "https://www.snapchat.com/add/viewer.one"),
        ("instagram", "http://instagram.com/viewer.one", "https://www.instagram.com/viewer.one"),
        ("amazon_wishlist", "AB12", "https://www.amazon.com/hz/wishlist/ls/AB12"),
        (
            "amazon_wishlist",
            "https://www.amazon.de/hz/wishlist/ls/AB12",
            "https://www.amazon.de/hz/wishlist/ls/AB12",
        ),
        ("onlyfans", "viewer", "https://onlyfans.com/viewer"),
        ("fansly", "viewer", "https://fansly.com/viewer"),
        (
            "website",
            "HTTP://Viewer.Example:8080/Ä b?q=1#x".replace(" ", ""),
            "http://viewer.example:8080/%C3%84b?q=1#x",
        ),
        ("website", "viewer.example", "https://viewer.example"),
        ("website", "https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("other", "https://x.com/viewer", "https://x.com/viewer"),
    ],
)
def test_a_handle_or_an_address_is_kept_as_one_address(kind: str, typed: str, url: str) -> None:
    assert parse_link(kind, typed) == url
    assert parse_link(kind, url) == url


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("twitter", "https://instagram.com/viewer"),
        ("twitter", "https://x.com.evil.example/viewer"),
        ("twitter", "https://x.com@evil.example/viewer"),
        ("amazon_wishlist", "https://amazon-gifts.example/ls/1"),
        ("website", "viewer"),
        ("website", "javascript:alert(1)"),
        ("website", "JavaScript://x.example/%0aalert(1)"),
        ("website", "data:text/html,x"),
        ("website", "ftp://viewer.example/"),
        ("website", "https://user:word@viewer.example/"),
        ("website", "https://viewer.example/\x1b[2J"),
        ("website", "https://viewer.example/\u202eexe"),
        ("website", "https://viewer.example/a b"),
        ("website", "https://viewer.example\\@evil.example/"),
        ("website", "https://[::1"),
        ("website", "https://viewer.example:99999999/"),
        ("website", "https://viewer.example/" + "x" * 500),
        ("website", ""),
        ("twitter", ""),
        ("twitter", "a" * 65),
    ],
)
def test_what_is_no_address_of_the_kind_is_refused(kind: str, typed: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        parse_link(kind, typed)


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("website", "https://chaturbate.com/viewer_one/"),
        ("other", "www.chaturbate.com/b/viewer_one"),
        ("video", "https://de.chaturbate.com/"),
        ("twitter", "@Chaturbate"),
        ("instagram", "https://www.instagram.com/chaturbate_official/"),
        ("other", "https://twitter.com/chaturbate"),
        ("bluesky", "chaturbate.com"),
    ],
)
def test_the_platform_is_nobody(kind: str, typed: str) -> None:
    with pytest.raises(ValueError, match="platform's own"):
        parse_link(kind, typed)


@given(st.sampled_from(list(KINDS)), st.text() | st.from_regex(r"https?://[a-z.]+/.*"))
def test_whatever_was_typed_an_address_is_plain_and_stays_itself(kind: str, typed: str) -> None:
    try:
        url = parse_link(kind, typed)
    except ValueError:
        return
    assert url.isascii()
    assert url.isprintable()
    assert not set(url) & set('<>"` {}|\\^')
    assert urlsplit(url).scheme in {"http", "https"}
    assert parse_link(kind, url) == url
