"""The least that a lazy Click program of some commands can be: what mhc's start-up is measured against."""

import click

TABLE = {"hello": "Say hello.", "bye": "Say good-bye."}


class Lazy(click.Group):
    """A group whose commands are made when they are called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(TABLE)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in TABLE:
            return None
        return click.Command(cmd_name, help=TABLE[cmd_name], callback=lambda: click.echo(cmd_name))


@click.group(cls=Lazy)
@click.option("--config", help="A file.")
@click.version_option("1.0")
def hello(config: str | None) -> None:
    """Say hello."""


if __name__ == "__main__":
    hello(prog_name="hello")
