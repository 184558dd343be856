"""What goes out while somebody plays: the same over HTTP and over the socket."""

from game.levels import Choice as LevelChoice
from game.levels import Project as LevelProject
from game.play.classify import Outcome as KeptOutcome
from game.play.figures import Progress as ProgressFigures
from game.play.rounds import ShownRound, ShownSubject
from game.play.standings import Leaderboard as ShownLeaderboard
from game.play.standings import Period
from game.web.errors import ErrorCode
from game.web.images import pictures
from game.web.payloads.outgoing import Outgoing


class ErrorReason(Outgoing):
    code: ErrorCode
    message: str


class Failure(Outgoing):
    """The one shape of every error, on every route and in every acknowledgement."""

    error: ErrorReason


class Guest(Outgoing):
    """The token is shown this once."""

    token: str
    pseudonym: str


class Choice(Outgoing):
    code: str
    name: str
    colour: str

    @classmethod
    def of(cls, choice: LevelChoice) -> "Choice":
        return cls(code=choice.code, name=choice.name, colour=choice.colour)


class Point(Outgoing):
    """Pixels of the stored image, 0-based, from the top left."""

    row: int
    column: int


class Subject(Outgoing):
    """`id` stands for the subject in this round only. `image` is what is judged, `full` the whole it is part of."""

    id: str
    image: str
    full: str
    width_px: int
    height_px: int
    point: Point | None
    answered: bool

    @classmethod
    def of(cls, project: LevelProject, shown: ShownSubject) -> "Subject":
        addresses = pictures(project, shown)
        is_point = shown.row is not None and shown.column is not None
        return cls(
            id=shown.code,
            image=addresses.picture,
            full=addresses.full,
            width_px=shown.width_px,
            height_px=shown.height_px,
            point=Point(row=shown.row or 0, column=shown.column or 0) if is_point else None,
            answered=shown.answered,
        )


class Round(Outgoing):
    id: str
    project: str
    level: str
    completed: bool
    choices: tuple[Choice, ...]
    subjects: tuple[Subject, ...]

    @classmethod
    def of(cls, shown: ShownRound) -> "Round":
        return cls(
            id=shown.code,
            project=shown.project.slug,
            level=shown.level.key,
            completed=shown.completed,
            choices=tuple(Choice.of(choice) for choice in shown.choices),
            subjects=tuple(Subject.of(shown.project, subject) for subject in shown.subjects),
        )


class Explanation(Outgoing):
    """What experts say of a subject that teaches. `correct` is null after an abstention; `why` is markdown."""

    label: str
    correct: bool | None
    why: str


class Outcome(Outgoing):
    """The answer is kept. `summary` is the address of the round's summary once the round is complete."""

    subject: str
    n_answered: int
    n_subjects: int
    completed: bool
    explanation: Explanation | None
    summary: str | None

    @classmethod
    def of(cls, round_code: str, outcome: KeptOutcome) -> "Outcome":
        told = outcome.explanation
        return cls(
            subject=outcome.subject,
            n_answered=outcome.n_answered,
            n_subjects=outcome.n_subjects,
            completed=outcome.completed,
            explanation=None if told is None else Explanation(label=told.label, correct=told.correct, why=told.why),
            summary=f"/rounds/{round_code}/summary" if outcome.completed else None,
        )


class Progress(Outgoing):
    """`n_retired` of `n_subjects` have their consensus; gold is in neither."""

    project: str
    n_subjects: int
    n_retired: int
    n_classifications: int
    n_volunteers: int

    @classmethod
    def of(cls, project: LevelProject, figures: ProgressFigures) -> "Progress":
        return cls(project=project.slug, **vars(figures))


class Standing(Outgoing):
    rank: int
    pseudonym: str
    points: int
    mine: bool


class Leaderboard(Outgoing):
    """`around_me` is empty for a visitor and for whoever has no points in the period yet."""

    project: str
    period: Period
    top: tuple[Standing, ...]
    around_me: tuple[Standing, ...]

    @classmethod
    def of(cls, project: LevelProject, shown: ShownLeaderboard) -> "Leaderboard":
        return cls(
            project=project.slug,
            period=shown.period,
            top=tuple(Standing(**vars(line)) for line in shown.top),
            around_me=tuple(Standing(**vars(line)) for line in shown.around_me),
        )
