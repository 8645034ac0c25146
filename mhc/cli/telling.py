"""What writing commands say on stderr: what was done, and which parts of a batch failed."""

import json
from collections.abc import Callable, Sequence

import click

from mhc.cli.options import Shared
from mhc.domain.text import encode
from mhc.errors import Exit, MhcError, NotFoundError, UsageError


def say(ctx: click.Context, text: str) -> None:
    """Say what was done; silent with -q."""
    if not ctx.ensure_object(Shared).quiet:
        click.echo(encode(text), err=True)


def each(ctx: click.Context, names: Sequence[str], do: Callable[[str], None]) -> int:
    """Do something for each name and give the exit status; a name that is wrong or unknown does not stop the others.

    A single name fails as if there were no batch.
    """
    if len(names) == 1:
        do(names[0])
        return Exit.OK
    failed: list[MhcError] = []
    for name in names:
        try:
            do(name)
        except (NotFoundError, UsageError) as error:
            complain(ctx, error)
            failed.append(error)
    if failed and len(failed) == len(names):
        return max(error.status for error in failed)
    return Exit.PARTIAL if failed else Exit.OK


def complain(ctx: click.Context, error: MhcError) -> None:
    """Say that a part of a batch failed, and why: a line, or one JSON object."""
    if ctx.ensure_object(Shared).output == "json":
        click.echo(json.dumps(error.as_dict()), err=True)
        return
    hint = f" ({error.hint})" if error.hint else ""
    click.echo(encode(f"mhc: {error.message}{hint}"), err=True)
