"""Answers until the labels are as good as ten answers a point make them: the game's loop on, against the loop off.

    python -m tests.bench.loop [seeds]

Real points of the Moorea quadrats with what the frozen network sees of them, four quadrats gold; simulated volunteers
whose mean reliability is .75. Off: ten answers for every point, in random order. On: the game's selection and stop
rule, and a model that is taught again every few hundred answers, passes the game's gate or not, and is heard.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from game.config import ROOT
from game.levels import GoldUse, Project
from game.levels.build import choices_of
from game.levels.openings import Believed, Tally, choice_masks, opening_states
from game.levels.project import ChoiceSet
from game.science.fitting import Weights, fit_weights
from game.science.hearing import NOBODY, Model, Predictions, meet
from game.science.holdouts import Examined, HoldOut
from game.science.people import believe
from game.science.publish import judge
from game.store.said import Said, all_said
from game.training.dataset import POINT, Consensus
from game.training.features import Features
from game.training.head import Lessons, fit_heads, folds, importance, lessons_of
from game.training.views import recipe_of
from scoring.arrays import Floats, Ints, Masks
from scoring.selection import RANDOM_SHARE, mix, n_gold_in_round
from tests.bench.crowd import plots
from tests.bench.crowd.data import folder
from tests.bench.model.__main__ import RELIABILITY
from tests.bench.model.data import PATCH_PX, Pictures, moorea
from tests.bench.model.seen import features_of
from tests.science.answers import heard, one_coin
from tests.science.reef import MOOREA

CODES = ("Porit", "CCA", "Sand", "Turf", "Macro")  # In the order of the bench's labels; the first stands for all coral.
N_POINTS, N_GOLD_QUADRATS, N_VOLUNTEERS, FULL = 600, 4, 40, 10
RENEWED_AFTER, LOOKED_AT_AFTER, RIDGE = 300, 100, 1.0
PICTURE = ROOT / "docs" / "img" / "loop.svg"
ARMS = OFF, PEOPLE, MODEL, UNDER_MODEL, NEWEST = (
    "loop off",
    "loop on, no model",
    "loop on",
    "loop on, people's own consensus",
    "loop on, every model public",
)

# What some seeds of 600 points can tell apart, at most.
NEAR = 0.005

# (answers a point, gold's counted; share of the points whose label is the experts').
Curve = list[tuple[float, float]]


def project() -> Project:
    """The bench's five labels at one level; the rules are the game's."""
    labels = tuple(replace(next(one for one in MOOREA.labels if one.code == code), group=None) for code in CODES)
    level = replace(MOOREA.levels[-1], choices=choices_of(ChoiceSet.LABELS, labels, ()), opens_after=None)
    return replace(MOOREA, labels=labels, groups=(), levels=(level,))


@dataclass
class World:
    """What both arms of a seed share: which points are asked about, which are gold, and who answers how."""

    pictures: Pictures
    features: Features
    widths: tuple[int, ...]
    seed: int

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        quadrats = rng.permutation(self.pictures.photograph.max() + 1)
        in_gold = np.isin(self.pictures.photograph, quadrats[:N_GOLD_QUADRATS])
        self.points: Ints = np.sort(rng.choice(np.flatnonzero(~in_gold), N_POINTS, replace=False))
        true = self.pictures.true
        self.gold = {int(one): (int(true[one]), GoldUse.HIDDEN) for one in np.flatnonzero(in_gold)}
        reliability = rng.uniform(*RELIABILITY, N_VOLUNTEERS)
        self.matrices = [one_coin(float(each), len(CODES)) for each in reliability]

    def right(self, labels: Ints) -> float:
        return float((labels == self.pictures.true[self.points]).mean())


@dataclass
class Play:
    """One arm. `stops`: the game's selection and stop rule; `heard`: the model too, if the `gate` lets it."""

    world: World
    stops: bool
    heard: bool
    gate: bool = True
    said: dict[int, list[Said]] = field(default_factory=dict)
    n_answers: int = 0
    model: Model = NOBODY
    public: HoldOut | None = None
    n_public: int = 0
    curve: Curve = field(default_factory=list)
    alone: Curve = field(default_factory=list)

    def __post_init__(self) -> None:
        rule = MOOREA.retirement
        self.project = replace(project(), retirement=rule if self.heard else replace(rule, minimum_with_model=3))
        self.masks = choice_masks(self.project)
        self.rng = np.random.default_rng([self.world.seed, 1])
        self.weights: Weights = fit_weights(self.project, all_said([]), {})
        self.asked_of: list[set[int]] = [set() for _ in range(N_VOLUNTEERS)]
        self.wanted: dict[int, float] = {}
        self.renewed_after = RENEWED_AFTER if self.stops else N_POINTS
        self.open = {int(one) for one in self.world.points}
        for one in self.open:
            self.look_at(one)

    def run(self, enough: float) -> None:
        """Until everything is settled, or the labels are as good as this (a share of the points)."""
        while self.open and not (self.curve and self.curve[-1][1] >= enough):
            who, before = int(self.rng.integers(N_VOLUNTEERS)), self.n_answers
            for one in self.round_for(who):
                self.answer(one, who)
            if self.n_answers // self.renewed_after > before // self.renewed_after:
                self.renew()
            if self.n_answers // LOOKED_AT_AFTER > before // LOOKED_AT_AFTER:
                self.measure()
        self.renew()
        self.measure()

    def round_for(self, who: int) -> list[int]:
        size, known = self.project.levels[0].round_size, self.asked_of[who]
        n_gold = n_gold_in_round(len(known), size, self.rng, self.project.levels[0].gold_floor)
        gold = [one for one in self.world.gold if one not in known]
        new = [one for one in self.open if one not in known]
        ranked = sorted(new, key=lambda one: -self.wanted[one])
        chosen = mix(ranked, new, size - n_gold, RANDOM_SHARE if self.stops else 1.0, rng=self.rng)
        return [*chosen, *self.rng.choice(gold, min(n_gold, len(gold)), replace=False).tolist()]

    def answer(self, one: int, who: int) -> None:
        self.n_answers += 1
        self.asked_of[who].add(one)
        p = self.world.matrices[who][self.world.pictures.true[one]]
        given = CODES[int(self.rng.choice(len(CODES), p=p))]
        self.said.setdefault(one, []).append(Said(self.n_answers, one, who, given, None))
        if one in self.open:
            self.look_at(one)

    def look_at(self, one: int) -> None:
        """Whether it has been asked often enough, and else how wanted it is."""
        said = self.said.get(one, [])
        if not self.stops:
            self.wanted[one] = 0.0
            if len(said) == FULL:
                self.open.discard(one)
            return
        state = opening_states(self.project, self.believed(one), Tally([str(each.choice) for each in said], 0))[-1]
        self.wanted[one] = state.priority
        if state.reason is not None:
            self.open.discard(one)

    def believed(self, one: int) -> Believed:
        return believe(self.weights, heard(self.weights, self.masks, self.said.get(one, [])), self.model.word(one))

    def renew(self) -> None:
        """An aggregation; where the model is heard, another one taught, judged by the gate, and met."""
        self.weights = fit_weights(
            self.project, all_said(one for given in self.said.values() for one in given), self.world.gold
        )
        if self.heard:
            alone = {one: self.believed(one).posterior for one in self.said if one not in self.world.gold}
            self.teach(alone)
            self.model = meet(self.predicted, self.weights, alone, self.world.gold) if self.n_public else NOBODY
        for one in list(self.open):
            self.look_at(one)

    def teach(self, alone: Mapping[int, Floats]) -> None:
        """As the trainer does: what was learned from is judged by a head that saw nothing of its quadrat."""
        world, places = self.world, np.array(sorted(alone))
        posterior = np.array([alone[int(one)] for one in places])
        consensus = Consensus(places, posterior, posterior.max(axis=1))
        lessons = lessons_of(world.pictures.subjects, consensus, world.features[places])
        p = _head(lessons, world.widths, np.ones(len(places), np.bool_))(world.features)
        fold = folds(lessons.image, world.seed)
        for out in np.unique(fold):
            p[places[fold == out]] = _head(lessons, world.widths, fold != out)(world.features[places[fold == out]])
        new = HoldOut({str(one): self.examined(one, p[one]) for one in world.gold})
        if not self.gate or judge(self.project, new, self.public, self.n_public, world.seed)["passed"]:
            self.public, self.n_public = new, self.n_public + 1
            self.predicted = Predictions(self.n_public, self.n_public, dict(enumerate(p.tolist())))

    def examined(self, one: int, p: Floats) -> Examined:
        return Examined(str(self.world.pictures.photograph[one]), CODES[self.world.gold[one][0]], CODES[p.argmax()])

    def measure(self) -> None:
        found = [self.believed(int(one)) for one in self.world.points]
        spent = self.n_answers / N_POINTS
        heard = np.array([one.with_model(one.posterior).argmax() for one in found])
        self.curve.append((spent, self.world.right(heard)))
        self.alone.append((spent, self.world.right(np.array([one.posterior.argmax() for one in found]))))


def _head(lessons: Lessons, widths: tuple[int, ...], kept: Masks):  # type: ignore[no-untyped-def]
    some = Lessons(lessons.features[kept], lessons.posterior[kept], lessons.confidence[kept], lessons.image[kept])
    return fit_heads(some, importance(some), widths, (RIDGE,))[RIDGE]


def needed(curve: Curve, accuracy: float) -> float:
    """Answers a point when the labels are first as good; infinite if they never are."""
    return next((spent for spent, right in curve if right >= accuracy - 1e-9), float("inf"))


def play(world: World) -> dict[str, Curve]:
    off = Play(world, stops=False, heard=False)
    off.run(np.inf)
    people, model = (Play(world, stops=True, heard=heard) for heard in (False, True))
    newest = Play(world, stops=True, heard=True, gate=False)
    for one in (people, model, newest):
        one.run(np.inf)
    return dict(zip(ARMS, (off.curve, people.curve, model.curve, model.alone, newest.curve), strict=True))


def tell(found: list[dict[str, Curve]]) -> None:
    wanted = [curves[OFF][-1][1] for curves in found]
    sys.stdout.write(f"Ten answers a point: {_about(wanted, 4)} of the labels right.\n\n")
    head = ("", "as good", "within half a point", "saved", "in the end, answers a point", "labels right")
    sys.stdout.write(f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n")
    for name in ARMS:
        as_good, near = (
            [needed(curves[name], right - less) for curves, right in zip(found, wanted, strict=True)]
            for less in (0.0, NEAR)
        )
        saved = [curves[OFF][-1][0] / each for curves, each in zip(found, near, strict=True)]
        ends = [_about([curves[name][-1][column] for curves in found], 2 + column) for column in (0, 1)]
        sys.stdout.write(f"| {name} | {_about(as_good, 2)} | {_about(near, 2)} | ÷ {_about(saved, 2)} | ")
        sys.stdout.write(" | ".join(ends) + " |\n")
    sys.stdout.write(f"\n| answers a point | {' | '.join(ARMS)} |\n|{'---|' * (1 + len(ARMS))}\n")
    for spent in (0.5, 1, 2, 3, 4, 5, 6, 8, 10, 11.2):
        cells = [_about([_at(curves[name], spent) for curves in found], 3) for name in ARMS]
        sys.stdout.write(f"| {spent:g} | {' | '.join(cells)} |\n")


def draw(found: list[dict[str, Curve]]) -> None:
    figure, axis = plots.plt.subplots(figsize=(6.5, 4))
    grid = np.arange(0.25, 11.5, 0.125)
    for name, colour in zip(ARMS, (plots.OTHERS[0], *plots.OTHERS[1:3], plots.OTHERS[4], plots.OURS), strict=True):
        rows = np.array([[_at(curves[name], at) for at in grid] for curves in found])
        axis.plot(grid, rows.mean(axis=0), color=colour, linewidth=1.4, label=name)
    axis.set(xlabel="answers a point, gold's counted", ylabel="labels right", ylim=(0.4, 1.01))
    axis.legend(frameon=False, loc="lower right")
    plots.save(figure, PICTURE)


def _at(curve: Curve, spent: float) -> float:
    """Labels right by then; what is settled stays as it is."""
    return next((right for at, right in reversed(curve) if at <= spent), curve[0][1])


def _about(values: list[float], digits: int) -> str:
    """Mean and spread; where some never get there, the median, for which they needed more than all others."""
    known = [each for each in values if 0 < each < np.inf]
    if len(known) < len(values):
        middle = f", median {np.median(values):.{digits}f}" if 2 * len(known) > len(values) else ""
        return f"reached in {len(known)} of {len(values)}{middle}"
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"


def main() -> None:
    pictures = moorea(folder().parent)
    features, widths = features_of(pictures, recipe_of(POINT, PATCH_PX))
    n_seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    found = [play(World(pictures, features, widths, seed)) for seed in range(n_seeds)]
    tell(found)
    draw(found)


if __name__ == "__main__":
    main()
