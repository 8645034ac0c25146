"""Links of people: what a handle or an address that was typed stands for."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from mhc.patterns import Pattern

LONGEST = 500  # characters of an address
_SCHEME = Pattern(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_WEB = Pattern(r"(?i:https?)://.+")
_HOST = Pattern(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
_HANDLE = Pattern(r"[A-Za-z0-9_.\-]{1,64}")
_SAFE = "/:@!$&'()*+,;=~-._%?"


@dataclass(frozen=True, slots=True)
class Site:
    """Where a kind of link leads: the address before a handle, and the hosts that are the same site."""

    before: str = ""
    hosts: tuple[str, ...] = ()


# Kinds without an address before the handle take whole addresses only.
KINDS: Final = {
    "twitter": Site("https://x.com/", ("x.com", "twitter.com")),
    "bluesky": Site("https://bsky.app/profile/", ("bsky.app",)),
    "linktree": Site("https://linktr.ee/", ("linktr.ee",)),
    "alllinks": Site("https://allmylinks.com/", ("allmylinks.com",)),
    "throne": Site("https://throne.com/", ("throne.com", "throne.me")),
    "revolut": Site("https://revolut.me/", ("revolut.me",)),
    "cashapp": Site("https://cash.app/$", ("cash.app",)),
    "telegram": Site("https://t.me/", ("t.me", "telegram.me")),
    "snapchat": Site("https://www.snapchat.com/add/", ("snapchat.com",)),
    "instagram": Site("https://www.instagram.com/", ("instagram.com",)),
    "amazon_wishlist": Site("https://www.amazon.com/hz/wishlist/ls/"),
    "onlyfans": Site("https://onlyfans.com/", ("onlyfans.com",)),
    "fansly": Site("https://fansly.com/", ("fansly.com",)),
    "website": Site(),
    "video": Site(),
    "other": Site(),
}
_PLATFORM_HOSTS = ("chaturbate.com", "cb.dev")
_EXTERNAL = "/external_link/"
# What the platform calls itself elsewhere, without signs between the letters.
_PLATFORM_HANDLES = frozenset(
    {"chaturbate", "chaturbatecom", "chaturbateofficial", "officialchaturbate", "chaturbatebskysocial"}
)


def parse_link(kind: str, text: str) -> str:
    """Give the address that a handle or an address of a kind (one of KINDS) stands for, in ASCII.

    Raises ValueError with a sentence for what is no address of this kind, or is the platform's own.
    """
    site, wanted = KINDS[kind], text.strip()
    handle = wanted.lstrip("@$")
    if site.before and _HANDLE.fullmatch(handle) and handle.lower() not in site.hosts:
        address = site.before + _full(kind, handle)
    else:
        address = _address(kind, site, wanted)
    if _is_platform(address):
        raise ValueError("that is the platform's own, not a person's")
    return address


def unwrapped(address: str) -> str | None:
    """Give where a link of a profile leads: the site wraps those that leave it. None where it is no web address."""
    wanted = address.strip()
    for _ in range(2):
        try:
            parts = urlsplit(wanted)
        except ValueError:
            return None
        if parts.path != _EXTERNAL or not (parts.netloc == "" or _is_of(parts.netloc, _PLATFORM_HOSTS)):
            break
        wanted = parse_qs(parts.query).get("url", [""])[0].strip()
    return wanted if _WEB.fullmatch(wanted) else None


def _full(kind: str, handle: str) -> str:
    """Give a handle as its site writes it."""
    return f"{handle}.bsky.social" if kind == "bluesky" and "." not in handle else handle


def _address(kind: str, site: Site, text: str) -> str:
    parts = _split(text)
    host = parts.netloc
    if site.hosts and not _is_of(host, site.hosts):
        raise ValueError(f"{text[:60]!r} is no address of {kind}: that is at {site.hosts[0]}")
    if kind == "amazon_wishlist" and "amazon" not in host.split("."):
        raise ValueError(f"{text[:60]!r} is no address of {kind}")
    known = parts.geturl().partition("?")[0].partition("#")[0].rstrip("/")
    if site.hosts:
        begun = urlsplit(site.before).path
        path = urlsplit(known).path
        handle = path.removeprefix(begun) if path.startswith(begun) else ""
        if _HANDLE.fullmatch(handle):
            return site.before + handle
    return parts.geturl()


def _split(text: str) -> SplitResult:
    """Read an address: http or https, a host, nothing that would be drawn as something else."""
    bad = ValueError(f"{text[:60]!r} is no address: https://…")
    if _SCHEME.match(text) and not _WEB.fullmatch(text):
        raise bad
    whole = text if _WEB.fullmatch(text) else f"https://{text}"
    if len(whole) > LONGEST or not whole.isprintable() or " " in whole or "\\" in whole:
        raise bad
    try:
        parts = urlsplit(whole)
        host = (parts.hostname or "").encode("idna").decode("ascii").lower()
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        raise bad from None
    if not _HOST.fullmatch(host) or "@" in parts.netloc:
        raise bad
    return SplitResult(
        parts.scheme.lower(),
        host + port,
        quote(parts.path, safe=_SAFE.replace("?", "")),
        quote(parts.query, safe=_SAFE),
        quote(parts.fragment, safe=_SAFE),
    )


def _is_of(host: str, sites: tuple[str, ...]) -> bool:
    bare = host.partition(":")[0]
    return any(bare == site or bare.endswith(f".{site}") for site in sites)


def _is_platform(address: str) -> bool:
    parts = urlsplit(address)
    if _is_of(parts.netloc, _PLATFORM_HOSTS):
        return True
    named = [
        "".join(c for c in unquote(part).lower() if c.isalnum()) for part in parts.path.split("/") if part
    ]
    elsewhere = any(_is_of(parts.netloc, site.hosts) for site in KINDS.values())
    return elsewhere and any(name in _PLATFORM_HANDLES for name in named)
