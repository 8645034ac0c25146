"""The only printer: rows and records to stdout in the format that was asked for, messages to stderr."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import islice
from typing import NamedTuple

from mhc.cli import render
from mhc.cli.render import Field, Kind, Row, screened, shown_of, value_of, without
from mhc.cli.table import Layout, wrapped
from mhc.cli.terminal import Screen, color_wanted, prepare_streams, screen
from mhc.domain.text import Safe, encode
from mhc.errors import UsageError

__all__ = [
    "FORMATS",
    "Field",
    "Kind",
    "Row",
    "Screen",
    "Sort",
    "Writer",
    "color_wanted",
    "prepare_streams",
    "screen",
    "select",
]

FORMATS = ("auto", "table", "json", "ndjson", "csv", "tsv", "name")
TABLE_LIMIT = 50
_WITH_ALL_FIELDS = frozenset({"json", "ndjson"})


class Sort(NamedTuple):
    """What `--sort` asked for: a field's name and the direction."""

    key: str
    descending: bool = False


@dataclass(slots=True)
class Writer:
    """What a command prints with; the decorators of `mhc.cli.options` build it from the options.

    `format` is never auto. `names` are the fields of `--fields`, `given_limit` the number of `-L` (None: not
    given), `find_tz` finds the display zone when it is first needed, `on_stream` whether others see the screen.
    """

    format: str
    screen: Screen
    names: tuple[str, ...] | None = None
    headers: bool = True
    excel_safe: bool | None = None
    given_limit: int | None = None
    sort: Sort | None = None
    quiet: bool = False
    find_tz: Callable[[], tzinfo] = lambda: UTC
    on_stream: Callable[[], bool] = lambda: False
    _tz: tzinfo | None = None

    @property
    def tz(self) -> tzinfo:
        """Give the display time zone."""
        if self._tz is None:
            self._tz = self.find_tz()
        return self._tz

    @property
    def limit(self) -> int | None:
        """Give how many rows to show, None for all: tables stop at 50, other formats where `-L` says so."""
        if self.given_limit is not None:
            return self.given_limit or None
        return TABLE_LIMIT if self.format == "table" else None

    def rows(
        self,
        fields: Sequence[Field],
        rows: Iterable[Row],
        *,
        total: int | None = None,
        limit: int | None = None,
        nothing: str = "nothing found",
    ) -> None:
        """Print a list, streamed but in a table; `total` is how many there are without a limit.

        `limit` replaces the one of the options (for a query that has its own). `nothing` is said on a
        terminal in place of rows: why that may be, or what to do.
        """
        limit = limit or self.limit
        chosen = self.choose(fields)
        if self.format == "table":
            if not self._whole_table(chosen, rows, total, limit) and self.screen.is_terminal:
                self.message(nothing)
            return
        sys.stdout.writelines(self._row_parts(fields, chosen, islice(rows, limit)))

    def columns(self, fields: Sequence[Field], rows: Sequence[Row]) -> None:
        """Print a few records side by side in a table, a column each, or below each other where they do not fit.

        Every other format has a row each.
        """
        shown = rows[: self.limit]
        if self.format == "table" and (lines := self._layout().side_by_side(self.choose(fields), shown)):
            sys.stdout.writelines(line + "\n" for line in lines)
        else:
            self.rows(fields, shown, total=len(rows))

    def record(self, fields: Sequence[Field], row: Row) -> None:
        """Print one record: `key  value` lines on a terminal, `key<TAB>value` in a pipe, one JSON object."""
        chosen = self.choose(fields)
        sys.stdout.writelines(self._record_parts(fields, chosen, row))

    def report(
        self,
        about: Mapping[str, object],
        fields: Sequence[Field],
        rows: Sequence[Row],
        *,
        nothing: str = "nothing found",
    ) -> None:
        """Print a report: in JSON one object, what the figures are about and then the rows; elsewhere the rows."""
        if self.format != "json":
            self.rows(fields, rows, total=len(rows), nothing=nothing)
            return
        chosen = self.choose(fields)
        hidden = frozenset(
            name for one in self.screened(fields) if one.hidden for name in (one.name, *one.inside)
        )
        head = without(about, hidden)
        assert isinstance(head, dict)
        sys.stdout.writelines(render.report_parts(head, chosen, rows[: self.limit]))

    def beside(self, fields: Sequence[Field], row: Row) -> None:
        """Print a record on stderr, above a table: what people want to know of it, and no row has; silent with -q."""
        if not self.quiet:
            lines = self._layout().record(list(render.flatten(self.screened(fields), row)), headers=True)
            sys.stderr.writelines(line + "\n" for line in (*lines, ""))

    def message(self, text: str, *, unless_quiet: bool = True) -> None:
        """Say something on stderr, on one line but where a terminal would break it amid words.

        Silent with -q, unless it must not be.
        """
        if self.quiet and unless_quiet:
            return
        said = encode(text)
        lines = wrapped(said, self.screen.columns) if sys.stderr.isatty() else [said]
        sys.stderr.writelines(line + "\n" for line in lines)

    def warn(self, text: str) -> None:
        """Say on stderr that something is not as it should be; silent with -q."""
        self.message(Safe("warning: " + encode(text)))

    def choose(self, fields: Sequence[Field]) -> list[Field]:
        """Give the fields to print: those of `--fields`, else all in JSON and the default columns elsewhere."""
        if self.names is not None:
            return self.screened(select(fields, self.names))
        in_json = self.format in _WITH_ALL_FIELDS
        return self.screened([field for field in fields if (field.json if in_json else field.table)])

    def screened(self, fields: Sequence[Field]) -> list[Field]:
        """Give fields that hide what they must, while others see the screen."""
        secret = any(field.is_secret or field.inside for field in fields)
        return screened(fields) if secret and self.on_stream() else list(fields)

    def ordered(self, fields: Sequence[Field], rows: Iterable[Row]) -> list[Row]:
        """Sort rows in memory as `--sort` asks, unknown last both ways; unsorted they keep their order."""
        listed = list(rows)
        if self.sort is None:
            return listed
        (field,) = select(fields, [self.sort.key])
        known = [row for row in listed if value_of(row, field) is not None]
        unknown = [row for row in listed if value_of(row, field) is None]
        known.sort(key=lambda row: value_of(row, field), reverse=self.sort.descending)  # type: ignore[arg-type,return-value]
        return known + unknown

    def _layout(self) -> Layout:
        return Layout(self.screen, self.tz)

    def _row_parts(
        self, fields: Sequence[Field], chosen: Sequence[Field], rows: Iterable[Row]
    ) -> Iterator[str]:
        if self.format == "json":
            return render.json_parts(chosen, rows)
        if self.format == "ndjson":
            return render.ndjson_parts(chosen, rows)
        if self.format == "name":
            (named,) = self.screened([username_field(fields, self.names)])
            return render.name_parts(named, rows)
        values = ([shown_of(row, field) for field in chosen] for row in rows)
        return self._delimited(chosen, values)

    def _record_parts(self, fields: Sequence[Field], chosen: Sequence[Field], row: Row) -> Iterator[str]:
        if self.format == "json":
            body = {field.name: value_of(row, field) for field in chosen}
            return iter([render.json_text(body, indent=True) + "\n"])
        if self.format in {"ndjson", "name"}:
            return self._row_parts(fields, chosen, [row])
        pairs = list(render.flatten(chosen, row))
        if self.format == "csv":
            return self._delimited([field for field, _ in pairs], [[value for _, value in pairs]])
        if self.format == "tsv":
            return render.key_value_parts(pairs, headers=self.headers, excel_safe=self.excel_safe)
        return (line + "\n" for line in self._layout().record(pairs, headers=self.headers))

    def _delimited(self, fields: Sequence[Field], rows: Iterable[Sequence[object]]) -> Iterator[str]:
        comma = self.format == "csv"
        return render.delimited_parts(
            fields, rows, comma=comma, headers=self.headers, excel_safe=self.excel_safe
        )

    def _whole_table(
        self, fields: Sequence[Field], rows: Iterable[Row], total: int | None, limit: int | None
    ) -> int:
        layout, source = self._layout(), iter(rows)
        listed = list(islice(source, limit))
        cells = [[layout.show(field, shown_of(row, field)) for field in fields] for row in listed]
        if self.screen.is_terminal and any(field.bar and not field.hidden for field in fields):
            values = [[value_of(row, field) for field in fields] for row in listed]
            cells = layout.with_bars(fields, cells, values)
        sys.stdout.writelines(line + "\n" for line in layout.table(fields, cells, headers=self.headers))
        more = limit is not None and next(source, None) is not None
        if total is not None and total > len(cells):
            self.message(f"{len(cells):,} of {total:,} shown; -L 0 for all")
        elif more:
            self.message(f"{len(cells):,} shown, there are more; -L 0 for all")
        return len(cells)


def select(fields: Sequence[Field], names: Sequence[str]) -> list[Field]:
    """Give the named fields in the order asked for, or say which there are."""
    known = {field.name: field for field in fields}
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        wrong = f"no field named {', '.join(map(repr, unknown))}" if unknown else "no field is named"
        raise UsageError(encode(wrong), hint=f"fields: {', '.join(known)}")
    return [known[name] for name in names]


def username_field(fields: Sequence[Field], names: Sequence[str] | None = None) -> Field:
    """Give the field that `-o name` prints: the first username of `--fields`, else of all."""
    chosen = select(fields, names) if names else []
    for field in (*chosen, *fields):
        if field.kind == "username":
            return field
    raise UsageError("-o name prints usernames, and this command has none", hint="try -o tsv")
