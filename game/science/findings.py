"""What a release has to say, before it is written: all rows of a project, and what follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from game.levels import GoldUse, Project
from game.levels.openings import Believed, Tally, choice_masks, opening_states
from game.science.aggregate import GOLD
from game.science.fitting import Weights, believe, fit_weights, hear
from game.science.hearing import Model, Predictions, meet, published_predictions
from game.store import Session, beliefs, publications, science, subjects
from game.store.publications import ReleasedAnswer, ReleasedVolunteer
from game.store.science import Said
from game.store.subjects import Place
from game.store.tables.play import Abstention
from game.store.witness import MetModel, met_model
from scoring.arrays import Floats
from scoring.retirement import RetirementReason


@dataclass(frozen=True)
class Rows:
    """`gold`: subject id → (label, use); `in_play`: ids of subjects that are open for some choice set; `accepted`: of
    those that the model named alone, `met` is how it was heard then."""

    places: Sequence[Place]
    answers: Sequence[ReleasedAnswer]
    volunteers: Mapping[int, ReleasedVolunteer]
    gold: Mapping[int, tuple[int, GoldUse]]
    in_play: set[int]
    predicted: Predictions | None
    accepted: set[int]
    met: MetModel | None

    def machine(self, subject_id: int) -> tuple[int, Floats] | None:
        """Of a machine-accepted subject: the version of the model that named it, and its P(true | model) (K,)."""
        met, predicted = self.met, self.predicted
        if subject_id not in self.accepted or met is None or predicted is None or met.model_id != predicted.model_id:
            return None
        word = Model(met, predicted.p).word(subject_id)
        return None if word is None else (met.version, word.probability)


@dataclass(frozen=True)
class Finding:
    """About one subject: its answers, what they alone say, and why it may leave play.

    `reason` is that of the finest choice set; `retired` says whether every choice set has one. The published model has
    a part in these and in `with_model` (K,), None where it was not heard; in `posterior` (K,) it has none.
    """

    said: Sequence[Said]
    n_given: int
    posterior: Floats
    with_model: Floats | None
    retired: bool
    reason: str | None


@dataclass(frozen=True)
class Findings:
    """`of_subject` holds the subjects that were answered."""

    project: Project
    rows: Rows
    weights: Weights
    model: MetModel | None
    of_subject: Mapping[int, Finding]


def read_rows(session: Session, project_id: int, *, include_simulated: bool) -> Rows:
    answers = publications.released_answers(session, project_id, include_simulated=include_simulated)
    return Rows(
        places=subjects.places_of_project(session, project_id),
        answers=answers,
        volunteers=publications.released_volunteers(session, sorted({one.said.volunteer_id for one in answers})),
        gold=subjects.expert_labels(session, project_id, GOLD),
        in_play=publications.subjects_in_play(session, project_id),
        predicted=published_predictions(session, project_id),
        accepted=science.subjects_retired(session, project_id, RetirementReason.MACHINE_ACCEPTED),
        met=met_model(beliefs.latest_aggregate(session, project_id)),
    )


def find(project: Project, rows: Rows) -> Findings:
    """EM over these answers and no others: whoever is left out of a release has no part in any of its figures."""
    weights = fit_weights(project, [one.said for one in rows.answers], rows.gold)
    said: dict[int, list[Said]] = {}
    for one in rows.answers:
        said.setdefault(one.said.subject_id, []).append(one.said)
    masks = choice_masks(project)
    alone = {one: believe(weights, hear(weights, masks, given)) for one, given in said.items()}
    people = {one: believed.posterior for one, believed in alone.items() if one not in rows.gold}
    model = meet(rows.predicted, weights, people, rows.gold)
    believed = {one: replace(p, model=model.word(one)) for one, p in alone.items()}
    found = {one: _finding(project, believed[one], given) for one, given in said.items()}
    return Findings(project, rows, weights, model.met, found)


def _finding(project: Project, believed: Believed, said: Sequence[Said]) -> Finding:
    masks = choice_masks(project)
    codes = [str(one.choice) for one in said if one.choice in masks]
    n_bad_image = sum(one.abstention == Abstention.BAD_IMAGE for one in said)
    states = opening_states(project, believed, Tally(codes, n_bad_image))
    retired = all(state.reason is not None for state in states)
    with_model = None if believed.model is None else believed.with_model(believed.posterior)
    return Finding(said, len(codes), believed.posterior, with_model, retired, states[-1].reason if retired else None)
