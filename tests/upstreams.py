"""Upstreams in tests: saved answers, and a clock that only waiting moves."""

import json
from pathlib import Path
from typing import Any

from mhc.clients.api import saved_answer
from mhc.clients.http import Answer
from mhc.clients.pacing import Pacer

PAYLOADS = Path(__file__).parent / "payloads"
MANIFEST: dict[str, dict[str, Any]] = json.loads((PAYLOADS / "MANIFEST.json").read_text())
NOW = 1_767_225_600.0  # 2026-01-01


def saved(name: str) -> Answer:
    """Give a sample as the answer that it was."""
    body = (PAYLOADS / name).read_bytes()
    if MANIFEST[name]["body_kind"] != "http-transcript":
        return saved_answer(body)
    told = json.loads(body)
    text = json.dumps(told["body_json"]) if "body_json" in told else told["body_text"]
    return saved_answer(text.encode(), status=told["status"], headers=told["headers"])


class Clock:
    """Time that passes only where someone waits; `stop_after` ends a wait for good."""

    def __init__(self) -> None:
        self.now = NOW
        self.waits: list[float] = []
        self.stop_after: int | None = None

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return self.stop_after is not None and len(self.waits) >= self.stop_after


def pacer(folder: Path, clock: Clock, *, patience: float = 60.0) -> Pacer:
    return Pacer(folder, clock=clock, sleep=clock.sleep, patience=patience)
