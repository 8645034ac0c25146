"""A real browser without a window, for the pages that mhc writes: what it says, asks for, and how wide it draws."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

MISSING = "no Chromium: apt-get install chromium"


@dataclass(slots=True)
class Seen:
    """What a browser made of a page."""

    said: list[str] = field(default_factory=list)  # on its console, and errors
    asked: list[str] = field(default_factory=list)  # beyond the page itself
    too_wide: int = 0  # pixels beyond the window
    text: str = ""
    picture: bytes = b""


def program() -> str | None:
    """Give the path of Chromium; None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def browser() -> Iterator[Browser]:
    """Start the browser."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program(), args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


def look(with_browser: Browser, page: Path, width: int) -> Seen:
    """Open a page at a width in pixels."""
    seen = Seen()
    window = with_browser.new_page(viewport={"width": width, "height": 900})
    try:
        window.on("console", lambda one: seen.said.append(one.text))
        window.on("pageerror", lambda one: seen.said.append(str(one)))
        window.on("dialog", lambda one: seen.said.append(f"dialog: {one.message}"))
        window.on("request", lambda one: seen.asked.append(one.url))
        window.goto(page.as_uri())
        seen.asked.remove(page.as_uri())
        seen.too_wide = window.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        seen.text = window.inner_text("body")
        seen.picture = window.screenshot(full_page=True)
    finally:
        window.close()
    return seen
