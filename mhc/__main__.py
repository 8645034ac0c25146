"""main(): signals, streams, closed pipes, and the one place where an error becomes output and a status."""

import errno
import gc
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from mhc.errors import DISK, DeclinedError, Exit, MhcError, OutputError, UsageError

if TYPE_CHECKING:  # the rest is imported where main() can catch a Ctrl-C
    import click


def main() -> NoReturn:
    """Run mhc as the installed command does."""
    os.umask(0o077)
    # Nearly all that a start makes lives on: to look for garbage in it costs a tenth of a look-up.
    gc.set_threshold(50_000)
    try:
        _open_missing_streams()
        sys.excepthook = _last_words
        signal.signal(signal.SIGTERM, _terminate)
        from mhc.cli.root import cli

        status = run(cli, sys.argv[1:])
    except KeyboardInterrupt:  # while modules were imported, or a message was written
        status = Exit.INTERRUPTED
    sys.exit(status)


def run(cli: "click.Command", args: Sequence[str]) -> int:
    """Run a command with its arguments and give the exit status; what went wrong is on stderr.

    An int that a command returns is its exit status.
    """
    from mhc.cli.terminal import prepare_streams

    prepare_streams()
    out, err = sys.stdout, sys.stderr
    status = _invoke(cli, args)
    if sys.stdout is not out:  # Click met a closed pipe: it wrapped the streams and exited with 1
        sys.stdout, sys.stderr = out, err
        status = Exit.CLOSED_PIPE
    return _flush(status)


def _invoke(cli: "click.Command", args: Sequence[str]) -> int:
    """Run a command; each way it can end is a status."""
    import click

    try:
        result = cli.main(list(args), prog_name="mhc", standalone_mode=False)
        return result if isinstance(result, int) and not isinstance(result, bool) else Exit.OK
    except SystemExit as stop:
        return _status_of(stop)
    except (KeyboardInterrupt, click.Abort) as stop:
        if isinstance(stop, KeyboardInterrupt) or isinstance(stop.__context__, KeyboardInterrupt):
            return Exit.INTERRUPTED
        return _report(DeclinedError("not done: no answer, or the answer was no"), args, stop)
    except BrokenPipeError:
        return Exit.CLOSED_PIPE
    except Exception as error:  # noqa: BLE001 - the last resort: known errors get their sentence, a bug its crash file
        return _fail(error, args)


def _fail(error: Exception, args: Sequence[str]) -> int:
    """Turn an exception into a sentence and a status."""
    import click

    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not _wants_json(args, os.environ):
        _write_error(error.format_message())
        return Exit.USAGE
    if isinstance(error, click.ClickException):
        return _report(_from_click(error), args, error)
    if isinstance(error, MhcError):
        return _report(error, args, error)
    if isinstance(error, OSError) and error.errno in DISK:
        return _report(_write_error_of(error), args, error)
    from mhc.log import redacted_traceback

    if _wants_debug(args, os.environ):
        _write_error(redacted_traceback(error))
        return Exit.BUG
    return _report(_bug(error), args, error)


def _status_of(stop: SystemExit) -> int:
    """Give the status of an exit: a text instead of a number is a message."""
    if stop.code is None or isinstance(stop.code, int):
        return stop.code or Exit.OK
    _write_error(f"mhc: {_line(str(stop.code))}")
    return Exit.PARTIAL


def _write_error_of(error: OSError) -> MhcError:
    where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
    return OutputError(f"write error: {where}{error.strerror}")


def _from_click(error: "click.ClickException") -> MhcError:
    """Say what Click says in one line of our form."""
    import click

    if isinstance(error, click.FileError):
        return OutputError(f"{error.ui_filename}: {error.message}")
    if not isinstance(error, click.UsageError):
        return DeclinedError(error.format_message())
    path = error.ctx.command_path if error.ctx else "mhc"
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return UsageError("missing command", hint=f"{path} --help")
    text = " ".join(error.format_message().split()).removesuffix(".")
    if text[1:2].islower():
        text = text[0].lower() + text[1:]
    return UsageError(text, hint=f"{path} --help")


def _bug(error: Exception) -> MhcError:
    """Write a crash file and say where it is; where none can be written, the traceback is the message."""
    from mhc.log import redacted_traceback

    kind = type(error).__name__
    try:
        path = _write_crash_file(redacted_traceback(error), os.environ)
    except OSError as failure:
        _write_error(redacted_traceback(error))
        return MhcError(f"a bug in mhc ({kind}); no crash file could be written ({failure.strerror})")
    return MhcError(f"a bug in mhc ({kind}), written to {path}", hint="--debug shows it here")


def _write_crash_file(text: str, environ: Mapping[str, str]) -> str:
    """Write a traceback to the state directory, as the environment names it, and give the file's path."""
    import platform
    from datetime import UTC, datetime

    from mhc import __version__
    from mhc.config import state_dir

    now = datetime.now(UTC)
    state = state_dir(environ)
    if state is None:
        raise OSError(errno.ENOENT, "there is no state directory")
    folder = state / "crash"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{now:%Y%m%dT%H%M%S.%fZ}.txt"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"mhc {__version__}, Python {platform.python_version()}, {platform.platform()}\n\n{text}")
    return str(path)


def _report(error: MhcError, args: Sequence[str], cause: BaseException) -> int:
    """Print an error on stderr, as a line and a hint or as one JSON object, and give its status."""
    from mhc.log import redact, redacted_traceback

    if _wants_debug(args, os.environ):
        _write_error(redacted_traceback(cause))
    if _wants_json(args, os.environ):
        import json

        clean = {k: redact(v) if isinstance(v, str) else v for k, v in _body(error).items()}
        _write_error(json.dumps({"error": clean}))
    else:
        _write_error(f"mhc: {_line(error.message)}" + (f"\nhint: {_line(error.hint)}" if error.hint else ""))
    return int(error.status)


def _body(error: MhcError) -> dict[str, Any]:
    body = error.as_dict()["error"]
    assert isinstance(body, dict)
    return body


def _line(text: str) -> str:
    """Redact and escape a sentence; only an indented line of a list may begin a new one."""
    from mhc.log import escape, redact

    return "\n  ".join(escape(part) for part in redact(text).split("\n  "))


def _write_error(text: str) -> None:
    """Write to stderr, where that is possible."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text.rstrip("\n") + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        _mute(2)


def _wants_debug(args: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Say whether tracebacks are wanted, even if the arguments could not be parsed."""
    return "--debug" in _before_dashes(args) or environ.get("MHC_DEBUG", "") not in {"", "0"}


def _wants_json(args: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Say whether errors are wanted as JSON, even if the arguments could not be parsed: the last word counts."""
    chosen = environ.get("MHC_OUTPUT", "")
    words = _before_dashes(args)
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word == "--json":
            return True
        if word in {"-o", "--output"}:
            chosen = following
        elif word.startswith("--output="):
            chosen = word.partition("=")[2]
        elif word.startswith("-o"):
            chosen = word[2:]
    return chosen == "json"


def _before_dashes(args: Sequence[str]) -> list[str]:
    words = list(args)
    return words[: words.index("--")] if "--" in words else words


def _flush(status: int) -> int:
    """Write out what stdout still holds, while a failure can still be told; give the status."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        status = status or Exit.CLOSED_PIPE
        _mute(1)
    except OSError as error:
        if status != Exit.OUTPUT:  # else it has been said
            _write_error(f"mhc: {_line(_write_error_of(error).message)}")
        status = status or Exit.OUTPUT
        _mute(1)
    except ValueError:  # closed by someone
        pass
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except (OSError, ValueError):
        _mute(2)
    return status


def _mute(descriptor: int) -> None:
    """Point a broken stream to nothing, or Python complains about it while it ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


def _open_missing_streams() -> None:
    """Fill closed standard descriptors: the next file opened would take their place, and our output."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _last_words(_kind: type[BaseException], error: BaseException, _trace: object) -> None:
    """Redact even what main() itself gets wrong."""
    from mhc.log import redacted_traceback

    _write_error(redacted_traceback(error))


def _terminate(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
