"""`mhc completion`: the script that makes a shell complete commands, options and names."""

import click
from click.shell_completion import get_completion_class

from mhc.cli.options import Command, common_options


@click.command(
    cls=Command,
    examples=[
        'eval "$(mhc completion bash)"',
        "mhc completion fish > ~/.config/fish/completions/mhc.fish",
    ],
)
@click.argument(
    "shell",
    metavar="SHELL",
    type=click.Choice(["bash", "zsh", "fish"]),
    help="Your shell: bash, zsh or fish.",
)
@common_options
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """The script that makes a shell complete commands and names.

    Names are those of people, lists and rooms.
    For bash put the line of the example into ~/.bashrc, for zsh the same with zsh into ~/.zshrc.
    """
    script = get_completion_class(shell)
    assert script is not None
    click.echo(script(ctx.find_root().command, {}, "mhc", "_MHC_COMPLETE").source())
