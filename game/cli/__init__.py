"""The command line, `fathom`: every command is one use case, said in words; what cannot be done is one sentence."""

import signal
import sys

import click

from game.cli import consensus, content, learning, models, scaled, servers, upkeep
from game.errors import FathomError

REFUSED = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def fathom() -> None:
    """Fathom: volunteers classify images, scientists get a consensus weighted by reliability, and a model."""


for part in (content, servers, scaled, learning, models, consensus, upkeep):
    for command in part.COMMANDS:
        fathom.add_command(command)


@fathom.command()
@click.pass_context
def play(context: click.Context) -> None:
    """Set up what is missing, then serve: what `make play` runs."""
    context.invoke(content.setup)
    context.invoke(servers.serve)


def main() -> None:
    # Whatever ends a command ends the processes that it has started too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        fathom.main(standalone_mode=False)
    except FathomError as refused:
        click.echo(str(refused), err=True)
        sys.exit(REFUSED)
    except click.ClickException as misused:
        misused.show()
        sys.exit(misused.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
