"""Where mhc keeps its things: the XDG directories, on macOS too, and systemd's."""

from collections.abc import Mapping
from pathlib import Path


def config_dir(environ: Mapping[str, str]) -> Path | None:
    """Give the directory of config.toml; None where no home directory is known."""
    return _xdg(environ, "XDG_CONFIG_HOME", ".config")


def data_dir(environ: Mapping[str, str]) -> Path | None:
    """Give the directory of the default database; None where no home directory is known."""
    return _xdg(environ, "XDG_DATA_HOME", ".local/share")


def state_dir(environ: Mapping[str, str]) -> Path | None:
    """Give the state directory as the environment has it, without reading a file.

    $MHC_STATE_DIR > $STATE_DIRECTORY (systemd; of several the first) > XDG; None where no home is known.
    """
    for name in ("MHC_STATE_DIR", "STATE_DIRECTORY"):
        path = Path(environ.get(name, "").split(":")[0])
        if path.is_absolute():
            return path
    return _xdg(environ, "XDG_STATE_HOME", ".local/state")


def _xdg(environ: Mapping[str, str], name: str, default: str) -> Path | None:
    """Give an XDG directory of ours; a relative one is to be ignored, says the specification."""
    base = Path(environ.get(name, ""))
    if base.is_absolute():
        return base / "mhc"
    home = _home(environ)
    return home / default / "mhc" if home else None


def _home(environ: Mapping[str, str]) -> Path | None:
    """Give $HOME, else what the system knows of this user (a service may have no HOME)."""
    home = Path(environ.get("HOME", ""))
    if home.is_absolute():
        return home
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home if home.is_absolute() else None
