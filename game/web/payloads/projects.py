"""What goes out about projects, and about oneself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from game.levels import ChoiceSet, SubjectKind
from game.levels import Level as LevelRead
from game.levels import Project as ProjectRead
from game.play.accounts import Account
from game.play.figures import OwnFigures
from game.play.figures import Progress as ProgressFigures
from game.science.publish import ModelView
from game.science.released import Published
from game.store.tables.people import Role
from game.store.tables.publications import ModelState
from game.web.payloads.outgoing import Outgoing
from game.web.payloads.play import Choice, Progress


class ProjectSummary(Outgoing):
    slug: str
    title: str
    summary: str
    subject_kind: SubjectKind
    progress: Progress

    @classmethod
    def of(cls, project: ProjectRead, figures: ProgressFigures) -> "ProjectSummary":
        return cls(
            slug=project.slug,
            title=project.title,
            summary=project.summary,
            subject_kind=project.subject_kind,
            progress=Progress.of(project, figures),
        )


class Projects(Outgoing):
    projects: tuple[ProjectSummary, ...]


class Label(Outgoing):
    code: str
    name: str
    group: str | None
    colour: str


class Group(Outgoing):
    code: str
    name: str
    colour: str


class Level(Outgoing):
    """`opens_after` is the level that comes before this one; null if it is open from the start."""

    key: str
    title: str
    summary: str
    choice_set: ChoiceSet
    choices: tuple[Choice, ...]
    round_size: int
    opens_after: str | None

    @classmethod
    def of(cls, level: LevelRead) -> "Level":
        return cls(
            key=level.key,
            title=level.title,
            summary=level.summary,
            choice_set=level.choice_set,
            choices=tuple(Choice.of(choice) for choice in level.choices),
            round_size=level.round_size,
            opens_after=level.opens_after,
        )


class Project(ProjectSummary):
    """`science` and `cite` are markdown."""

    science: str
    licence: str
    credit: str
    cite: str
    labels: tuple[Label, ...]
    groups: tuple[Group, ...]
    levels: tuple[Level, ...]

    @classmethod
    def of(cls, project: ProjectRead, figures: ProgressFigures) -> "Project":
        return cls(
            **dict(ProjectSummary.of(project, figures)),
            science=project.science,
            licence=project.licence,
            credit=project.credit,
            cite=project.cite,
            labels=tuple(
                Label(code=one.code, name=one.name, group=one.group, colour=one.colour) for one in project.labels
            ),
            groups=tuple(Group(**vars(one)) for one in project.groups),
            levels=tuple(Level.of(level) for level in project.levels),
        )


class Release(Outgoing):
    """A public edition; `url` is its archive, `sha256` that archive's checksum."""

    version: int
    created_at: datetime
    includes_simulated: bool
    counts: dict[str, int]
    code_version: str
    url: str
    sha256: str

    @classmethod
    def of(cls, project: ProjectRead, made: Published) -> "Release":
        name = made.archive.rsplit("/", 1)[-1]
        return cls(
            version=made.version,
            created_at=made.created_at,
            includes_simulated=made.includes_simulated,
            counts=made.counts,
            code_version=made.code_version,
            url=f"/projects/{project.slug}/releases/{made.version}/{name}",
            sha256=made.archive_sha256,
        )


class Releases(Outgoing):
    """Newest first."""

    releases: tuple[Release, ...]


class Model(Outgoing):
    """A trained model; `reasons` say why the gate published it or not, `reason` is all of them, `metrics` how it did on
    the hold-out, `files` where to get it."""

    version: int
    state: ModelState
    reason: str
    reasons: tuple[str, ...]
    metrics: dict[str, Any]
    created_at: datetime
    release_version: int
    files: tuple[str, ...]

    @classmethod
    def of(cls, project: ProjectRead, trained: ModelView, files: Sequence[str]) -> "Model":
        return cls(
            version=trained.version,
            state=trained.state,
            reason=trained.reason,
            reasons=trained.reasons,
            metrics=trained.metrics,
            created_at=trained.created_at,
            release_version=trained.release_version,
            files=tuple(f"/projects/{project.slug}/model/{trained.version}/{file}" for file in files),
        )


class Models(Outgoing):
    """Newest first."""

    models: tuple[Model, ...]


class OwnProject(Outgoing):
    """Own figures in one project, all of them from completed rounds. `reliability` in [0, 1]; null before the first."""

    project: str
    points: int
    n_rounds: int
    reliability: float | None
    open_levels: tuple[str, ...]

    @classmethod
    def of(cls, figures: OwnFigures) -> "OwnProject":
        return cls(
            project=figures.project.slug,
            points=figures.points,
            n_rounds=figures.n_rounds,
            reliability=figures.reliability,
            open_levels=tuple(level.key for level in figures.open_levels),
        )


class Me(Outgoing):
    pseudonym: str
    role: Role
    guest: bool
    projects: tuple[OwnProject, ...]

    @classmethod
    def of(cls, account: Account, figures: list[OwnFigures]) -> "Me":
        return cls(
            pseudonym=account.pseudonym,
            role=account.role,
            guest=account.login is None,
            projects=tuple(OwnProject.of(one) for one in figures),
        )
