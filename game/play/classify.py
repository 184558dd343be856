"""An answer's journey on the server: checked, kept once, believed; and taking the last one back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from game.errors import Conflict, FathomError, InvalidInput, NotFound
from game.levels import GoldUse, Level, Project
from game.play.accounts import signed_out
from game.play.belief import update_belief, update_beliefs
from game.play.completion import Ended, complete_rounds
from game.store import Session, answers, rounds, subjects
from game.store.answers import Handed, Kept
from game.store.tables import Round
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

    project: str
    subject: str
    n_answered: int
    n_subjects: int
    completed: bool
    explanation: Explanation | None


@dataclass(frozen=True)
class Sent:
    """An answer on its way to a round. `sign_in_version`, where it is given, must still be the volunteer's."""

    round_code: str
    volunteer_id: int
    answer: Answer
    sign_in_version: int | None = None


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
    (outcome,) = classify_all(session, projects, [Sent(round_code, volunteer_id, answer)], now)
    if isinstance(outcome, FathomError):
        raise outcome
    return outcome


def classify_all(
    session: Session, projects: dict[str, Project], sent: Sequence[Sent], now: datetime
) -> list[Outcome | FathomError]:
    """Keeps many answers as if one came after the other, in as many statements as for one.

    What cannot be kept gets the error that `classify` raises, or NotLoggedIn, and keeps nobody else's from being kept.
    """
    batch = _begin(session, projects, sent, now)
    told = [batch.take(one) for one in sent]
    if batch.added:
        answers.add(session, batch.added, now)
    for project_id, (project, subject_ids) in sorted(batch.answered.items()):
        update_beliefs(session, project, project_id, subject_ids, now)
    complete_rounds(session, batch.completed, now)
    return told


def withdraw_last(
    session: Session, projects: dict[str, Project], round_code: str, volunteer_id: int, now: datetime
) -> str:
    """Takes back the newest answer of an unfinished round; returns the subject's code, which is open again.

    Raises Conflict if there is none, the round is complete, or the answer has been explained.
    """
    row, project = _round(session, projects, round_code, volunteer_id)
    _level(project, row.level)
    given = rounds.answers_of_round(session, row.id)
    if not given or row.completed_at is not None:
        raise Conflict("There is no answer to take back.")
    last = max(given.values(), key=lambda kept: kept.id)
    if _teaching(session, last.subject_id):
        raise Conflict("This answer has been explained, so it stays. It does not count against you.")
    rounds.withdraw(session, last, now)
    update_belief(session, project, row.project_id, last.subject_id, now)
    return next(one.code for one in rounds.round_subjects(session, row.id) if one.id == last.round_subject_id)


@dataclass
class _Batch:
    """Answers that are kept together. `handed`: a subject's code → how it was handed out; `counting`: a round's id →
    its counting answers by what they answer; `attempts`: how often each was answered, also what was taken back."""

    session: Session
    projects: dict[str, Project]
    now: datetime
    handed: dict[str, Handed]
    counting: dict[int, dict[int, Kept]]
    attempts: Counter[int]
    added: list[dict[str, Any]] = field(default_factory=list)
    answered: dict[int, tuple[Project, list[int]]] = field(default_factory=dict)
    completed: list[Ended] = field(default_factory=list)

    def take(self, sent: Sent) -> Outcome | FathomError:
        try:
            handed, project, level = self._find(sent)
            _check(sent.answer, level)
            counting = self.counting[handed.round_id]
            if handed.id not in counting:
                self._add(handed, project, level, sent.answer)
            elif counting[handed.id].key != sent.answer.key:
                raise Conflict("This picture has your answer already.")
        except FathomError as refused:
            return refused
        return self._outcome(handed, project)

    def _find(self, sent: Sent) -> tuple[Handed, Project, Level]:
        found = self.handed.get(sent.answer.subject)
        if found is None or found.round_code != sent.round_code:
            raise self._missing(sent)
        if found.volunteer_id != sent.volunteer_id or found.slug not in self.projects:
            raise _no_such_round()
        if sent.sign_in_version is not None and sent.sign_in_version != found.sign_in_version:
            # A socket may stay open for hours after its volunteer changed her password or left for good.
            raise signed_out()
        project = self.projects[found.slug]
        return found, project, _level(project, found.level)

    def _missing(self, sent: Sent) -> NotFound:
        found = rounds.round_by_code(self.session, sent.round_code)
        hers = found is not None and found[0].volunteer_id == sent.volunteer_id
        return NotFound("This picture is not part of the round.") if hers else _no_such_round()

    def _add(self, handed: Handed, project: Project, level: Level, answer: Answer) -> None:
        self.attempts[handed.id] += 1
        self.counting[handed.round_id][handed.id] = Kept(
            handed.round_id, handed.id, answer.key, answer.choice, counts=True
        )
        self.answered.setdefault(handed.project_id, (project, []))[1].append(handed.subject_id)
        self.added.append(
            {
                "key": answer.key, "round_subject_id": handed.id, "attempt": self.attempts[handed.id],
                "round_id": handed.round_id, "project_id": handed.project_id, "subject_id": handed.subject_id,
                "volunteer_id": handed.volunteer_id, "level": handed.level, "level_version": level.version,
                "code_version": CODE_VERSION, "choice": answer.choice, "abstention": answer.abstention,
                "shown_ms": answer.shown_ms, "given_at": self.now,
            }
        )  # fmt: skip

    def _outcome(self, handed: Handed, project: Project) -> Outcome:
        counting = self.counting[handed.round_id]
        completed = handed.completed_at is not None or len(counting) == handed.n_subjects
        if (
            completed
            and handed.completed_at is None
            and all(one.handed.round_id != handed.round_id for one in self.completed)
        ):
            self.completed.append(Ended(handed, project, tuple(one.choice for one in counting.values())))
        explanation = _explanation(project, handed, counting[handed.id].choice)
        return Outcome(handed.slug, handed.code, len(counting), handed.n_subjects, completed, explanation)


def _begin(session: Session, projects: dict[str, Project], sent: Sequence[Sent], now: datetime) -> _Batch:
    handed = answers.hold(session, {one.answer.subject for one in sent})
    round_ids = {one.round_id for one in handed.values()}
    kept = answers.of_rounds(session, round_ids)
    counting: dict[int, dict[int, Kept]] = {one: {} for one in round_ids}
    for one in kept:
        if one.counts:
            counting[one.round_id][one.round_subject_id] = one
    return _Batch(session, projects, now, handed, counting, Counter(one.round_subject_id for one in kept))


def _round(session: Session, projects: dict[str, Project], code: str, volunteer_id: int) -> tuple[Round, Project]:
    found = rounds.held_round(session, code)
    if found is None or found[0].volunteer_id != volunteer_id or found[1] not in projects:
        raise _no_such_round()
    return found[0], projects[found[1]]


def _no_such_round() -> NotFound:
    return NotFound("There is no such round of yours.")


def _level(project: Project, key: str) -> Level:
    level = project.level(key)
    if level is None:
        raise Conflict("The level of this round is no longer offered; please start a new round.")
    return level


def _check(answer: Answer, level: Level) -> None:
    if (answer.choice is None) == (answer.abstention is None):
        raise InvalidInput("An answer is either one of the choices or an abstention.")
    if answer.choice is not None and all(answer.choice != choice.code for choice in level.choices):
        raise InvalidInput("“%(choice)s” is not one of the choices of this level.", choice=answer.choice)
    if not 0 <= answer.shown_ms <= MAX_SHOWN_MS:
        raise InvalidInput("shown_ms must lie between 0 and %(most)s.", most=MAX_SHOWN_MS)


def _explanation(project: Project, handed: Handed, choice: str | None) -> Explanation | None:
    if handed.taught is None:
        return None
    label = project.labels[handed.taught]
    page = project.guide_page(label.code)
    correct = None if choice is None else bool(project.choice_masks[choice][handed.taught])
    return Explanation(label.name, correct, handed.why or (page.hint if page else ""))


def _teaching(session: Session, subject_id: int) -> bool:
    truth = subjects.expert_label(session, subject_id)
    return truth is not None and truth.use == GoldUse.TEACHING
