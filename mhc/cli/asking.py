"""What a person is asked for: a yes before something is destroyed, and a text in their editor."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from mhc.cli.context import settings
from mhc.domain.text import clean, encode
from mhc.errors import UsageError


def sure(question: str, *, yes: bool, no_input: bool) -> None:
    """Ask whether to go on, unless `yes`; a no aborts. Raises UsageError where nobody can answer."""
    if yes:
        return
    if no_input or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} Nobody is here to answer", hint="-y, where the answer is yes")
    click.confirm(encode(question), abort=True, err=True)


def text_of(ctx: click.Context, text: str | None, *, old: str = "", no_input: bool) -> str:
    """Give a text that was typed: as an argument, on stdin (`-`), or in the editor, which opens with the old one.

    May be empty. Raises UsageError where there is neither a text nor a terminal.
    """
    if text == "-":
        text = sys.stdin.read()
    elif text is None:
        if no_input or not sys.stdin.isatty():
            raise UsageError("what is the note?", hint="give it as TEXT, or - for stdin")
        text = _edited(ctx, old)
    return clean(text).strip()


def _edited(ctx: click.Context, old: str) -> str:
    """Let the editor change a text, in a folder that is ours and goes with what the editor leaves in it."""
    state = settings(ctx).state_dir
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=state, prefix="editing-") as folder:
        path = Path(folder) / "note.txt"
        path.write_text(old, encoding="utf-8", newline="")
        click.edit(filename=str(path))
        return path.read_bytes().decode("utf-8", "replace") if path.exists() else ""
