"""Statbate's OpenAPI file, and what it has against an answer."""

import json
from datetime import datetime
from typing import Any

import jsonschema

from upstreams import PAYLOADS

SPEC: dict[str, Any] = json.loads((PAYLOADS / "openapi" / "statbate.json").read_text())
# What the file gives no null, and clients met or assume it.
NULLABLE = {"first_message_date", "first_tip_date", "last_tip_date", "end_time", "from", "to"}
_FORMATS = jsonschema.FormatChecker(["date"])


@_FORMATS.checks("date-time", raises=ValueError)
def _is_instant(text: object) -> bool:
    return not isinstance(text, str) or ("T" in text and datetime.fromisoformat(text).tzinfo is not None)


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Give a schema in which every field is there, and no other."""
    made = dict(schema)
    if "properties" in schema:
        inner = {name: strict(one) for name, one in schema["properties"].items()}
        for name, one in inner.items():
            if (one.pop("nullable", False) or name in NULLABLE) and isinstance(one["type"], str):
                one["type"] = [one["type"], "null"]
        made |= {"properties": inner, "required": list(inner), "additionalProperties": False}
    if "items" in schema:
        made["items"] = strict(schema["items"])
    return made


def answer_problems(method: str, path: str, body: Any) -> list[str]:
    """Say what the file has against an answer to an operation; `path` is the file's."""
    responses = SPEC["paths"][path][method.lower()]["responses"]
    schema = strict(responses["200"]["content"]["application/json"]["schema"])
    found = jsonschema.Draft202012Validator(schema, format_checker=_FORMATS).iter_errors(body)
    return [f"{error.json_path}: {error.message}" for error in found]
