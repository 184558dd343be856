"""Commands of the operator's: what is of no more use goes."""

import click

from game.cli.desk import open_place
from game.science.cleaning import clean_up, find_old


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def clean(dry_run: bool) -> None:
    """Remove what is of no more use, as the worker does once a day; FATHOM_KEEP_DAYS says what is kept for how long."""
    place = open_place()
    if dry_run:
        counts, verb = find_old(place.settings, place.store, place.clock()).counts, "would go"
    else:
        counts, verb = clean_up(place.settings, place.store, place.clock()), "removed"
    for what, n in counts.items():
        click.echo(f"{n:,} {what.replace('_', ' ')} {verb}")


COMMANDS = (clean,)
