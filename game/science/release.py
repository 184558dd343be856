"""Releases: all that is known of a project, in two editions, versioned and checksummed."""

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from game.artifacts.files import sha256_of
from game.artifacts.folders import put_in_place, unfinished_folder, write_manifest, write_zip
from game.errors import Conflict, NotFound
from game.levels import Project
from game.science.editions import Contents, Edition
from game.science.findings import Findings, find, read_rows
from game.science.labels import sync_labels
from game.science.released import Published, published
from game.science.sheets import VOLUNTEERS, OpenSheet, dictionary, milliseconds, sheets
from game.store import Session, Store, publications, reading, snapshot, subjects, transaction
from game.store.tables import Release
from game.store.witness import MetModel, as_kept
from game.version import CODE_VERSION


@dataclass(frozen=True)
class _Made:
    findings: Findings
    version: int
    at: datetime
    includes_simulated: bool

    @property
    def archive(self) -> str:
        return f"{self.findings.project.slug}-{self.version}.zip"


def make_release(
    store: Store, project: Project, releases: Path, now: datetime, *, include_simulated: bool = False
) -> Published:
    """Raises Conflict if there is nothing to release; the sentence says when only simulated volunteers answered."""
    project_id = _project_id(store, project, now)
    with reading(store) as session:
        version = publications.next_version(session, project_id)
    folder = releases / project.slug / str(version)
    with unfinished_folder(folder) as filling:
        with snapshot(store) as session:
            made = _Made(_findings(session, project, project_id, include_simulated), version, now, include_simulated)
            row = _row(project_id, made, filling, _write(session, project_id, made, filling))
        with transaction(store) as session:
            # The row has the version before the folder gets its name: of two releases at once only one can have it.
            publications.add_release(session, row)
            known = published(row)
            # No row knew this version until now, so a folder of that name is what a crash has left.
            shutil.rmtree(folder, ignore_errors=True)
            put_in_place(filling, folder)
    return known


def _findings(session: Session, project: Project, project_id: int, include_simulated: bool) -> Findings:
    rows = read_rows(session, project_id, include_simulated=include_simulated)
    if not len(rows.said):
        raise Conflict(_nothing_to_release(project, publications.n_answers(session, project_id)))
    return find(project, rows)


def _project_id(store: Store, project: Project, now: datetime) -> int:
    with transaction(store) as session:
        if subjects.project_row(session, project.slug) is None:
            raise NotFound(f"The project “{project.title}” has no subjects yet.")
        return sync_labels(session, project, now)


def _nothing_to_release(project: Project, n_simulated: int) -> str:
    if n_simulated == 0:
        return f"The project “{project.title}” has no answers yet, so there is nothing to release."
    return (
        f"Nobody but simulated volunteers has answered in the project “{project.title}” yet. To release their "
        f"{n_simulated} answers ask for them: --include-simulated."
    )


def _write(session: Session, project_id: int, made: _Made, folder: Path) -> dict[str, int]:
    """Both editions, the public one as an archive too; returns what the complete one counts, and public_… beside it.

    Rows are read, and made lines, some at a time, each once for both.
    """
    contents, counts = Contents(made.findings), {}
    described = {sheet.file: sheet for sheet in sheets(made.findings.project)}
    with ExitStack() as until_written:
        opened = {edition: _opened(made, edition, folder / edition, until_written) for edition in Edition}
        answers = publications.released_answers(session, project_id, include_simulated=made.includes_simulated)
        places = subjects.places_of_project(session, project_id)
        rows = chain(contents.of_places(places), contents.of_answers(answers), contents.confusion())
        for file, columns, public in rows:
            lines = described[file].lines(columns)
            for edition, shown in ((Edition.COMPLETE, None), (Edition.PUBLIC, public)):
                if file in opened[edition]:
                    opened[edition][file].add(lines, shown)
        for edition in Edition:
            for columns in contents.volunteers(edition):
                opened[edition]["volunteers.csv"].add(VOLUNTEERS.lines(columns))
    for edition in Edition:
        n_rows = {file: sheet.n_rows for file, sheet in opened[edition].items()}
        counts[edition] = {"subjects": n_rows["consensus.csv"], **contents.counts(edition)}
        about = {**_about(made), "edition": edition, "counts": counts[edition]}
        write_manifest(folder / edition, about, n_rows)
    write_zip(folder / Edition.PUBLIC, folder / made.archive)
    public_counts = {f"public_{name}": n for name, n in counts[Edition.PUBLIC].items()}
    return counts[Edition.COMPLETE] | public_counts


def _opened(made: _Made, edition: Edition, folder: Path, until_written: ExitStack) -> dict[str, OpenSheet]:
    """The edition's sheets by their files, beside what is said about them in words."""
    folder.mkdir()
    project = made.findings.project
    shown = [sheet for sheet in sheets(project) if not (edition is Edition.PUBLIC and sheet.complete_only)]
    (folder / "dictionary.md").write_text(dictionary(project, shown), encoding="utf-8")
    (folder / "LICENCE.md").write_text(_licence(project), encoding="utf-8")
    return {sheet.file: until_written.enter_context(OpenSheet(folder, sheet)) for sheet in shown}


def _about(made: _Made) -> dict[str, Any]:
    project, weights = made.findings.project, made.findings.weights
    prior = {label.code: float(p) for label, p in zip(project.labels, weights.prior, strict=True)}
    return {
        "project": project.slug,
        "title": project.title,
        "version": made.version,
        "created_ms": milliseconds(made.at),
        "code_version": CODE_VERSION,
        "licence": project.licence,
        "credit": project.credit,
        "cite": project.cite,
        "subject_kind": project.subject_kind,
        "patch_px": project.patch_px,
        "labels": [
            {"code": one.code, "name": one.name, "group": one.group, "colour": one.colour} for one in project.labels
        ],
        "groups": [{"code": one.code, "name": one.name, "colour": one.colour} for one in project.groups],
        "includes_simulated": made.includes_simulated,
        "weights": {"prior": prior, "redundancy": weights.redundancy, "assured": weights.assured},
        "model": _model(made.findings.model),
    }


def _model(met: MetModel | None) -> dict[str, Any] | None:
    """How the public model was heard; its number in our database is nobody's business."""
    return None if met is None else {name: told for name, told in as_kept(met).items() if name != "id"}


def _licence(project: Project) -> str:
    return (
        f"# Licence\n\nThe pictures of “{project.title}” and the answers about them are released under "
        f"{project.licence}.\n\nCredit: {project.credit}. The answers are those of the volunteers of Fathom.\n\n"
        f"Please cite:\n\n{project.cite}\n"
    )


def _row(project_id: int, made: _Made, folder: Path, counts: dict[str, int]) -> Release:
    place = f"{made.findings.project.slug}/{made.version}"
    return Release(
        project_id=project_id, version=made.version, folder=place, archive=f"{place}/{made.archive}",
        archive_sha256=sha256_of(folder / made.archive), includes_simulated=made.includes_simulated, counts=counts,
        code_version=CODE_VERSION, created_at=made.at,
    )  # fmt: skip
