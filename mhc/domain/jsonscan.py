"""Cut JSON text into its elements without reading them, so that one bad element costs no other."""

import re

# Possessive throughout, and a string without an end runs to the end of the text: nothing is searched twice.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)


def split_array(text: bytes) -> list[bytes] | None:
    """Give the elements of a JSON array; None where the text is none."""
    return _split(text, b"[", b"]")


def split_object(text: bytes) -> dict[bytes, bytes] | None:
    """Give the values of a JSON object by their keys as written; None where the text is none."""
    members = _split(text, b"{", b"}")
    if members is None:
        return None
    found: dict[bytes, bytes] = {}
    for member in members:
        key = _TOKEN.match(member)
        if key is None or not key[0].startswith(b'"'):
            return None
        rest = member[key.end() :].lstrip()
        if not rest.startswith(b":"):
            return None
        found[key[0][1:-1]] = rest[1:].strip()
    return found


def _split(text: bytes, first: bytes, last: bytes) -> list[bytes] | None:
    text = text.strip()
    if not text.startswith(first) or not text.endswith(last):
        return None
    parts: list[bytes] = []
    depth, start = 0, 1
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in {b"[", b"{"}:
            depth += 1
        elif sign in {b"]", b"}"}:
            depth -= 1
        if (sign == b"," and depth == 1) or depth == 0:
            parts.append(text[start : token.start()].strip())
            start = token.end()
        if depth == 0:
            break
    if depth != 0 or start != len(text):
        return None
    return parts if parts != [b""] else []
