"""The files that settings come from: read once, never created, refused where others could read a secret."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mhc.config.table import SETTINGS, TABLES
from mhc.config.values import parse_directory, passwords_in
from mhc.patterns import Pattern

_MAX_BYTES: Final = 1 << 20
_LINE = Pattern(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)", re.ASCII)
_OURS = ("MHC_", "CB_", "CHATURBATE_", "STATBATE_")
_NAMES = frozenset(s.name for s in SETTINGS) | {f"{s.name}_FILE" for s in SETTINGS if s.may_be_file}
KEYS: Final = frozenset(name.lower() for name in _NAMES if "." not in name)
_SECRETS = frozenset(s.name for s in SETTINGS if s.secret) | {"url"}


@dataclass(frozen=True)
class TextFile:
    """A file's text, who owns it and what its mode allows."""

    path: Path
    text: str
    owner: int
    mode: int

    def exposure(self, *, owners: tuple[int, ...], mask: int = 0o077) -> str | None:
        """Say why no secret may stand in it; None when it is private."""
        if self.owner not in owners:
            return "belongs to another user"
        if self.mode & mask:
            return f"can be read by others (mode {self.mode:04o}; chmod 600 {self.path})"
        return None


@dataclass
class Layer:
    """The values of one source, by variable name."""

    origin: str
    values: Mapping[str, object]
    prefix: str = ""
    lower: bool = False

    def label(self, name: str) -> str:
        """Name a setting as the user wrote it, with the file it stands in."""
        line = name.rpartition(".")[2]  # of a table, which the prefix names
        return f"{self.prefix}{line.lower() if self.lower else line}"


@dataclass
class ConfigFile:
    """config.toml: its single values and its tables."""

    layer: Layer
    tables: dict[str, dict[str, object]] = field(default_factory=dict)
    text: TextFile | None = None


class MissingFileError(ValueError):
    """There is no such file."""


def read_text_file(path: Path) -> TextFile:
    """Read a small UTF-8 file; the mode is that of what was read. Raise ValueError with the reason."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            body = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFileError(f"{path}: no such file") from None
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    if len(body) > _MAX_BYTES:
        raise ValueError(f"{path}: is larger than 1 MiB")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is not UTF-8 (byte {error.start})") from None
    return TextFile(path, text, status.st_uid, stat.S_IMODE(status.st_mode))


def read_config(path: Path, *, required: bool, problems: list[str]) -> ConfigFile:
    """Read config.toml. A missing one is a problem only when it was named."""
    empty = ConfigFile(Layer("file", {}))
    try:
        file = read_text_file(path)
    except ValueError as error:
        if required or not isinstance(error, MissingFileError):
            problems.append(str(error))
        return empty
    try:
        document = tomllib.loads(file.text)
    except (ValueError, RecursionError) as error:  # ValueError also for a number of thousands of digits
        problems.append(f"{path}: {error if isinstance(error, ValueError) else 'is nested too deeply'}")
        return empty
    tables, values = {}, {}
    for key, value in document.items():
        if key not in KEYS and key not in TABLES:
            problems.append(f"{path}: {unknown(key, KEYS | set(TABLES))}")
        elif (key in TABLES) != isinstance(value, dict):
            problems.append(f"{path}: {key} must {'be a table' if key in TABLES else 'not be a table'}")
        elif key in TABLES:
            tables[key] = value
        elif value != "":
            values[key.upper()] = value
    check_private(file, values | _secrets_in(tables), problems)
    return ConfigFile(Layer("file", values, f"{path}: ", lower=True), tables, file)


def _secrets_in(tables: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """Give what is secret in the tables of settings, of alerts and of jobs, by name."""
    found: dict[str, object] = {}
    if urls := hook_urls(tables):
        found["url"] = urls
    for one in SETTINGS:
        value = tables.get(one.table, {}).get(one.line) if one.table and one.secret else None
        if value:
            found[one.name] = value
    return found


def hook_urls(tables: Mapping[str, Mapping[str, object]]) -> list[str]:
    """List the URLs that alerts post to and jobs ping, right or wrong."""
    kinds = (("alerts", "url"), ("jobs", "ping_url"))
    found = [
        one.get(key)
        for table, key in kinds
        for one in tables.get(table, {}).values()
        if isinstance(one, dict)
    ]
    return [url for url in found if isinstance(url, str) and url]


def read_env_file(path: Path, problems: list[str]) -> Layer:
    """Read lines NAME=value, as systemd and docker take them; a line's content is never shown."""
    values: dict[str, object] = {}
    layer = Layer("env-file", values, f"{path}: ")
    try:
        file = read_text_file(path)
    except ValueError as error:
        problems.append(str(error))
        return layer
    for number, raw in enumerate(file.text.split("\n"), 1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        match = _LINE.fullmatch(line)
        if not match:
            problems.append(f"{path}: line {number} is not NAME=value")
            continue
        name, value = match[1], _unquote(match[2].strip())
        if name in _NAMES:
            values.pop(name, None)
            if value.strip():
                values[name] = value
        elif name.startswith(_OURS):
            problems.append(f"{path}: line {number}: {unknown(name, _NAMES)}")
    check_private(file, values, problems)
    return layer


def _unquote(text: str) -> str:
    """Take one pair of quotes off; nothing inside is expanded."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def check_private(file: TextFile, values: Mapping[str, object], problems: list[str]) -> None:
    """Refuse a file that others can read, if it holds a secret."""
    url = values.get("DATABASE_URL")
    if not (_SECRETS & values.keys() or (isinstance(url, str) and passwords_in(url))):
        return
    reason = file.exposure(owners=(os.geteuid(),))
    if reason:
        problems.append(f"{file.path}: holds a secret and {reason}")


def read_secret_file(name: str, environ: Mapping[str, str]) -> str:
    """Read the file that NAME_FILE names: ours or root's, and nobody else's to read.

    systemd gives credentials through an access list, which shows as the group's right to read.
    """
    path = parse_directory(name)
    file = read_text_file(path)
    granted = Path(environ.get("CREDENTIALS_DIRECTORY", ""))
    mask = 0o037 if granted.is_absolute() and path.parent == granted else 0o077
    reason = file.exposure(owners=(os.geteuid(), 0), mask=mask)
    if reason:
        raise ValueError(f"{path} {reason}")
    if not file.text.strip():
        raise ValueError(f"{path} is empty")
    return file.text.strip()


def unknown(key: str, known: frozenset[str] | set[str], kind: str = "setting") -> str:
    """Say that there is no such setting, or other thing, with the nearest ones."""
    from difflib import get_close_matches

    names = {name.lower(): name for name in known}
    near = [names[name] for name in get_close_matches(key.lower(), names, n=2)]
    return f"no {kind} named {key!r}" + (f"; did you mean {' or '.join(near)}?" if near else "")
