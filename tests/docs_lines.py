"""Every `mhc …` line of the documentation, and whether the real commands take it."""

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from mhc.cli.root import cli
from mhc.errors import MhcError

# Words in capitals that stand for something, with a value of its kind where text would not do; a group may have its own.
PLACEHOLDERS = {
    "N": "1",
    "ID": "1",
    "OTHER_ID": "2",
    "TIME": "2d",
    "SHELL": "bash",
    "KIND": "listen",
    "1-5": "3",
    "link KIND": "twitter",
}
# After these, `mhc` is the name of a user, a role or a database, and no command.
_NAMES = frozenset({"-u", "DATABASE", "OWNER", "ROLE"})
_ENDS = frozenset("|&;()<>`")
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_CRON_LINE = re.compile(r"#\s*[0-9*/]+(\s+[0-9*/]+){4}\s")  # one that waits to be put in force
_INLINE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Line:
    """A call of mhc in a page; `whole` in a code block, in running text it may only name a command."""

    page: str
    words: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        return f"{self.page}: mhc {' '.join(self.words)}"


def lines_of(path: Path) -> list[Line]:
    """Give the calls in a page of Markdown, or in a crontab."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".md":
        comments = "\n".join(line for line in text.splitlines() if line.startswith("#"))
        put_out = "\n".join(line.lstrip("# ") for line in comments.splitlines() if _CRON_LINE.match(line))
        return [*_calls(path, f"{text}\n{put_out}", whole=True), *_inline(path, comments)]
    blocks = [found[2] for found in _FENCE.finditer(text)]
    found = [call for block in blocks for call in _calls(path, block, whole=True)]
    return [*found, *_inline(path, _FENCE.sub("", text))]


def _inline(path: Path, text: str) -> Iterator[Line]:
    for found in _INLINE.finditer(text):
        yield from _calls(path, " ".join(found[1].split()), whole=False)


def _calls(path: Path, block: str, *, whole: bool) -> Iterator[Line]:
    """Give each call in lines of shell, systemd, cron or a Containerfile."""
    for line in block.replace("\\\n", " ").splitlines():
        words = _words(line)
        for place, word in enumerate(words):
            before = words[place - 1] if place else ""
            if word == "mhc" or word.endswith("/bin/mhc"):
                call = _until_end(words[place + 1 :])
                if before not in _NAMES and (call or not whole):
                    yield Line(path.name, tuple(call), whole)


def _words(line: str) -> list[str]:
    """Split a line as a shell would; a comment ends it."""
    text = line.replace("`", " ` ").replace("ExecStart=", "").replace("$(", " ( ")
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;()<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    try:
        return list(lexer)
    except ValueError:  # a quote that another line closes, or an apostrophe: no shell
        return text.split()


def _until_end(words: list[str]) -> list[str]:
    call = []
    for word in words:
        if set(word) <= _ENDS:
            break
        call.append(word)
    return call


def refusal(line: Line) -> str | None:
    """Say why the commands would not take a call; None where they would. Runs nothing."""
    words = [_filled(word, line.words[0]) for word in line.words if not (word[0] == "[" and word[-1] == "]")]
    if words[:1] == ["COMMAND"] or words == ["…"]:
        return None
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            _parse(cli, "mhc", words, whole=line.whole)
    except click.exceptions.Exit:  # --help, --version, --fields help
        return None
    except click.MissingParameter as error:
        in_options = isinstance(error.param, click.Option) and "[OPTIONS]" in line.words
        return None if in_options else str(error)
    except (click.ClickException, MhcError) as error:
        return str(error)
    return None


def _filled(word: str, group: str) -> str:
    bare = word.strip("[]").removesuffix("…")
    return PLACEHOLDERS.get(f"{group} {bare}", PLACEHOLDERS.get(bare, bare))


def _parse(command: click.Command, name: str, words: list[str], *, whole: bool) -> None:
    """Let a command read its words, and the one that they name the rest."""
    args = [word for word in words if word]
    try:
        ctx = command.make_context(name, args)
    except click.exceptions.NoArgsIsHelpError:
        if whole:
            raise
        return  # running text names a group
    except click.MissingParameter:
        if whole or words:
            raise
        return  # running text names a command
    with ctx:
        rest = [*ctx._protected_args, *ctx.args]
        if isinstance(command, click.Group) and rest:
            found, below, left = command.resolve_command(ctx, rest)
            assert below is not None
            _parse(below, found or "", left, whole=whole)
