"""An answer's journey on the server: checked, kept once, believed; and taking the last one back."""

from dataclasses import dataclass
from datetime import datetime

from game.errors import Conflict, InvalidInput, NotFound
from game.levels import GoldUse, Level, Project
from game.play.belief import update_belief
from game.play.completion import complete_round
from game.store import Session, rounds, subjects
from game.store.tables import Classification, Round, RoundSubject
from game.store.tables.play import Abstention
from game.version import CODE_VERSION

MAX_SHOWN_MS = 3_600_000


@dataclass(frozen=True)
class Answer:
    """What a browser sends. `key` is made there, so that the same answer sent twice is kept once.

    Exactly one of `choice` (a code on offer) and `abstention` is given. `shown_ms` is the browser's word.
    """

    key: str
    subject: str
    choice: str | None
    abstention: Abstention | None
    shown_ms: int


@dataclass(frozen=True)
class Explanation:
    """Teaching gold's own words after the answer: the true label, and why (markdown)."""

    label: str
    correct: bool | None
    why: str


@dataclass(frozen=True)
class Outcome:
    """The answer is kept. The same for hidden gold as for any subject; only teaching gold brings an explanation."""

    subject: str
    n_answered: int
    n_subjects: int
    completed: bool
    explanation: Explanation | None


def classify(
    session: Session,
    projects: dict[str, Project],
    round_code: str,
    volunteer_id: int,
    answer: Answer,
    now: datetime,
) -> Outcome:
    """Keeps the answer once.

    Raises NotFound if the round or subject is not this volunteer's, InvalidInput for a choice that is not on offer,
    Conflict if the subject has another answer already.
    """
    row, project, level = _round(session, projects, round_code, volunteer_id)
    handed = next((one for one in rounds.round_subjects(session, row.id) if one.code == answer.subject), None)
    if handed is None:
        raise NotFound("This picture is not part of the round.")
    _check(answer, level)
    kept = rounds.counting_answer(session, handed.id)
    if kept is None:
        _keep(session, row, handed, level, answer, now)
        update_belief(session, project, row.project_id, handed.subject_id, now)
    elif kept.key != answer.key:
        raise Conflict("This picture has your answer already.")
    return _outcome(session, project, row, handed, now)


def withdraw_last(
    session: Session, projects: dict[str, Project], round_code: str, volunteer_id: int, now: datetime
) -> str:
    """Takes back the newest answer of an unfinished round; returns the subject's code, which is open again.

    Raises Conflict if there is none, the round is complete, or the answer has been explained.
    """
    row, project, _ = _round(session, projects, round_code, volunteer_id)
    answers = rounds.answers_of_round(session, row.id)
    if not answers or row.completed_at is not None:
        raise Conflict("There is no answer to take back.")
    last = max(answers.values(), key=lambda kept: kept.id)
    if _teaching(session, last.subject_id):
        raise Conflict("This answer has been explained, so it stays. It does not count against you.")
    rounds.withdraw(session, last, now)
    update_belief(session, project, row.project_id, last.subject_id, now)
    return next(one.code for one in rounds.round_subjects(session, row.id) if one.id == last.round_subject_id)


def _round(
    session: Session, projects: dict[str, Project], code: str, volunteer_id: int
) -> tuple[Round, Project, Level]:
    found = rounds.held_round(session, code)
    if found is None or found[0].volunteer_id != volunteer_id or found[1] not in projects:
        raise NotFound("There is no such round of yours.")
    row, project = found[0], projects[found[1]]
    level = project.level(row.level)
    if level is None:
        raise Conflict("The level of this round is no longer offered; please start a new round.")
    return row, project, level


def _check(answer: Answer, level: Level) -> None:
    if (answer.choice is None) == (answer.abstention is None):
        raise InvalidInput("An answer is either one of the choices or an abstention.")
    if answer.choice is not None and answer.choice not in {choice.code for choice in level.choices}:
        raise InvalidInput("“%(choice)s” is not one of the choices of this level.", choice=answer.choice)
    if not 0 <= answer.shown_ms <= MAX_SHOWN_MS:
        raise InvalidInput("shown_ms must lie between 0 and %(most)s.", most=MAX_SHOWN_MS)


def _keep(session: Session, row: Round, handed: RoundSubject, level: Level, answer: Answer, now: datetime) -> None:
    handed.answered_at = now
    added = Classification(
        key=answer.key, round_subject_id=handed.id, attempt=1 + rounds.n_attempts(session, handed.id), round_id=row.id,
        project_id=row.project_id, subject_id=handed.subject_id, volunteer_id=row.volunteer_id, level=row.level,
        level_version=level.version, code_version=CODE_VERSION, choice=answer.choice, abstention=answer.abstention,
        shown_ms=answer.shown_ms, given_at=now,
    )  # fmt: skip
    rounds.add_classification(session, added)


def _outcome(session: Session, project: Project, row: Round, handed: RoundSubject, now: datetime) -> Outcome:
    answers = rounds.answers_of_round(session, row.id)
    if len(answers) == row.n_subjects and row.completed_at is None:
        complete_round(session, project, row, now)
    explanation = _explanation(session, project, handed.subject_id, answers[handed.id].choice)
    return Outcome(handed.code, len(answers), row.n_subjects, row.completed_at is not None, explanation)


def _explanation(session: Session, project: Project, subject_id: int, choice: str | None) -> Explanation | None:
    truth = subjects.expert_label(session, subject_id)
    if truth is None or truth.use != GoldUse.TEACHING:
        return None
    label = project.labels[truth.label]
    page = project.guide_page(label.code)
    masks = {offered.code: offered.mask for offered in project.choices}
    correct = None if choice is None else masks[choice][truth.label]
    return Explanation(label.name, correct, truth.why or (page.hint if page else ""))


def _teaching(session: Session, subject_id: int) -> bool:
    truth = subjects.expert_label(session, subject_id)
    return truth is not None and truth.use == GoldUse.TEACHING
