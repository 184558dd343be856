"""Commands about what is played: the data folder, levels, subjects, and people's roles."""

from pathlib import Path

import click
import numpy as np

from game.cli.desk import known_project, now, open_place, shown_progress
from game.config import read_settings
from game.errors import InvalidInput, LevelError
from game.levels import check
from game.play import accounts
from game.science.gold import GoldBy, GoldShare
from game.science.subjects import (
    Destination,
    ImportReport,
    import_labelled_images,
    import_package,
    import_points,
)
from game.science.work import Workplace
from game.store import reading, subjects, transaction
from game.store.tables.people import Role

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
def setup() -> None:
    """Make the data folder, bring the database to the newest version, import the built-in projects."""
    place = open_place()
    click.echo(f"Data in {place.settings.data}")
    for project in place.projects.values():
        if project.package is None or _n_subjects(place, project.slug) >= len(project.subjects):
            continue
        with shown_progress() as progress:
            report = import_package(_destination(place, project.slug), progress)
        _show(report, project.slug)


@click.command()
def migrate() -> None:
    """Bring the database to the newest version."""
    open_place()
    click.echo("The database is at the newest version.")


@click.group()
def levels() -> None:
    """Projects and their levels, the folders under levels/."""


@levels.command("check")
@click.argument("slug", required=False)
def check_levels(slug: str | None) -> None:
    """Say what is wrong in the folder of one project, or of all, and what to write instead."""
    root = read_settings().levels
    folders = [root / Path(slug).name] if slug else sorted(path.parent for path in root.glob("*/project.toml"))
    if slug and not folders[0].is_dir():
        raise LevelError(f"There is no folder {folders[0]}.")
    n_findings = 0
    for folder in folders:
        findings = check(folder)
        n_findings += len(findings)
        click.echo("\n".join(f"{folder.name}/{finding}" for finding in findings) or f"{folder.name}: good")
    if n_findings:
        raise LevelError(f"{n_findings} to mend.")


@click.group("subjects")
def subjects_group() -> None:
    """The subjects of a project."""


@subjects_group.command("import")
@click.argument("slug")
@click.option("--images", type=FOLDER, required=True, help="The folder of pictures.")
@click.option("--annotations", type=FILE, help="Points, in CoralNet's form: Name,Row,Column,Label.")
@click.option("--labels", type=FILE, help="Whole images: a table with the columns that the project names.")
@click.option("--gold", type=float, default=0.25, show_default=True, help="The share that becomes gold, 0 to 1.")
@click.option(
    "--gold-by", type=click.Choice([str(by) for by in GoldBy]), default="image", show_default=True,
    help="What is drawn: whole images, subjects, or whole sites where they are known.",
)  # fmt: skip
def import_subjects(
    slug: str, images: Path, annotations: Path | None, labels: Path | None, gold: float, gold_by: str
) -> None:
    """Import pictures with experts' labels. Importing twice changes nothing."""
    if (annotations is None) == (labels is None):
        raise InvalidInput("Give either --annotations, for points, or --labels, for whole images.")
    place = open_place()
    known_project(place, slug)
    share = GoldShare(gold, GoldBy(gold_by))
    with shown_progress() as progress:
        if annotations is not None:
            report = import_points(_destination(place, slug), images, annotations, share, progress)
        elif labels is not None:
            report = import_labelled_images(_destination(place, slug), images, labels, share, progress)
    _show(report, slug)


@click.command()
@click.argument("login")
@click.argument("role", type=click.Choice([str(role) for role in Role]))
def role(login: str, role: str) -> None:
    """Give an account a role."""
    with transaction(open_place().store) as session:
        changed = accounts.change_role(session, login, Role(role))
    click.echo(f"{changed.login} is now {changed.role}.")


def _destination(place: Workplace, slug: str) -> Destination:
    return Destination(place.store, place.settings.images, place.projects[slug], now(), np.random.default_rng())


def _n_subjects(place: Workplace, slug: str) -> int:
    with reading(place.store) as session:
        row = subjects.project_row(session, slug)
        return 0 if row is None else subjects.n_subjects(session, row.id)


def _show(report: ImportReport, slug: str) -> None:
    for refused in report.refused:
        click.echo(f"Line {refused.line} refused: {refused.reason}")
    click.echo(
        f"{slug}: {report.n_taken:,} subjects taken, {report.n_gold:,} of them gold; {report.n_there:,} were there "
        f"already; {len(report.refused):,} rows refused."
    )
    if report.refused and not report.n_taken and not report.n_there:
        raise InvalidInput("Nothing could be taken: are the folder and the table the ones you meant?")


COMMANDS = (setup, migrate, levels, subjects_group, role)
