"""What it saves that the model is heard: answers a retired subject costs, and what selection makes of a budget.

    python -m tests.bench.steering [seeds]

700 subjects of six labels, the commonest a half and the rarest a thirtieth of them; volunteers with drawn confusion
matrices, reliabilities .45 to .95, who err independently; a model that sees sixteen features, learns from people's
consensus as the game goes on, and is right on three in four when it has learned enough. Measured: docs/steering.md.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from game.levels import GoldUse, Project
from game.levels.openings import Believed, Tally, choice_masks, opening_states
from game.science.fitting import Weights, fit_weights
from game.science.hearing import NOBODY, Model, Predictions, meet
from game.science.people import believe
from game.science.simulation import draw_confusion
from game.store.said import Said, all_said
from scoring.arrays import Floats, Ints, softmax
from scoring.selection import rarity
from scoring.voter import Witness, at_its_word
from tests.science.answers import heard
from tests.science.reef import PLANKTON

N_SUBJECTS, N_GOLD, N_TEST, N_VOLUNTEERS, ROUND, RENEWED_AFTER = 700, 60, 2000, 40, 10, 350
N_RETIRED, BUDGETS = 400, (900, 1800)
COMMON = np.array([0.5, 0.2, 0.12, 0.09, 0.06, 0.03])
N_FEATURES, APART, N_FOLDS = 16, 0.62, 5
RANDOM = 0.2

# Six labels and no groups.
PROJECT = replace(PLANKTON, groups=(), levels=tuple(one for one in PLANKTON.levels if one.choice_set == "labels"))

# How wanted a subject is, from what is believed of it and what the project's rules say.
Wanted = Callable[[Believed, Tally, float], float]


def as_the_game_does(_believed: Believed, _tally: Tally, priority: float) -> float:
    return priority


def all_labels_alike(believed: Believed, _tally: Tally, priority: float) -> float:
    """As the game did before rare labels came sooner."""
    return priority / rarity(believed.with_model(believed.posterior), believed.prior)


def by_lot(_believed: Believed, _tally: Tally, _priority: float) -> float:
    return 0.0


def without_the_model(believed: Believed, tally: Tally, _priority: float) -> float:
    return opening_states(PROJECT, replace(believed, model=None), tally)[-1].priority


# What is taken of all that was measured of a model.
Hearing = Callable[[Witness], Witness]


def by_both(witness: Witness) -> Witness:
    """The game."""
    return witness


def by_sharpness(witness: Witness) -> Witness:
    return at_its_word(witness.sharpness, witness.named, witness.common)


def by_matrix(witness: Witness) -> Witness:
    """Whatever else the model says, it is only heard which label it names."""
    return replace(at_its_word(0.0, witness.named, witness.common), confusion=witness.confusion)


@dataclass(frozen=True)
class Arm:
    """`minimum_with_model` None: the model is never heard."""

    name: str
    minimum_with_model: int | None
    wanted: Wanted = as_the_game_does
    heard: Hearing = by_both


@dataclass
class Play:
    """One arm with one seed. `said`: answers by subject; `retired`: subject → label of people with the model."""

    arm: Arm
    seed: int
    said: dict[int, list[Said]] = field(default_factory=dict)
    retired: dict[int, int] = field(default_factory=dict)
    n_answers: int = 0

    def __post_init__(self) -> None:
        world = np.random.default_rng(self.seed)
        self.rng = np.random.default_rng([self.seed, 1])
        means = world.normal(0, APART, (len(COMMON), N_FEATURES))
        self.true = world.choice(len(COMMON), N_SUBJECTS + N_TEST, p=COMMON)
        self.seen = means[self.true] + world.normal(0, 1, (len(self.true), N_FEATURES))
        groups: list[str | None] = [None] * len(COMMON)
        skills = world.uniform(0.45, 0.95, N_VOLUNTEERS)
        self.volunteers = [draw_confusion(groups, float(skill), world) for skill in skills]
        rule = replace(PROJECT.retirement, minimum_with_model=self.arm.minimum_with_model or 3)
        self.project: Project = replace(PROJECT, retirement=rule)
        self.codes, self.masks = [label.code for label in PROJECT.labels], choice_masks(PROJECT)
        self.gold = {one: (int(self.true[one]), GoldUse.HIDDEN) for one in range(N_GOLD)}
        self.model: Model = NOBODY
        self.weights: Weights = fit_weights(self.project, all_said([]), {})
        self.learned: Floats | None = None
        self.wanted = np.zeros(N_SUBJECTS)
        self.open = set(range(N_GOLD, N_SUBJECTS))

    def run(self, n_answers: int) -> None:
        for one in self.open:
            self.believe(one)
        while self.n_answers < n_answers and self.open:
            volunteer = int(self.rng.integers(N_VOLUNTEERS))
            for subject in [*self.chosen(volunteer), int(self.rng.integers(N_GOLD))]:
                self.answer(subject, volunteer)
            if self.n_answers // RENEWED_AFTER > (self.n_answers - ROUND - 1) // RENEWED_AFTER:
                self.renew()

    def chosen(self, volunteer: int) -> list[int]:
        new = [one for one in self.open if all(said.volunteer_id != volunteer for said in self.said.get(one, []))]
        drawn = self.rng.permutation(np.array(new, dtype=np.int64)).tolist()
        ranked = sorted(drawn, key=lambda one: -self.wanted[one])
        return list(dict.fromkeys([*drawn[: round(RANDOM * ROUND)], *ranked]))[:ROUND]

    def answer(self, subject: int, volunteer: int) -> None:
        self.n_answers += 1
        given = int(self.rng.choice(len(COMMON), p=self.volunteers[volunteer][self.true[subject]]))
        self.said.setdefault(subject, []).append(Said(self.n_answers, subject, volunteer, self.codes[given], None))
        if subject in self.open:
            self.believe(subject)

    def believed(self, subject: int) -> Believed:
        return believe(
            self.weights, heard(self.weights, self.masks, self.said.get(subject, [])), self.model.word(subject)
        )

    def believe(self, subject: int) -> None:
        believed = self.believed(subject)
        tally = Tally([str(one.choice) for one in self.said.get(subject, [])], 0)
        state = opening_states(self.project, believed, tally)[-1]
        self.wanted[subject] = self.arm.wanted(believed, tally, state.priority)
        if state.reason is not None:
            self.open.discard(subject)
            self.retired[subject] = int(believed.with_model(believed.posterior).argmax())

    def renew(self) -> None:
        """An aggregation, a model of what it found, and another look at what is open."""
        self.weights = fit_weights(
            self.project, all_said(one for given in self.said.values() for one in given), self.gold
        )
        alone = {one: self.believed(one) for one in self.said if one not in self.gold}
        people = {one: believed.posterior for one, believed in alone.items()}
        predicted = self.predictions(people)
        if self.arm.minimum_with_model is not None:
            self.model = self.heard(meet(Predictions(1, 1, predicted), self.weights, people, self.gold))
        for one in list(self.open):
            self.believe(one)

    def heard(self, model: Model) -> Model:
        if model.met is None or model.met.witness is None:
            return model
        return replace(model, met=replace(model.met, witness=self.arm.heard(model.met.witness)))

    def predictions(self, people: dict[int, Floats]) -> dict[int, list[float]]:
        """Each fold by a model that has not seen it; gold and tests by one that has seen all of it."""
        subjects = np.array(sorted(people))
        posterior, fold = np.array([people[one] for one in subjects.tolist()]), np.arange(len(self.true)) % N_FOLDS
        self.learned = discriminant(self.seen[subjects], posterior, self.seen)
        found = self.learned[:N_SUBJECTS].copy()
        for left_out in range(N_FOLDS):
            kept = fold[subjects] != left_out
            place = np.flatnonzero((fold[:N_SUBJECTS] == left_out) & (np.arange(N_SUBJECTS) >= N_GOLD))
            found[place] = discriminant(self.seen[subjects[kept]], posterior[kept], self.seen[place])
        return dict(enumerate(found.tolist()))

    @property
    def labels(self) -> Ints:
        """(S,), of people with the model, of every subject that is no gold."""
        found = [self.believed(one) for one in range(N_GOLD, N_SUBJECTS)]
        return np.array([one.with_model(one.posterior).argmax() for one in found])


def discriminant(seen: Floats, posterior: Floats, asked: Floats) -> Floats:
    """(A, K): linear discriminant analysis with soft labels and a shared diagonal, shrunk where little is known."""
    n = posterior.sum(axis=0)
    means = (posterior.T @ seen) / (n[:, None] + 2)
    return softmax(np.log(n + 1) + asked @ means.T - (means**2).sum(axis=1) / 2)


def recalls(true: Ints, given: Ints) -> float:
    return float(np.mean([(given[true == label] == label).mean() for label in np.unique(true)]))


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


RETIRING = (
    Arm("people alone", None),
    Arm("model heard, three answers at least", 3),
    Arm("model heard, two where all agree (the game)", 2),
    Arm("the same, by its sharpness alone", 2, heard=by_sharpness),
    Arm("the same, by its confusion matrix alone", 2, heard=by_matrix),
)
SELECTING = (
    Arm("by lot", 2, by_lot),
    Arm("by people's beliefs", 2, without_the_model),
    Arm("by people and model, all labels alike", 2, all_labels_alike),
    Arm("by people and model, rare labels sooner (the game)", 2),
)


def retiring(seeds: range) -> None:
    columns = "answers a retired subject | retired labels that are right"
    tell(f"\n| until {N_RETIRED} subjects retired | {columns} |\n|---|---|---|")
    for arm in RETIRING:
        rows = []
        for seed in seeds:
            play = Play(arm, seed)
            while len(play.retired) < N_RETIRED and play.open:
                play.run(play.n_answers + 100)
            right = np.mean([play.true[one] == label for one, label in play.retired.items()])
            n_ordinary = sum(len(given) for one, given in play.said.items() if one not in play.gold)
            rows.append((n_ordinary / len(play.retired), right))
        mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
        tell(f"| {arm.name} | {mean[0]:.2f} ± {spread[0]:.2f} | {mean[1]:.3f} ± {spread[1]:.3f} |")


def selecting(seeds: range, n_answers: int) -> None:
    heading = "labels right | mean recall of labels | retired | model right on new ones | its mean recall"
    tell(f"\n| after {n_answers:,} answers | {heading} |\n|---|---|---|---|---|---|")
    for arm in SELECTING:
        rows = []
        for seed in seeds:
            play = Play(arm, seed)
            play.run(n_answers)
            play.renew()
            true, given, test = play.true[N_GOLD:N_SUBJECTS], play.labels, play.true[N_SUBJECTS:]
            assert play.learned is not None
            guess = play.learned[N_SUBJECTS:].argmax(axis=1)
            figures = ((true == given).mean(), recalls(true, given), len(play.retired))
            rows.append((*figures, (test == guess).mean(), recalls(test, guess)))
        mean, spread = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
        cells = [f"{mean[n]:.0f} ± {spread[n]:.0f}" if n == 2 else f"{mean[n]:.3f} ± {spread[n]:.3f}" for n in range(5)]
        tell(f"| {arm.name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
    retiring(seeds)
    for n in BUDGETS:
        selecting(seeds, n)
