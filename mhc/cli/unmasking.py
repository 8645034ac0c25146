"""The options --reveal and --private: what shows more than is shown by itself leaves a line in the audit log."""

from functools import wraps
from typing import Any, TypeVar

import click

from mhc.cli.context import settings, utc_now
from mhc.cli.options import Decorator, Function
from mhc.cli.telling import say
from mhc.errors import MhcError

T = TypeVar("T")


def unmask_options(
    *, reveal: str | None = None, private: str | None = None, elsewhere: bool = False
) -> Decorator:
    """Give a command --reveal, --private or both, with these help texts; it gets what was given of them as flags.

    While others see the screen both are as if they were not given; but for a command that shows it `elsewhere`, too,
    and that keeps it from the screen itself.
    """
    helps = {"reveal": reveal, "private": private}

    def decorate(function: Function[T], /) -> Function[T]:
        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> T:
            asked = [name for name in helps if kwargs.get(name)]
            if asked and not elsewhere and settings(click.get_current_context()).screen_safe:
                say(
                    click.get_current_context(),
                    f"MHC_SCREEN_SAFE is set: --{' and --'.join(asked)} {'shows' if len(asked) == 1 else 'show'} nothing",
                )
                kwargs.update(dict.fromkeys(asked, False))
            elif asked:
                _note(click.get_current_context(), asked)
            return function(*args, **kwargs)

        for name in reversed(helps):
            if helps[name] is not None:
                click.option(f"--{name}", is_flag=True, help=helps[name])(run)
        return run

    return decorate


def _note(ctx: click.Context, asked: list[str]) -> None:
    from mhc import audit  # where there is something to note, and nowhere else

    state_dir = settings(ctx).state_dir
    command = ctx.command_path.partition(" ")[2]
    try:
        audit.record(state_dir, command, at=utc_now(), shown=asked)
    except MhcError as error:
        # Who owns the data may look at it when the disk is full, too: nothing leaves the machine by that.
        say(ctx, f"warning: {error.message}; shown all the same")
