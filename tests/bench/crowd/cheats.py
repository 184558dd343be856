"""Colluders: nearly a third of the answers come from one sheet; what it costs, and whether they are found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scoring.arrays import Floats, Ints, Masks
from tests.bench.crowd import metrics, ours
from tests.bench.crowd.bayes import ibcc, plain_em
from tests.bench.crowd.data import VISIBLE, CrowdSet, draw_gold, judged
from tests.bench.crowd.rivals import majority
from tests.bench.crowd.runs import on_all_cores, say
from tests.bench.crowd.tables import Goal, Part, Table

SHARE, GOLD_SHARE, SLIP, N_DRAWS = 0.30, 0.05, 0.05, 10
MAX_LOSS, MIN_AUC = 0.02, 0.97
RINGS = (1, 3)
LIMIT = "the limit: told who they are"


def part(crowds: list[CrowdSet]) -> Part:
    visible = [crowd for crowd in crowds if crowd.name in VISIBLE]
    tables, goals = [], []
    for n_rings in RINGS:
        pieces = [(name, crowd, n_rings) for crowd in visible for name in (*METHODS, LIMIT)]
        found = dict(zip([(n, c.name) for n, c, _ in pieces], on_all_cores(_draws, pieces), strict=True))
        say(f"copies: {n_rings} ring(s)")
        head = ["method", f"mean of {len(visible)}", *(crowd.name for crowd in visible)]
        means = {n: np.mean([found[n, crowd.name] for crowd in visible], axis=0) for n in (*METHODS, LIMIT)}
        rings = "one answer sheet" if n_rings == 1 else f"{n_rings} answer sheets"
        rows = [[n, _pair(means[n]), *(_pair(found[n, crowd.name]) for crowd in visible)] for n in means]
        title = f"{100 * SHARE:.0f} % colluding copies of {rings}, {100 * GOLD_SHARE:.0f} % gold: points changed / AUC"
        tables.append(Table(title, head, rows, _NOTE))
        if n_rings == 1:
            goals = _goals(means)
    return Part("Colluding copies", tables, goals)


_NOTE = (
    f"Volunteers drawn by lot, until they hold {100 * SHARE:.0f} % of the answers, answer the subjects they had from a "
    f"sheet of labels drawn with the answers' own frequencies; {100 * SLIP:.0f} % of them slip to another drawn "
    f"label. They copy on gold too. {N_DRAWS} draws; against the same method on the clean set, same gold. AUC: are "
    "colluders more suspect than others? Suspicion is disagreement with the majority, or unreliability as fitted. The "
    "last row is ours with all answers of the guilty left out: what the missing answers cost by themselves."
)


def collude(crowd: CrowdSet, n_rings: int, rng: np.random.Generator) -> tuple[CrowdSet, Masks]:
    """The same volunteers answering the same subjects, some of them from a sheet; who does (V,)."""
    order = rng.permutation(crowd.n_volunteers)
    held = np.cumsum(np.bincount(crowd.volunteer, minlength=crowd.n_volunteers)[order]) / crowd.n_answers
    n_colluders = max(int(np.argmin(np.abs(held - SHARE))) + 1, 2)
    n_rings = min(n_rings, n_colluders // 2)
    ring = np.full(crowd.n_volunteers, -1)
    ring[order[:n_colluders]] = np.arange(n_colluders) % n_rings
    common = np.bincount(crowd.given, minlength=crowd.n_labels) / crowd.n_answers
    sheet = rng.choice(crowd.n_labels, size=(n_rings, crowd.n_subjects), p=common)
    copied = sheet[ring[crowd.volunteer], crowd.subject]
    slipped = rng.random(crowd.n_answers) < SLIP
    copied = np.where(slipped, rng.choice(crowd.n_labels, size=crowd.n_answers, p=common), copied)
    guilty = ring >= 0
    return replace(crowd, given=np.where(guilty[crowd.volunteer], copied, crowd.given)), guilty


def _draws(piece: tuple[str, CrowdSet, int]) -> Floats:
    """Mean (accuracy changed, AUC) over the draws."""
    name, crowd, n_rings = piece
    found = []
    for seed in range(N_DRAWS):
        rng = np.random.default_rng(seed)
        gold = draw_gold(crowd, round(GOLD_SHARE * len(crowd.known)), rng)
        dirty, guilty = collude(crowd, n_rings, rng)
        where = judged(crowd, gold)
        method = METHODS.get(name, ours.suspects)
        clean, _ = method(crowd, gold)
        posterior, suspicion = (
            (ours.without(dirty, gold, guilty), guilty.astype(float)) if name == LIMIT else method(dirty, gold)
        )
        change = metrics.accuracy(posterior, crowd.true, where) - metrics.accuracy(clean, crowd.true, where)
        found.append((change, metrics.auc(suspicion, guilty.astype(float))))
    return np.asarray(np.mean(found, axis=0))


def _majority(crowd: CrowdSet, gold: Ints) -> tuple[Floats, Floats]:
    shares = majority(crowd)
    return shares, 1 - _agreement(crowd, shares)


def _plain(crowd: CrowdSet, gold: Ints) -> tuple[Floats, Floats]:
    posterior, confusion, prior = plain_em(crowd, gold)
    return posterior, 1 - np.einsum("t,vtt->v", prior, confusion)


def _ibcc(crowd: CrowdSet, gold: Ints) -> tuple[Floats, Floats]:
    posterior = ibcc(crowd, gold)
    return posterior, 1 - _agreement(crowd, posterior)


def _agreement(crowd: CrowdSet, posterior: Floats) -> Floats:
    """How much a volunteer's answers agree with a posterior, (V,)."""
    agreed = np.bincount(crowd.volunteer, posterior[crowd.subject, crowd.given], crowd.n_volunteers)
    return agreed / np.maximum(np.bincount(crowd.volunteer, minlength=crowd.n_volunteers), 1)


METHODS = {ours.NAME: ours.suspects, "majority": _majority, "DS + gold": _plain, "IBCC (own writing)": _ibcc}


def _pair(found: Floats) -> str:
    return f"{100 * found[0]:+.1f} / {found[1]:.3f}"


def _goals(means: dict[str, Floats]) -> list[Goal]:
    others = [name for name in METHODS if name != ours.NAME]
    least = max(others, key=lambda name: float(means[name][0]))
    keenest = max(others, key=lambda name: float(means[name][1]))
    change, auc = means[ours.NAME]
    return [
        Goal("30 % copies: points lost", f"{least} {-100 * means[least][0]:.1f}", f"≤ {100 * MAX_LOSS:.0f}",
             f"{-100 * change:.1f}", float(MAX_LOSS + change)),
        Goal("30 % copies: detection AUC", f"{keenest} {means[keenest][1]:.3f}", f"≥ {MIN_AUC:.2f}", f"{auc:.3f}",
             float(auc - MIN_AUC)),
    ]  # fmt: skip
