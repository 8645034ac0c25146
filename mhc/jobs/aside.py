"""Answers that are no readings: the last one of each source is kept whole, to be looked at and loaded again."""

from pathlib import Path
from secrets import token_hex

import msgspec

from mhc.clients.api import saved_answer
from mhc.clients.http import Answer
from mhc.errors import of_os_error
from mhc.jobs.questions import Question
from mhc.store import files


def put_aside(state_dir: Path, question: Question, answer: Answer) -> Path:
    """Keep an answer that is no reading, as `load` reads it: the last one of each source."""
    path = state_dir / "answers" / f"{question.source}.json"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{token_hex(6)}.part")
        with files.new(fresh) as file:
            file.write(_written(answer))
        fresh.replace(path)
    except OSError as error:
        raise of_os_error(error, f"cannot keep {path}") from error
    return path


class _Transcript(msgspec.Struct, forbid_unknown_fields=True):
    """An answer that was kept whole."""

    status: int
    headers: dict[str, str] = {}
    body_text: str = ""
    body_json: msgspec.Raw = msgspec.Raw()


def read_aside(body: bytes) -> Answer:
    """Read an answer that was kept whole; anything else is an answer's body."""
    try:
        told = msgspec.json.decode(body, type=_Transcript)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return saved_answer(body)
    text = bytes(told.body_json) or told.body_text.encode()
    return saved_answer(text, status=told.status, headers=told.headers)


def _written(answer: Answer) -> bytes:
    body = answer.body.decode(errors="replace")
    return msgspec.json.encode({"status": answer.status, "headers": dict(answer.headers), "body_text": body})
