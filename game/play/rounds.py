"""Starting a round, and what of it a player may know."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from game.errors import Conflict, FathomError, NotAllowed, NotFound
from game.levels import Choice, Level, Project
from game.play.accounts import require_sign_in
from game.play.belief import in_force
from game.play.handout import Player, any_held, choose_subjects
from game.store import Session, handouts, rounds, subjects
from game.store.tables import Round
from scoring.chance import Chance

# A round that was left is taken up again within this time; later its subjects are free for others.
RESUME = timedelta(minutes=15)
COUNT_LIMIT = 1_000


@dataclass(frozen=True)
class ShownSubject:
    """A subject as a player sees it: gold and any other alike. `code` stands for it in this round only."""

    code: str
    position: int
    sha256: str
    row: int | None
    column: int | None
    width_px: int
    height_px: int
    answered: bool


@dataclass(frozen=True)
class ShownRound:
    code: str
    project: Project
    level: Level
    subjects: tuple[ShownSubject, ...]
    completed: bool

    @property
    def choices(self) -> tuple[Choice, ...]:
        return self.level.choices

    @property
    def next_subject(self) -> ShownSubject | None:
        """The first that has no answer yet; None once the round is complete."""
        return next((subject for subject in self.subjects if not subject.answered), None)


@dataclass(frozen=True)
class _Chosen:
    """What a new round is to hold: `subject_ids` in the order in which they are shown."""

    project: Project
    level: Level
    subject_ids: list[int]


@dataclass(frozen=True)
class Wanted:
    """A round that a volunteer asks for. `sign_in_version` must still be hers."""

    project: Project
    volunteer_id: int
    level_key: str | None
    sign_in_version: int


def start_rounds(
    session: Session, wanted: Sequence[Wanted], now: datetime, rng: Chance
) -> list[ShownRound | FathomError]:
    """One after the other. What is refused has changed nothing: it gets the error that `start_round` raises, or
    NotLoggedIn."""
    return [_started(session, one, now, rng) for one in wanted]


def start_round(
    session: Session,
    project: Project,
    volunteer_id: int,
    level_key: str | None,
    now: datetime,
    rng: Chance,
) -> ShownRound:
    """Takes up the volunteer's unfinished round, or hands out a new one at this level, or the highest open to her.

    Raises NotFound for an unknown level, NotAllowed for a locked one, Conflict if no subject is left for her.
    """
    project_id = subjects.project_id(session, project.slug)
    if project_id is None:
        raise NotFound("The project “%(title)s” has no pictures yet.", title=project.title)
    unlocked, held = rounds.unlocked_levels(session, volunteer_id, project_id), False
    for level in _levels(project, level_key, unlocked):
        begun = handouts.open_round(session, volunteer_id, project_id, level.key, now - RESUME)
        if begun is not None:
            return show_round(session, project, begun)
        player = _player(session, project, project_id, volunteer_id, level)
        chosen = choose_subjects(session, level, player, now, rng)
        if chosen:
            return _hand_out(session, player, _Chosen(project, level, chosen), now)
        held = held or any_held(session, level, player, now)
    if held:
        raise Conflict("Others are looking at the last pictures that are open here. Please come back in a while.")
    raise Conflict("You have seen every picture that is open here. Thank you! New ones will come.")


def find_round(session: Session, projects: dict[str, Project], code: str, volunteer_id: int) -> ShownRound:
    """Raises NotFound unless the round is this volunteer's."""
    found = rounds.round_by_code(session, code)
    if found is None or found[0].volunteer_id != volunteer_id or found[1] not in projects:
        raise NotFound("There is no such round of yours.")
    return show_round(session, projects[found[1]], found[0])


def show_round(session: Session, project: Project, row: Round) -> ShownRound:
    handed = rounds.round_subjects(session, row.id)
    places = subjects.places(session, [one.subject_id for one in handed])
    level = project.level(row.level) or project.levels[0]
    shown = tuple(_shown(one.code, one.position, places[one.subject_id], one.answered_at is not None) for one in handed)
    return ShownRound(row.code, project, level, shown, row.completed_at is not None)


def teaches(session: Session, shown: ShownRound) -> bool:
    """Whether experts explain some of its subjects, after the answer. Everybody's first round does."""
    return rounds.teaches(session, shown.code)


def open_levels(session: Session, project: Project, volunteer_id: int | None) -> list[Level]:
    """The levels that a volunteer may play; a visitor may play the first."""
    row = subjects.project_row(session, project.slug)
    unlocked = set() if row is None or volunteer_id is None else rounds.unlocked_levels(session, volunteer_id, row.id)
    return [level for level in project.levels if level.opens_after is None or level.key in unlocked]


def tutorial_seen(session: Session, project: Project, volunteer_id: int) -> bool:
    row = subjects.project_row(session, project.slug)
    return row is not None and rounds.tutorial_seen(session, volunteer_id, row.id)


def mark_tutorial_seen(session: Session, project: Project, volunteer_id: int, now: datetime) -> None:
    row = subjects.project_row(session, project.slug)
    if row is not None:
        rounds.mark_tutorial_seen(session, volunteer_id, row.id, now)


def _started(session: Session, wanted: Wanted, now: datetime, rng: Chance) -> ShownRound | FathomError:
    try:
        require_sign_in(session, wanted.volunteer_id, wanted.sign_in_version)
        return start_round(session, wanted.project, wanted.volunteer_id, wanted.level_key, now, rng)
    except FathomError as refused:
        return refused


def _levels(project: Project, key: str | None, unlocked: set[str]) -> list[Level]:
    """The level asked for; else all: the highest open one first; locked ones last, when nothing else is left."""
    playable = [level for level in project.levels if level.opens_after is None or level.key in unlocked]
    if key is None:
        return [*reversed(playable), *(level for level in project.levels if level not in playable)]
    level = project.level(key)
    if level is None:
        raise NotFound("The project “%(title)s” has no level “%(key)s”.", title=project.title, key=key)
    if level not in playable:
        before = project.level(level.opens_after or "")
        raise NotAllowed(
            "“%(locked)s” is still locked: complete “%(before)s” first.",
            locked=level.title,
            before=before.title if before else "",
        )
    return [level]


def _player(session: Session, project: Project, project_id: int, volunteer_id: int, level: Level) -> Player:
    alike = [other.key for other in project.levels if other.choice_set is level.choice_set]
    n_given = handouts.n_given_before(session, volunteer_id, project_id, alike, COUNT_LIMIT)
    model = in_force(session, project, project_id).model
    heard = model is not None and model.witness is not None
    # Where the model may make two answers enough, a third is not asked for before they are there.
    rule = project.retirement.with_model if heard else project.retirement
    return Player(volunteer_id, project_id, n_given, rule.minimum)


def _hand_out(session: Session, player: Player, chosen: _Chosen, now: datetime) -> ShownRound:
    begun = {
        "code": _new_code(now), "project_id": player.project_id, "volunteer_id": player.volunteer_id,
        "level": chosen.level.key, "n_subjects": len(chosen.subject_ids), "started_at": now,
    }  # fmt: skip
    handed = [
        {
            "code": _new_code(now), "position": position, "subject_id": subject_id,
            "volunteer_id": player.volunteer_id, "handed_at": now,
        }
        for position, subject_id in enumerate(chosen.subject_ids)
    ]  # fmt: skip
    handouts.hand_out(session, begun, handed)
    places = subjects.places(session, chosen.subject_ids)
    shown = tuple(_shown(str(one["code"]), n, places[chosen.subject_ids[n]], False) for n, one in enumerate(handed))
    return ShownRound(str(begun["code"]), chosen.project, chosen.level, shown, completed=False)


def _new_code(now: datetime) -> str:
    """Nobody can guess it. It begins with the time, so that new codes stand side by side at the end of their index: at
    random places each would cost the database a page of the disk."""
    return f"{int(now.timestamp()):08x}{secrets.token_hex(12)}"


def _shown(code: str, position: int, place: subjects.Place, answered: bool) -> ShownSubject:
    return ShownSubject(
        code, position, place.sha256, place.row, place.column, place.width_px, place.height_px, answered
    )
