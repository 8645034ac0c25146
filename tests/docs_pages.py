"""The parts of the documentation that are made from the code, as Markdown."""

import types
import typing
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

import docs_words as words
from docs_tree import Leaf, Option, groups, leaves, root_options, shared_options
from mhc.cli.output import Field
from mhc.config.jobs import JOBS, Job
from mhc.config.table import SETTINGS, Setting
from mhc.errors import Exit, MhcError
from mhc.store.schema import Instant, metadata

_SETS = {
    "List": "Commands that print several rows take these, too.",
    "Output": "Every command that prints rows or a record takes these.",
    "Range": "Commands over a time take these. [`TIME`](#times) may be written in many ways.",
    "Writing": "Every command that writes takes these.",
    "Shared": "Every command takes these, and those of `mhc` itself.",
}
_JSON_TYPES = {
    "text": "string",
    "username": "string",
    "int": "number",
    "id": "integer",
    "time": "time",
    "bool": "boolean",
    "list": "array of strings",
    "lines": "array",
    "json": "object or array",
    "value": "number, string, boolean or array",
    "duration": "seconds",
    "share": "number",
    "change": "number",
}
_SQL_TYPES = {
    Instant: "time",
    Boolean: "boolean",
    BigInteger: "bigint",
    SmallInteger: "smallint",
    Integer: "integer",
    Text: "text",
    LargeBinary: "bytes",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def shared() -> str:
    """Say what the options mean that many commands take."""
    parts = [f"### Options of `mhc`\n\n{_options(root_options())}"]
    parts += [f"### {name}\n\n{_SETS[name]}\n\n{_options(listed)}" for name, listed in shared_options()]
    return "\n\n".join(parts)


def commands() -> str:
    """Describe every command, under its group."""
    by_path, parts, group = groups(), [], ""
    for leaf in leaves():
        above = leaf.path.rpartition(" ")[0]
        if above and above != group:
            parts.append(f"## mhc {above}\n\n{' '.join((by_path[above].help or '').split())}")
        parts.append(f"{'###' if above else '##'} mhc {leaf.path}\n\n{_command(leaf)}")
        group = above
    return "\n\n".join(parts)


def _command(leaf: Leaf) -> str:
    paragraphs = [" ".join(part.split()) for part in leaf.help.split("\n\n")]
    parts = [*paragraphs, f"```text\n{leaf.usage}\n```"]
    listed = [*leaf.arguments, *leaf.own_options]
    if listed:
        parts.append(_options(listed))
    sets = [f"[{name}](#{name.lower()})" for name in leaf.sets if name != "Shared"]
    if sets:
        parts.append(f"Options as everywhere: {', '.join(sets)}.")
    if leaf.examples:
        parts.append("```sh\n" + "\n".join(leaf.examples) + "\n```")
    return "\n\n".join(parts)


def _options(listed: Iterable[Option]) -> str:
    return table(["option", "meaning"], [[f"`{one.written}`", one.help] for one in listed])


def settings() -> str:
    """Describe every setting."""
    rows = [[f"`{s.name}`", _key(s), s.help + _notes(s), _default(s)] for s in SETTINGS]
    return table(["variable", "key in config.toml", "meaning", "default"], rows)


def job_settings() -> str:
    """Describe what the table of a job may say, and what holds for each job where it says nothing."""
    every: dict[str, Setting] = {}
    for one in (one for job in JOBS for one in job.settings):
        every.setdefault(one.line, one)
    lines = [[f"`{one.line}`", one.help + _notes(one, lines=True)] for one in every.values()]
    rows = [[f"`{job.name}`", job.about, ", ".join(_given(job))] for job in JOBS]
    head = ["[jobs.NAME]", "what it does", "default"]
    return f"{table(['key', 'meaning'], lines)}\n\n{table(head, rows)}"


def _given(job: Job) -> list[str]:
    lines = [f"`{one.line} = {one.default}`" for one in job.settings if one.default]
    return [*lines, f"off without `{job.needs}`"] if job.needs else lines


def _key(setting: Setting) -> str:
    above, _, key = setting.key.rpartition(".")
    return f"`{key}` in `[{above}]`" if above else f"`{key}`"


def _notes(setting: Setting, *, lines: bool = False) -> str:
    notes = []
    if setting.secret:
        notes.append("Secret.")
    if setting.may_be_file:
        notes.append(
            f"Or a file: `{setting.line}_file`." if setting.table else f"Or a file: `{setting.name}_FILE`."
        )
    if setting.per_room:
        notes.append("May stand in `[rooms.NAME]`.")
    if setting.many:
        notes.append("May be a list.")
    if setting.variable is None and not lines:
        notes.append("No variable: in the file only.")
    return "".join(f" {note}" for note in notes)


def _default(setting: Setting) -> str:
    return setting.otherwise or (f"`{setting.default}`" if setting.default else "none")


def tables() -> str:
    """Describe every table of the schema."""
    unknown = set(words.TABLES) - set(metadata.tables)
    known = {str(column) for one in metadata.tables.values() for column in one.columns}
    gone = sorted(unknown | (set(words.COLUMNS) - known))
    if gone:
        raise LookupError(f"not in the schema, but in tests/docs_words.py: {', '.join(gone)}")
    return "\n\n".join(_table(one) for one in metadata.tables.values())


def _table(one: Table) -> str:
    if one.name not in words.TABLES:
        raise LookupError(f"the table {one.name} has no sentence in tests/docs_words.py")
    rows = [[f"`{c.name}`", _type(c), _column(c)] for c in one.columns]
    indexes = sorted(one.indexes, key=lambda index: str(index.name))
    unique = [
        f"* unique: {_names(key.columns)}"
        for key in sorted(one.constraints, key=lambda key: str(key.name))
        if isinstance(key, UniqueConstraint) and len(key.columns) > 1
    ]
    lines = unique + [_index(index) for index in indexes]
    parts = [f"### {one.name}", words.TABLES[one.name], table(["column", "type", "meaning"], rows)]
    return "\n\n".join([*parts, *(["\n".join(lines)] if lines else [])])


def _type(column: Column[typing.Any]) -> str:
    name = next(shown for kind, shown in _SQL_TYPES.items() if isinstance(column.type, kind))
    return f"{name}, null" if column.nullable else name


def _column(column: Column[typing.Any]) -> str:
    notes = ["key"] if column.primary_key else []
    notes += ["unique"] if column.unique else []
    notes += [f"→ [{key.column.table.name}](#{key.column.table.name})" for key in column.foreign_keys]
    return "; ".join([*notes, *filter(None, [words.COLUMNS.get(str(column))])])


def _index(index: Index) -> str:
    where = index.dialect_options["postgresql"]["where"]
    kind = "unique index" if index.unique else "index"
    return f"* {kind}: {_names(index.columns)}" + ("" if where is None else f", where `{where}`")


def _names(columns: Iterable[typing.Any]) -> str:
    return ", ".join(f"`{column.name}`" for column in columns)


def documents() -> str:
    """Describe what every command prints as JSON."""
    parts = []
    for leaf in leaves():
        fields, remark = leaf.fields, words.REMARKS.get(leaf.path)
        if fields is None and remark is None:
            continue
        what = remark or _document(leaf)
        rows = [] if fields is None else [_field(leaf, f) for f in fields] + _nested(leaf, fields)
        about = [
            [f"`{n}`", kind, "JSON", text] for n, (kind, text) in words.REPORTS.get(leaf.path, {}).items()
        ]
        head = ["field", "type", "printed in", "meaning"]
        parts += [f"### mhc {leaf.path}", what, *([table(head, [*about, *rows])] if rows else [])]
    return "\n\n".join(parts)


def _document(leaf: Leaf) -> str:
    if leaf.path in words.REPORTS:
        return "One object. The fields after `excluded` are those of each object in its array `rows`."
    return "An array of objects." if leaf.is_list else "One object."


def _field(leaf: Leaf, field: Field) -> list[str]:
    where = "all" if field.table and field.json else "JSON, `--fields`" if field.json else "table, TSV, CSV"
    if not (field.table or field.json):
        where = "`--fields`"
    kind, many = words.NESTED.get((leaf.path, field.name), (None, False))
    shape = _JSON_TYPES[field.kind] if kind is None else "array of objects" if many else "object"
    return [f"`{field.name}`", shape, where, field.help]


def _nested(leaf: Leaf, fields: Sequence[Field]) -> list[list[str]]:
    """Give a row for each field of an object inside a field."""
    rows = []
    for field in fields:
        kind, many = words.NESTED.get((leaf.path, field.name), (None, False))
        if kind is None:
            continue
        for name, hint in typing.get_type_hints(kind).items():
            text = words.NESTED_HELP[kind.__name__][name]
            inside = f"`{field.name}{'[]' if many else ''}.{name}`"
            rows.append([inside, _json_type(hint), "JSON", text])
    return rows


def _json_type(hint: object) -> str:
    if hint is typing.Any:
        return _JSON_TYPES["value"]
    if isinstance(hint, types.UnionType):
        hint = next(one for one in hint.__args__ if one is not type(None))
    if typing.get_origin(hint) is Sequence:
        return "array of strings"
    if hasattr(hint, "_fields") or typing.get_origin(hint) is Mapping:
        return "object"
    plain = {
        str: "string",
        int: "number",
        float: "number",
        datetime: "time",
        bool: "boolean",
        timedelta: "seconds",
    }
    return plain[typing.cast("type", hint)]


def exits() -> str:
    """Describe every exit status."""
    kinds: list[type[MhcError]] = [MhcError, *MhcError.__subclasses__()]
    codes = {kind.status: kind.code for kind in kinds}
    rows = []
    for status in Exit:
        meaning, remedy = words.EXITS[status]
        code = f"`{codes[status]}`" if status in codes else ""
        rows.append([str(int(status)), code, meaning, remedy])
    return table(["status", "code in JSON", "meaning", "what to do"], rows)


def statuses() -> str:
    """List the exit statuses, those of one kind of trouble on a line, for the README."""
    by_meaning: defaultdict[str, list[str]] = defaultdict(list)
    for status in Exit:
        by_meaning[words.EXITS[status][0].split(".")[0]].append(str(int(status)))
    return table(["status", "meaning"], [[", ".join(n), text] for text, n in by_meaning.items()])
