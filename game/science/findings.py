"""What a release has to say, before it is written: all rows of a project, and what follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from game.levels import GoldUse, Project
from game.levels.openings import Tally, choice_masks, opening_states
from game.science.aggregate import GOLD
from game.science.fitting import Weights, believe, fit_weights, hear
from game.store import Session, publications, subjects
from game.store.publications import ReleasedAnswer, ReleasedVolunteer
from game.store.science import Said
from game.store.subjects import Place
from game.store.tables.play import Abstention
from scoring.arrays import Floats


@dataclass(frozen=True)
class Rows:
    """`gold`: subject id → (label, use); `in_play`: ids of subjects that are open for some choice set."""

    places: Sequence[Place]
    answers: Sequence[ReleasedAnswer]
    volunteers: Mapping[int, ReleasedVolunteer]
    gold: Mapping[int, tuple[int, GoldUse]]
    in_play: set[int]


@dataclass(frozen=True)
class Finding:
    """About one subject: its answers, posterior (K,), and why it may leave play by these answers alone.

    `reason` is that of the finest choice set; `retired` says whether every choice set has one.
    """

    said: Sequence[Said]
    n_given: int
    posterior: Floats
    retired: bool
    reason: str | None


@dataclass(frozen=True)
class Findings:
    """`of_subject` holds the subjects that were answered."""

    project: Project
    rows: Rows
    weights: Weights
    of_subject: Mapping[int, Finding]


def read_rows(session: Session, project_id: int, *, include_simulated: bool) -> Rows:
    answers = publications.released_answers(session, project_id, include_simulated=include_simulated)
    return Rows(
        places=subjects.places_of_project(session, project_id),
        answers=answers,
        volunteers=publications.released_volunteers(session, sorted({one.said.volunteer_id for one in answers})),
        gold=subjects.expert_labels(session, project_id, GOLD),
        in_play=publications.subjects_in_play(session, project_id),
    )


def find(project: Project, rows: Rows) -> Findings:
    """EM over these answers and no others: whoever is left out of a release has no part in any of its figures."""
    weights = fit_weights(project, [one.said for one in rows.answers], rows.gold)
    said: dict[int, list[Said]] = {}
    for one in rows.answers:
        said.setdefault(one.said.subject_id, []).append(one.said)
    return Findings(project, rows, weights, {one: _finding(project, weights, given) for one, given in said.items()})


def _finding(project: Project, weights: Weights, said: Sequence[Said]) -> Finding:
    masks = choice_masks(project)
    codes = [str(one.choice) for one in said if one.choice in masks]
    n_bad_image = sum(one.abstention == Abstention.BAD_IMAGE for one in said)
    believed = believe(weights, hear(weights, masks, said))
    states = opening_states(project, believed, Tally(codes, n_bad_image))
    retired = all(state.reason is not None for state in states)
    return Finding(said, len(codes), believed.posterior, retired, states[-1].reason if retired else None)
