"""Files that name people: CSV with a header that has `username`, and maybe `note`, or one name a line."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import NamedTuple

from mhc.domain.counted import counted
from mhc.domain.names import UsernameError, parse_username

_DELIMITERS = ("\t", ";", ",")


MOST_GONE = 5  # percent of a list of people that may go at once


def is_plausible(gone: int, known: int) -> bool:
    """Whether so many of a list's known people may go at once; more are a file that was cut, or another's."""
    return gone * 100 <= known * MOST_GONE


class Entry(NamedTuple):
    """A person in a file, and why they are on the list."""

    username: str
    note: str | None


class RosterError(ValueError):
    """A file that names nobody, or cannot be read: one sentence that says why."""


def parse(text: str) -> list[Entry]:
    """Give the people that a file names, each once, in their order. Raises RosterError."""
    if "\0" in text:
        raise RosterError("is no text: it has NUL characters in it")
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise RosterError("names nobody")
    delimiter = delimiter_of(first)
    found: Iterable[tuple[int, str, str | None]]
    if delimiter is None:
        found = ((place, line, None) for place, line in enumerate(lines, 1) if line.strip())
    else:
        rows = read_rows(lines, delimiter)
        found = ((place, row.get("username", ""), row.get("note", "").strip() or None) for place, row in rows)
    once: dict[str, Entry] = {}
    for place, typed, note in found:
        try:
            name = parse_username(typed)
        except UsernameError as error:
            raise RosterError(f"line {place}: {error}") from None
        if name not in once or note is not None:
            once[name] = Entry(name, note)
    if not once:
        raise RosterError("names nobody")
    return list(once.values())


def delimiter_of(first: str) -> str | None:
    """Give what parts the cells of a file that begins with this line; None where it is one name a line."""
    found = next((one for one in _DELIMITERS if one in first), None)
    return "," if found is None and first.strip().strip('"').lower() == "username" else found


def read_rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the rows below a header, each with its line, as cells by column. Raises RosterError without `username`."""
    reader = csv.reader(StringIO("\n".join(lines)), delimiter=delimiter, strict=True)
    columns: list[str] | None = None
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if columns is None:
                columns = [cell.strip().lower() for cell in row]
                if columns.count("username") != 1:
                    shown = ", ".join(row)[:80]
                    raise RosterError(f"has the columns {shown!r}: one of them must be username")
                continue
            if len(row) > len(columns):
                raise RosterError(
                    f"line {reader.line_num}: {counted(len(row), 'cell')} under {counted(len(columns), 'column')}"
                )
            yield reader.line_num, dict(zip(columns, row, strict=False))
    except csv.Error as error:
        raise RosterError(f"line {reader.line_num}: {error}") from None
