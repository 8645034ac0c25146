"""Loading: the strongest source of each setting wins, and every problem is said at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mhc.config import directories
from mhc.config.job_values import read_jobs
from mhc.config.jobs import JobSettings
from mhc.config.options import check_option, database_argument
from mhc.config.settings import RoomSettings, Settings
from mhc.config.sources import (
    ConfigFile,
    Layer,
    check_private,
    read_config,
    read_env_file,
    read_secret_file,
    unknown,
)
from mhc.config.system_zone import system_zone
from mhc.config.table import SETTINGS, Setting
from mhc.config.values import parse_room, parse_value
from mhc.errors import ConfigError

_PER_ROOM = {s.name: s for s in SETTINGS if s.per_room}


def load(
    *,
    config_file: str | None = None,
    env_file: str | None = None,
    db: str | None = None,
    environ: Mapping[str, str],
) -> Settings:
    """Read every source; creates nothing. Raise ConfigError with all problems, UsageError for a bad option.

    Order, weakest first: default < config.toml < env-file < environment < option. Empty variables count as unset.
    """
    check_option("--config", config_file)
    check_option("--env-file", env_file)
    loader = _Loader({name: value for name, value in environ.items() if value.strip()})
    loader.read_files(config_file, env_file, None if db is None else database_argument("--db", db))
    return loader.settings()


class _Loader:
    """One run of load(): its sources, and the problems found on the way."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []
        self.origins: dict[str, str] = {}
        self.layers: list[Layer] = []  # strongest first
        self.file = ConfigFile(Layer("file", {}))
        self.config_path = Path("config.toml")

    def read_files(self, config_file: str | None, env_file: str | None, db: str | None) -> None:
        """Read config.toml and the env-file, as options or the environment name them."""
        named = self._named_file("MHC_CONFIG", config_file)
        home = directories.config_dir(self.environ)
        self.config_path = named or (home or Path("/nowhere")) / "config.toml"
        if named or home:
            self.file = read_config(self.config_path, required=named is not None, problems=self.problems)
        self.layers = [
            Layer("option", {"DATABASE_URL": db} if db else {}),
            Layer("environment", self.environ),
        ]
        lines = self._named_file("MHC_ENV_FILE", env_file)
        if lines:
            self.layers.append(read_env_file(lines, self.problems))
        self.layers.append(self.file.layer)

    def _named_file(self, variable: str, option: str | None) -> Path | None:
        """Give the file that an option or a variable names; only an option counts from where we are."""
        if option is not None:
            return Path(option).absolute()
        text = self.environ.get(variable)
        if text is None:
            return None
        path = self._parse(variable, "directory", text)
        return path if isinstance(path, Path) else None

    def settings(self) -> Settings:
        """Put the settings together, or raise ConfigError with every problem."""
        values = {one.attribute: self._value(one, self.layers) for one in SETTINGS if one.variable}
        values |= self._tables()
        data_dir = self._directory("XDG_DATA_HOME", directories.data_dir(self.environ))
        if values["database_url"] is None:
            values["database_url"] = f"sqlite:///{data_dir / 'mhc.db'}"
        if values["backup_dir"] is None:
            values["backup_dir"] = data_dir / "backups"
        if values["state_dir"] is None:
            values["state_dir"] = self._directory("MHC_STATE_DIR", directories.state_dir(self.environ))
            named = self.environ.get("STATE_DIRECTORY", "").startswith("/")
            self.origins["MHC_STATE_DIR"] = "environment" if named else "default"
        if values["timezone"] is None:
            values["timezone"] = self._system_zone()
        rooms = self._rooms(values)
        jobs = self._jobs(values, rooms)
        if self.problems:
            raise ConfigError.all_of(list(dict.fromkeys(self.problems)))
        return Settings(
            rooms=rooms,
            jobs=jobs,
            data_dir=data_dir,
            config_path=self.config_path,
            tables=self.file.tables,
            origins=self.origins,
            **values,
        )

    def _value(self, setting: Setting, layers: Sequence[Layer]) -> Any:
        """Give the strongest value of a setting, parsed; None when nothing says it or it is wrong."""
        for layer in layers:
            text = self._find(setting, layer)
            if text is not None:
                return self._parse(layer.label(setting.name), setting.kind, text, many=setting.many)
        self.origins[setting.name] = "default"
        return (
            None if setting.default is None else parse_value(setting.kind, setting.default, many=setting.many)
        )

    def _find(self, setting: Setting, layer: Layer) -> object:
        """Give what a source says of a setting, itself or through NAME_FILE; None when nothing."""
        direct, by_file = layer.values.get(setting.name), layer.values.get(f"{setting.name}_FILE")
        if not setting.may_be_file or by_file is None:
            if direct is not None:
                self.origins[setting.name] = layer.origin
            return direct
        label = layer.label(f"{setting.name}_FILE")
        self.origins[setting.name] = f"{setting.name}_FILE"
        if direct is not None:
            self.problems.append(f"{label}: {setting.key} is given as well; keep one of them")
        try:
            return read_secret_file(str(by_file), self.environ)
        except ValueError as error:
            self.problems.append(f"{label}: {error}")
            return None

    def _parse(self, label: str, kind: str, text: object, *, many: bool = False) -> Any:
        """Parse a value of any source; a bad one becomes a problem and None."""
        try:
            return parse_value(kind, text, many=many)
        except ValueError as error:
            self.problems.append(f"{label}: {error}")
            return None

    def _tables(self) -> dict[str, Any]:
        """Give the settings that stand in tables of the file."""
        found: dict[str, Any] = {}
        for table in dict.fromkeys(one.table for one in SETTINGS if one.table):
            mine = [s for s in SETTINGS if s.table == table]
            found |= self._table(table, self.file.tables.get(table, {}), mine)
        return found

    def _table(self, table: str, lines: Mapping[str, object], mine: Sequence[Setting]) -> dict[str, Any]:
        """Give the settings of a table, by attribute; what else stands there is refused."""
        label = f"{self.file.layer.prefix}[{table}]"
        names = {s.line: s.name for s in mine}
        names |= {f"{s.line}_file": f"{s.name}_FILE" for s in mine if s.may_be_file}
        self.problems += [f"{label}: {unknown(key, set(names))}" for key in lines if key not in names]
        values = {names[key]: value for key, value in lines.items() if key in names and value != ""}
        layer = Layer("file", values, f"{label} ", lower=True)
        return {one.attribute: self._value(one, [layer]) for one in mine}

    def _jobs(self, values: Mapping[str, Any], rooms: Sequence[RoomSettings]) -> dict[str, JobSettings]:
        has = {one.name for one in SETTINGS if values.get(one.attribute) not in (None, False)}
        has |= {one.name for one in _PER_ROOM.values() if any(getattr(r, one.attribute) for r in rooms)}
        return read_jobs(
            self.file.tables.get("jobs", {}), self.file.layer.prefix, self._table, has, self.problems
        )

    def _directory(self, variable: str, path: Path | None) -> Path:
        """Give a default directory, or note that there is no home to put it in."""
        if path is None:
            self.problems.append(f"{variable}: HOME is not set, and so this must be")
        return path or Path("/nowhere")

    def _system_zone(self) -> ZoneInfo | None:
        try:
            return system_zone(self.environ)
        except ValueError as error:
            self.problems.append(f"TZ: {error}; MHC_TIMEZONE decides")
            return None

    def _rooms(self, values: Mapping[str, Any]) -> tuple[RoomSettings, ...]:
        """List our rooms, the main one first; its own table fills in what nothing else says."""
        rooms: dict[str, RoomSettings] = {}
        if values["room"]:
            rooms[values["room"]] = RoomSettings(
                values["room"], values["events_token"], values["stats_token"]
            )
        tables: set[str] = set()
        for key, table in self.file.tables.get("rooms", {}).items():
            label = f"{self.file.layer.prefix}[rooms.{key}]"
            try:
                name = parse_room(key)
            except ValueError as error:
                self.problems.append(f"{label}: {error}")
                continue
            if name in tables or not isinstance(table, dict):
                self.problems.append(f"{label}: {'stands twice' if name in tables else 'must be a table'}")
                continue
            tables.add(name)
            room, main = self._room(name, label, table), rooms.get(name, RoomSettings(name))
            rooms[name] = RoomSettings(
                name, main.events_token or room.events_token, main.stats_token or room.stats_token
            )
        return tuple(rooms.values())

    def _room(self, name: str, label: str, table: Mapping[str, object]) -> RoomSettings:
        """Read [rooms.NAME]: that room's own tokens."""
        allowed = {key for s in _PER_ROOM.values() for key in (s.key, f"{s.key}_file")}
        self.problems += [f"{label}: {unknown(key, allowed)}" for key in table if key not in allowed]
        layer = Layer("file", {k.upper(): v for k, v in table.items() if v != ""}, f"{label} ", lower=True)
        if self.file.text:
            check_private(self.file.text, layer.values, self.problems)
        found = {}
        kept = dict(self.origins)
        for setting in _PER_ROOM.values():
            text = self._find(setting, layer)
            found[setting.attribute] = (
                None if text is None else self._parse(layer.label(setting.name), "secret", text)
            )
        self.origins = kept
        return RoomSettings(name, **found)
