"""Commands of the operator's: backups, and what is of no more use."""

from pathlib import Path

import click

from game.cli.desk import now, open_for_command, open_place
from game.config import read_settings
from game.science.backup import make_backup
from game.science.backup import restore as put_back
from game.science.cleaning import clean_up, find_old


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
def backup(out: Path) -> None:
    """Copy everything that cannot be made again into a new folder OUT, while people play."""
    place = open_place()
    counts = make_backup(place.settings, place.store, out.resolve(), place.clock())
    click.echo(f"The database and {_listed(counts)} are in {out}. Keep it where nobody else can read it.")


@click.command()
@click.argument("backup_folder", metavar="IN", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Put it in the place of what is here already.")
def restore(backup_folder: Path, replace: bool) -> None:
    """Bring back what `fathom backup` put into the folder IN. Stop web and worker before."""
    settings = read_settings()
    counts = put_back(settings, open_for_command(settings), backup_folder.resolve(), replace=replace)
    click.echo(f"The database and {_listed(counts)} are back, in {settings.data}.")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def clean(dry_run: bool) -> None:
    """Remove what is of no more use, as the worker does once a day; FATHOM_KEEP_DAYS says what is kept for how long."""
    place = open_place()
    if dry_run:
        counts, verb = find_old(place.settings, place.store, now()).counts, "would go"
    else:
        counts, verb = clean_up(place.settings, place.store, now()), "removed"
    for what, n in counts.items():
        click.echo(f"{n:,} {what.replace('_', ' ')} {verb}")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{n:,} files of {name}" for name, n in counts.items())


COMMANDS = (backup, restore, clean)
