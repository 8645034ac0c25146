"""Rows as machine formats: JSON, NDJSON, CSV, TSV and bare names. Whole, ISO-8601 UTC, no layout."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from dataclasses import fields as dataclass_fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Literal

from mhc.domain.clock import iso_z
from mhc.domain.text import encode

Kind = Literal[
    "text",
    "username",
    "int",
    "id",
    "time",
    "bool",
    "list",
    "lines",
    "json",
    "duration",
    "share",
    "change",
    "value",
]
Row = Mapping[str, object] | object
# What a screen that others see must not show; open is what may be seen, though its name or kind sounds otherwise.
Secrecy = Literal["note", "name", "amount", "message", "open"]

_COMPACT = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))
_INDENTED = json.JSONEncoder(ensure_ascii=True, allow_nan=False, indent=2)
# Signs that make a spreadsheet run a cell, with their full-width and small forms.
_FORMULA_SIGNS = frozenset(
    "=+-@|%\t\r\uff1d\uff0b\uff0d\uff20\uff5c\uff05\ufe66\ufe62\ufe63\ufe6b\ufe6a\u2212"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One output field: its name in every format, and how a table shows it.

    `int` is a quantity (grouped in tables), `id` a number that is none; `duration` is seconds or a timedelta,
    `share` a part of 1 (percent in tables), `change` how much more something is, or less, as a part of what it was
    (`+12%` in tables), `value` whatever JSON knows; `lines` is a list of which a record shows each item on a line of its
    own. `table=False` keeps the field out of table, TSV and CSV until `--fields` asks for it, `json=False` out of
    JSON and NDJSON. `foreign` says that the text came from outside (None: every kind that can carry text). `absent`
    stands for an unknown value where it is read by people: in table, TSV and CSV. `bar` draws one behind the figure in a
    table on a terminal that is wide enough, as long as it is of the most in the column. `exact` keeps the minutes of a
    time long ago where a narrow table would show its day alone. `secrecy` says why it is hidden while
    the screen is on stream, `inside` which members of a nested value are; `hidden` that they are hidden now.
    """

    name: str
    kind: Kind = "text"
    help: str = ""
    header: str | None = None
    table: bool = True
    foreign: bool | None = None
    json: bool = True
    absent: str | None = None
    secrecy: Secrecy | None = None
    inside: frozenset[str] = frozenset()
    hidden: bool = False
    bar: bool = False
    exact: bool = False

    @property
    def from_outside(self) -> bool:
        """Say whether a spreadsheet must be kept from running the cell."""
        carries_text = self.kind in {"text", "username", "list", "lines", "json", "value"}
        return carries_text if self.foreign is None else self.foreign

    @property
    def is_secret(self) -> bool:
        """Whether the whole value is not for every screen."""
        return self.secrecy not in {None, "open"}

    @property
    def heading(self) -> str:
        """Give the column's title in a table."""
        return (self.header or self.name.replace("_", " ")).upper()


def value_of(row: Row, field: Field) -> object:
    """Give a row's value; a missing one is a bug, since a field is a promise."""
    value: object = row[field.name] if isinstance(row, Mapping) else getattr(row, field.name)
    if field.hidden:
        return None if field.is_secret else without(value, field.inside)
    return value


def shown_of(row: Row, field: Field) -> object:
    """Give a row's value as people read it: with the field's word for what is absent."""
    value = value_of(row, field)
    return field.absent if value is None and not field.hidden else value


def screened(fields: Iterable[Field]) -> list[Field]:
    """Give fields that hide what is not for every screen, and keep their names and types."""
    return [replace(field, hidden=True) if field.is_secret or field.inside else field for field in fields]


def without(value: object, names: frozenset[str]) -> object:
    """Give a nested value in which the members of these names are null."""
    value = as_mapping(value)
    if isinstance(value, Mapping):
        return {key: None if key in names else without(item, names) for key, item in value.items()}
    return [without(item, names) for item in value] if isinstance(value, (list, tuple)) else value


def plain(value: object) -> object:
    """Turn a value into what JSON knows: unknown is null, times are UTC, durations are seconds."""
    if value is None or isinstance(value, (bool, str, int)):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, (float, Decimal)):
        return _number(value)
    if isinstance(value, date):
        return iso_z(value) if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, timedelta):
        return _number(value.total_seconds(), whole=True)
    return _plain_container(as_mapping(value))


def as_mapping(value: object) -> object:
    """Give a dataclass or a named tuple as the mapping of its fields, and anything else as it is."""
    if hasattr(value, "_asdict"):
        return dict(value._asdict())
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclass_fields(value)}
    return value


def json_text(value: object, *, indent: bool = False) -> str:
    """Write JSON in printable ASCII only; DEL, which `json` leaves as it is, included."""
    return (_INDENTED if indent else _COMPACT).encode(plain(value)).replace("\x7f", "\\u007f")


def cell_text(value: object) -> str:
    """Write a value as the text of a TSV or CSV cell, not yet encoded."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(item, (list, dict)) for item in value):
        return ", ".join(map(cell_text, value))
    return json_text(value) if isinstance(value, (list, dict)) else str(value)


def runs_in_a_spreadsheet(text: str) -> bool:
    """Say whether a cell begins, after blanks and invisible characters of any kind, with a formula's sign."""
    for character in text:
        if character in _FORMULA_SIGNS:
            return True
        if character.isprintable() and not character.isspace():
            return False
    return False


def cell(value: object, *, defuse: bool) -> str:
    """Write a TSV or CSV cell: encoded whole, and with an apostrophe where a spreadsheet would run it."""
    text = cell_text(value)
    risky = defuse and not isinstance(value, (int, float, Decimal, datetime)) and runs_in_a_spreadsheet(text)
    return ("'" if risky else "") + encode(text, limit=None)


def flatten(fields: Sequence[Field], row: Row) -> Iterator[tuple[Field, object]]:
    """Give a record's values with nested objects under dotted names: `here.tokens`."""
    for field in fields:
        yield from _flatten(field, shown_of(row, field))


def json_parts(fields: Sequence[Field], rows: Iterable[Row]) -> Iterator[str]:
    """Write one array, an object a line, valid when empty too."""
    before = "[\n"
    for line in ndjson_parts(fields, rows):
        yield before + line[:-1]
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def report_parts(head: Mapping[str, object], fields: Sequence[Field], rows: Iterable[Row]) -> Iterator[str]:
    """Write one object: what rows are about, and they themselves as `rows`, one a line and one at a time."""
    yield json_text({**head, "rows": []}, indent=True).removesuffix("]\n}")
    before = "\n    "
    for line in ndjson_parts(fields, rows):
        yield before + line[:-1]
        before = ",\n    "
    yield "]\n}\n" if before == "\n    " else "\n  ]\n}\n"


def ndjson_parts(fields: Sequence[Field], rows: Iterable[Row]) -> Iterator[str]:
    """Write one compact object a line."""
    for row in rows:
        yield json_text({field.name: value_of(row, field) for field in fields}) + "\n"


def delimited_parts(
    fields: Sequence[Field],
    rows: Iterable[Sequence[object]],
    *,
    comma: bool,
    headers: bool,
    excel_safe: bool | None,
) -> Iterator[str]:
    """Write CSV or TSV from rows of values, with the fields' names as a header.

    `excel_safe` True defuses each cell, False none, None those of CSV whose text came from outside.
    """
    line = _csv_line if comma else _tsv_line
    defused = [(comma and field.from_outside) if excel_safe is None else excel_safe for field in fields]
    if headers:
        yield line([encode(field.name, limit=None) for field in fields])
    for row in rows:
        yield line([cell(value, defuse=defuse) for value, defuse in zip(row, defused, strict=True)])


def key_value_parts(
    pairs: Iterable[tuple[Field, object]], *, headers: bool, excel_safe: bool | None
) -> Iterator[str]:
    """Write one record as `key<TAB>value` lines; without headers the values alone."""
    for field, value in pairs:
        text = cell(value, defuse=bool(excel_safe))
        yield _tsv_line([encode(field.name, limit=None), text] if headers else [text])


def name_parts(field: Field, rows: Iterable[Row]) -> Iterator[str]:
    """Write one bare username a line; who has none (an anonymous tipper) is left out."""
    for row in rows:
        if (name := cell_text(value_of(row, field))) != "":
            yield encode(name, limit=None) + "\n"


def _plain_container(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return [plain(item) for item in sorted(value)]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return plain(value.value)
    raise TypeError(f"{type(value).__name__} cannot be printed")


def _number(value: float | Decimal, *, whole: bool = False) -> int | float | None:
    if not isfinite(value):
        return None
    return int(value) if (whole or isinstance(value, Decimal)) and value == int(value) else float(value)


def _flatten(field: Field, value: object) -> Iterator[tuple[Field, object]]:
    value = as_mapping(value)
    if not isinstance(value, Mapping):
        yield field, value
        return
    if not value:
        yield field, None
    for key, item in value.items():
        kind: Secrecy = "message" if key in field.inside else "open"
        part = Field(f"{field.name}.{key}", "json", foreign=field.foreign, secrecy=kind)
        yield from _flatten(replace(part, inside=field.inside, hidden=field.hidden), item)


class _Echo:
    """A file that gives back what is written, so that `csv.writer` can be asked for lines."""

    def write(self, text: str) -> str:
        return text


_CSV = csv.writer(_Echo(), lineterminator="\n")


def _csv_line(cells: list[str]) -> str:
    line: object = _CSV.writerow(cells)  # what the file's write returns
    return str(line)


def _tsv_line(cells: list[str]) -> str:
    return "\t".join(cells) + "\n"
