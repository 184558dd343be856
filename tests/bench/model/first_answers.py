"""A new project's first answers as they come: rare labels are rare, and the gate judges what was learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from game.science import gate
from game.science.holdouts import Examined, HoldOut, beside_commonest
from game.training.dataset import Consensus
from game.training.head import Lessons, learn
from scoring.arrays import Ints, Masks
from tests.bench.crowd.tables import Table
from tests.bench.model import seen
from tests.bench.model.measures import accuracy, macro_f1, shown
from tests.bench.model.seen import Seen
from tests.bench.model.volunteers import answers, consensus

A_LABEL = (2, 3, 5, 10)
N_DRAWS = 10
RELIABILITY, N_ANSWERS = 0.75, 3
HEADS = HEAD, PROTOTYPES, COMMONEST = "the game's head", "prototypes", "the commonest label"


@dataclass(frozen=True)
class Judged:
    """On photographs that neither taught it nor were the gate's: accuracy and macro-F1; and whether the gate let it."""

    accuracy: float
    macro_f1: float
    public: bool


def table(one: Seen) -> Table:
    """A third of the photographs is held out: half of them for the gate, half to see what it let pass."""
    found = {n: [draw(one, n, seed) for seed in range(N_DRAWS)] for n in A_LABEL}
    rows = []
    for what, name in (("by label", "accuracy"), ("macro-F1", "macro_f1")):
        reached = {head: [[getattr(each[head], name) for each in found[n]] for n in A_LABEL] for head in HEADS}
        rows += [[f"{head}, {what}", *map(shown, reached[head])] for head in (HEAD, PROTOTYPES)]
        rows.append([f"{COMMONEST}, {what}", *(f"{np.mean(one):.3f}" for one in reached[COMMONEST])])
    for head in (HEAD, PROTOTYPES):
        rows.append([f"{head}: public, and rightly", *(_let_pass(found[n], head) for n in A_LABEL)])
    return Table(f"{one.pictures.name}, as they come", ["subjects for each label", *map(str, A_LABEL)], rows, _NOTE)


def draw(one: Seen, n_a_label: int, seed: int) -> dict[str, Judged]:
    """By head; so many subjects for each label in all, however many of each label there are among them."""
    pictures, rng = one.pictures, np.random.default_rng([seed, 9])
    held = seen.held_out(pictures, seed)
    photographs = rng.permutation(np.unique(pictures.photograph[held]))
    asked = held & np.isin(pictures.photograph, photographs[: len(photographs) // 2])
    posterior = consensus(answers(pictures, RELIABILITY, N_ANSWERS, seed), np.where(held, pictures.true, -1))
    few = np.sort(rng.permutation(np.flatnonzero(~held))[: n_a_label * pictures.n_labels])
    said = Consensus(few, posterior[few], posterior[few].max(axis=1))
    lessons = Lessons(one.x[few], said.target, said.confidence, pictures.photograph[few])
    head = learn(lessons, one.widths, seed, seen.quiet()).head
    commonest = np.full(len(one.x), np.bincount(pictures.true[asked]).argmax())
    given = {HEAD: head(one.x).argmax(axis=1), PROTOTYPES: nearest(one, few, posterior[few].argmax(axis=1))}
    return {
        name: Judged(
            accuracy(np.eye(pictures.n_labels)[labels], pictures.true, held & ~asked),
            macro_f1(labels[held & ~asked], pictures.true[held & ~asked], pictures.n_labels),
            _passes(one, asked, labels, seed),
        )
        for name, labels in (given | {COMMONEST: commonest}).items()
    }


def nearest(one: Seen, few: Ints, labels: Ints) -> Ints:
    """(S,) The label whose mean is nearest; what nobody has named among the `few` (N,) is never given."""
    spread = (one.x[few].std(axis=0) + 1e-3) * np.sqrt(np.repeat(one.widths, one.widths))
    x, named = (one.x - one.x[few].mean(axis=0)) / spread, np.unique(labels)
    means = np.array([x[few][labels == label].mean(axis=0) for label in named])
    return np.asarray(named[((means**2).sum(axis=1) - 2 * x @ means.T).argmin(axis=1)])


def _passes(one: Seen, asked: Masks, labels: Ints, seed: int) -> bool:
    of, true = one.pictures.photograph, one.pictures.true
    examined = {str(n): Examined(str(of[n]), str(true[n]), str(labels[n])) for n in np.flatnonzero(asked)}
    return gate.against_commonest(beside_commonest(HoldOut(examined)), np.random.default_rng(seed)).passed


def _let_pass(found: list[dict[str, Judged]], head: str) -> str:
    public = [each for each in found if each[head].public]
    rightly = sum(each[head].macro_f1 > each[COMMONEST].macro_f1 for each in public)
    return f"{len(public)} of {len(found)}, {rightly}"


_NOTE = (
    f"{N_DRAWS} draws; {N_ANSWERS} answers a subject of a crowd of {RELIABILITY}. Rightly: better on other photographs."
)
