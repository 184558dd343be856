"""Reads a project's folder into one frozen Project; what the checker objects to is not read at all."""

from pathlib import Path

from game.errors import LevelError
from game.levels.build import build
from game.levels.check import NEW_UUID, content_findings
from game.levels.project import Project


def read_projects(levels_dir: Path) -> dict[str, Project]:
    """Every project by its slug, in alphabetical order. Raises LevelError for the first broken one."""
    folders = sorted(path.parent for path in levels_dir.glob("*/project.toml"))
    projects = {folder.name: read_project(folder) for folder in folders}
    _check_uuids(projects)
    if not projects:
        raise LevelError(f"No project found in {levels_dir}: a project is a folder with a project.toml.")
    return projects


def read_project(folder: Path) -> Project:
    """Raises LevelError with the checker's sentences, one a line."""
    findings = content_findings(folder)
    if findings:
        raise LevelError("\n".join(f"{folder.name}/{finding}" for finding in findings))
    return build(folder)


def _check_uuids(projects: dict[str, Project]) -> None:
    """A folder copied from another keeps its uuid, and the database would take the two for one project."""
    first: dict[str, str] = {}
    for slug, project in projects.items():
        other = first.setdefault(project.uuid, slug)
        if other != slug:
            raise LevelError(f"{slug}/project.toml has the uuid of {other}; {NEW_UUID}.")
