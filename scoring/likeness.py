"""Likeness: how much better copying explains some answers than independence does, in nats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from scoring.answers import Answers
from scoring.arrays import TINY, Floats, Ints, Masks, log, softmax

ERROR = 0.005  # Chance of one false group in the whole project, were every volunteer independent,
PAIR_ERROR = 1.0  # and how many false pairs may become candidates, whose groups are then judged by ERROR.
COPIED = 0.7  # Of a copy's answers, how many are copied: what pairs are searched with,
FAITHFUL = 0.9  # the same for pairs that agree on nearly everything, whatever that is,
FAITHFUL_BAR = 3.0  # in nats, per pair; a low one, since they are only candidates;
TOGETHER = 0.8  # and for one volunteer beside a whole group.
SHARES = (0.7, 0.85, 0.95)  # A group may have copied any of these shares; a group that is most of the votes, the last.
STRENGTH = 8.0  # Answers per row of a matrix that the average volunteer is worth.
SUREST = 1e-9  # No posterior counts as surer than this: it comes from few answers and rough matrices.
MOST_ALIKE = 200  # Answers per subject that the search for pairs looks at; the rarest choices first.
CHUNK = 1 << 15  # Answers or cells whose (K, C) arrays are in memory at once.


@dataclass(frozen=True)
class Belief:
    """What independent volunteers would say, by the posterior at hand."""

    answers: Answers
    weight: Floats  # (N,)
    log_given: Floats  # (V, K, C), log P_v(choice | true)
    log_pooled: Floats  # (K, C)
    log_weight: Floats  # (S, K), log prior + Σ w·log P_v(given | true)
    known: Masks  # (S,), gold


def believe(
    answers: Answers, posterior: Floats, weight: Floats, gold: Ints, n_volunteers: int, *, strength: float = STRENGTH
) -> Belief:
    """M- and E-step of Dawid and Skene (1979) over choices, with empirical Bayes towards the average volunteer."""
    n_labels, n_choices = posterior.shape[1], len(answers.choices)
    cell = answers.volunteer * n_choices + answers.choice
    counts = np.empty((n_volunteers, n_labels, n_choices))
    total = np.empty((n_labels, n_choices))
    for true in range(n_labels):
        belief = posterior[answers.subject, true]
        counts[:, true] = np.bincount(cell, belief, n_volunteers * n_choices).reshape(n_volunteers, n_choices)
        total[true] = np.bincount(answers.choice, belief * weight, n_choices)
    common = total.sum(axis=0) + 1
    pooled = (total + common / common.sum()) / (total.sum(axis=1, keepdims=True) + 1)
    given = (counts + strength * pooled) / (counts.sum(axis=2, keepdims=True) + strength)
    log_given = log(given)
    prior = posterior.sum(axis=0) + 1
    log_weight = np.tile(np.log(prior / prior.sum()), (len(gold), 1))
    for true in range(n_labels):
        said = weight * log_given[answers.volunteer, true, answers.choice]
        log_weight[:, true] += np.bincount(answers.subject, said, len(gold))
    known = gold >= 0
    log_weight[known] = np.log(np.maximum(np.eye(n_labels)[gold[known]], TINY))
    return Belief(answers, weight, log_given, log(pooled), log_weight, known)


def bar(n_volunteers: int, error: float = ERROR) -> float:
    """What a pair's log-likelihood ratio has to pass, so that V²/2 pairs of independent volunteers hardly ever do."""
    return float(np.log(n_volunteers**2 / 2 / error))


def _unlikely(belief: Belief) -> tuple[Floats, float, float]:
    """What agreeing on an answer adds (N,), what disagreeing adds, and the bar, for pairs that agree on the unlikely.

    log(1 - c + c·P(l) / P(l, l)), where P(l) = Σ_t q(t)·P_v(l | t), P(l, l) = Σ_t q(t)·P_v(l | t)² and q is the
    posterior without two such answers: what the pair itself makes likely proves nothing.
    """
    gain = np.empty(len(belief.weight))
    for chunk, once, twice in _predicted(belief, 2):
        gain[chunk] = np.log(1 - COPIED + COPIED * once / twice)
    return gain, float(np.log(1 - COPIED)), bar(len(belief.log_given), PAIR_ERROR)


def _faithful(belief: Belief) -> tuple[Floats, float, float]:
    """The same without any posterior, which a group that is most of the votes would have made its own.

    The bar is low, since these are only candidates; `group_evidence` judges them.
    """
    common = softmax(belief.log_weight).mean(axis=0)  # (K,)
    pooled = np.exp(belief.log_pooled)
    ratio = (common @ pooled) / np.maximum(common @ pooled**2, TINY)  # (C,)
    gain = np.log(1 - FAITHFUL + FAITHFUL * ratio)[belief.answers.choice]
    return gain, float(np.log(1 - FAITHFUL)), FAITHFUL_BAR


def _predicted(belief: Belief, n_left_out: int) -> Iterator[tuple[slice, Floats, Floats]]:
    """Chunks of answers with Σ_t q·P_v(l | t) and Σ_t q·P_v(l | t)²; q leaves out `n_left_out` answers like this."""
    for start in range(0, len(belief.weight), CHUNK):
        chunk = slice(start, start + CHUNK)
        subject = belief.answers.subject[chunk]
        log_given = belief.log_given[belief.answers.volunteer[chunk], :, belief.answers.choice[chunk]]  # (n, K)
        left_out = n_left_out * belief.weight[chunk] * ~belief.known[subject]
        log_q = log(np.maximum(softmax(belief.log_weight[subject]), SUREST))
        q, given = softmax(log_q - left_out[:, None] * log_given), np.exp(log_given)
        yield chunk, np.maximum((q * given).sum(axis=1), TINY), np.maximum((q * given**2).sum(axis=1), TINY)


def _alike(belief: Belief, gain: Floats, loss: float, threshold: float) -> Ints:
    """Joins pairs whose log-likelihood ratio passes `threshold` into candidates: labels (V,), -1 for none.

    The ratio is Σ over subjects both answered of (gain_u + gain_v)/2 where they agree and `loss` where not: sparse
    products, made for a block of volunteers at a time.
    """
    n_volunteers = len(belief.log_given)
    said, half, asked = _sparse(belief.answers, gain, loss, n_volunteers)
    of_said, of_half, of_asked = (one.T.tocsr() for one in (said, half, asked))
    rows, columns = [], []
    block = max(1, 2_000_000 // n_volunteers)
    for start in range(0, n_volunteers, block):
        some = slice(start, start + block)
        ratio = (half[some] @ of_said + said[some] @ of_half + loss * (asked[some] @ of_asked)).tocoo()
        passed = (ratio.data > threshold) & (ratio.col > ratio.row + start)
        rows.append(ratio.row[passed] + start)
        columns.append(ratio.col[passed])
    row, column = np.concatenate(rows), np.concatenate(columns)
    graph = sparse.csr_array((np.ones(len(row)), (row, column)), shape=(n_volunteers, n_volunteers))
    return renumbered(connected_components(graph, directed=False)[1])


def _sparse(answers: Answers, gain: Floats, loss: float, n_volunteers: int) -> tuple[sparse.csr_array, ...]:
    """Who gave which answer to which subject, each with a 1 and with half of what agreeing on it adds over
    disagreeing, (V, S·C); and who answered which subject, (V, S).

    In half the memory: single precision will do, as these only find candidates, whom `group_evidence` judges.
    """
    kept, n_choices = _rarest(answers), len(answers.choices)
    n_subjects = int(answers.subject[kept].max(initial=0)) + 1
    size = np.int32 if n_subjects * n_choices < np.iinfo(np.int32).max else np.int64
    volunteer, subject = answers.volunteer[kept].astype(size), answers.subject[kept].astype(size)
    cell, ones = (volunteer, subject * n_choices + answers.choice[kept].astype(size)), np.ones(len(kept), np.float32)
    said = sparse.csr_array((ones, cell), shape=(n_volunteers, n_subjects * n_choices))
    half = sparse.csr_array((((gain[kept] - loss) / 2).astype(np.float32), cell), shape=said.shape)
    return said, half, sparse.csr_array((ones, (volunteer, subject)), shape=(n_volunteers, n_subjects))


def _rarest(answers: Answers) -> Ints:
    """The answers that are compared: of a subject with more than MOST_ALIKE, those least often given; of these the
    first volunteers', so that the same people are compared on every subject."""
    said = answers.subject * len(answers.choices) + answers.choice
    n_same = np.unique(said, return_inverse=True, return_counts=True)
    order = np.lexsort((answers.volunteer, n_same[2][n_same[1]], answers.subject))
    ordered = answers.subject[order]
    rank = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return np.sort(order[rank < MOST_ALIKE])


def renumbered(labels: Ints) -> Ints:
    """Labels (V,) 0 … G-1 of those that at least two share, -1 for all others and for -1."""
    names, inverse, count = np.unique(labels, return_inverse=True, return_counts=True)
    kept = (count > 1) & (names >= 0)
    return np.asarray(np.where(kept, kept.cumsum() - 1, -1)[inverse])


def candidates(belief: Belief) -> tuple[Ints, Ints]:
    """Two ways to put volunteers together, labels (V,) each: by unlikely answers, and by hardly any difference."""
    return _alike(belief, *_unlikely(belief)), _alike(belief, *_faithful(belief))


def group_evidence(belief: Belief, labels: Ints, n_groups: int) -> tuple[Floats, Masks]:
    """How much better each group (G,) is explained by copying, and whether it holds most votes on its subjects.

    Σ_s log of [Σ_t q(t) Σ_l P(l | t) Π_v (c·1(g_v = l) + (1 - c)·P_v(g_v | t))] / [Σ_t q(t) Π_v P_v(g_v | t)]: someone
    says l, and each member repeats it with probability c or answers by himself. Dong, Berti-Equille and Srivastava
    (2009), eqs. 6-8, for a whole group; q leaves the group out, P is the mean of its members, c the best of SHARES.
    """
    answers = belief.answers
    inside = np.flatnonzero(labels[answers.volunteer] >= 0)
    cell_name = labels[answers.volunteer[inside]] * len(belief.known) + answers.subject[inside]
    order = np.argsort(cell_name, kind="stable")
    inside, cell_name = inside[order], cell_name[order]
    names, first, count = np.unique(cell_name, return_index=True, return_counts=True)
    group, subject = np.divmod(names, len(belief.known))
    votes = np.bincount(answers.subject, belief.weight, len(belief.known))
    own = np.bincount(labels[answers.volunteer[inside]], belief.weight[inside], n_groups)
    holds_most = own > np.bincount(group, votes[subject], n_groups) / 2
    source = _sources(belief, labels, n_groups)
    total = np.zeros((len(SHARES), n_groups))
    shared = np.flatnonzero(count > 1)
    for start in range(0, len(shared), CHUNK // 8):
        cells = shared[start : start + CHUNK // 8]
        n = count[cells]
        here = np.repeat(np.arange(len(cells)), n)
        which = inside[np.arange(n.sum()) + np.repeat(first[cells] - np.cumsum(n) + n, n)]
        gained = _gained(belief, which, here, subject[cells], source[group[cells]])
        for row, of_share in zip(total, gained, strict=True):
            row += np.bincount(group[cells], of_share, n_groups)
    total[:-1, holds_most] = -np.inf
    return total.max(axis=0), holds_most


def _sources(belief: Belief, labels: Ints, n_groups: int) -> Floats:
    """log P(l | t) (G, K, C) of whoever a group repeats: the mean of its members."""
    inside = np.flatnonzero(labels >= 0)
    member = sparse.csr_array((np.ones(len(inside)), (labels[inside], inside)), shape=(n_groups, len(labels)))
    given = np.exp(belief.log_given)
    mean = (member @ given.reshape(len(given), -1)) / np.maximum(member.sum(axis=1), 1)[:, None]
    return log(mean.reshape(n_groups, *given.shape[1:]))


def _gained(belief: Belief, which: Ints, cell: Ints, subject: Ints, source: Floats) -> list[Floats]:
    """The summands (n,) of `group_evidence` for each of SHARES; answers `which` (N',) lie in cells `cell` (N',)."""
    volunteer, choice = belief.answers.volunteer[which], belief.answers.choice[which]
    log_given = belief.log_given[volunteer, :, choice].T  # (K, N')
    left_out = belief.weight[which] * ~belief.known[subject][cell]
    n_cells, n_choices = len(subject), source.shape[2]
    together = np.stack([np.bincount(cell, one, n_cells) for one in log_given], axis=1)  # (n, K)
    rest = belief.log_weight[subject] - np.stack(
        [np.bincount(cell, left_out * one, n_cells) for one in log_given], axis=1
    )
    independent = np.logaddexp.reduce(rest + together, axis=1)
    gained = []
    for share in SHARES:
        alone = rest + together + (np.bincount(cell, minlength=n_cells) * np.log(1 - share))[:, None]
        repeated = source + alone[:, :, None]  # (n, K, C)
        for true, one in enumerate(log_given):
            ratio = np.log1p(share / (1 - share) * np.exp(-one))
            repeated[:, true] += np.bincount(cell * n_choices + choice, ratio, n_cells * n_choices).reshape(n_cells, -1)
        gained.append(np.logaddexp.reduce(repeated.reshape(n_cells, -1), axis=1) - independent)
    return gained


def beside(belief: Belief, group: Ints) -> tuple[Ints, Floats]:
    """The group (V,) that each volunteer is likest to, himself left out, and the evidence (V,); -1 and 0 for none.

    Σ_s log(1 - c + c·share / P(l)): `share` of the others of the group said on this subject what he said, and P(l)
    is how likely he was to say it independently.
    """
    answers, n_groups = belief.answers, int(group.max(initial=-1)) + 1
    evidence = sparse.csr_array((len(group), n_groups))
    if n_groups == 0:
        return np.full(len(group), -1), np.zeros(len(group))
    n_choices = len(answers.choices)
    of = group[answers.volunteer]
    inside = of >= 0
    said = answers.subject * n_choices + answers.choice
    names, n_said = np.unique(said[inside] * n_groups + of[inside], return_counts=True)
    covers = sparse.csr_array(
        (np.ones(inside.sum()), (answers.subject[inside], of[inside])), shape=(len(belief.known), n_groups)
    )
    for chunk, once, _ in _predicted(belief, 1):
        subject, volunteer = answers.subject[chunk], answers.volunteer[chunk]
        n = np.diff(covers.indptr)[subject]
        row = np.repeat(np.arange(len(n)), n)
        entry = np.arange(n.sum()) + np.repeat(covers.indptr[subject] - np.cumsum(n) + n, n)
        near = covers.indices[entry]
        name = said[chunk][row] * n_groups + near
        place = np.minimum(np.searchsorted(names, name), len(names) - 1)
        own = of[chunk][row] == near
        others = covers.data[entry] - own
        agree = np.where(names[place] == name, n_said[place], 0) - own
        share = agree / np.maximum(others, 1)
        gain = np.where(others > 0, np.log(1 - TOGETHER + TOGETHER * share / once[row]), 0.0)
        evidence += sparse.csr_array((gain, (volunteer[row], near)), shape=evidence.shape)
    return _likest(evidence)


def _likest(evidence: sparse.csr_array) -> tuple[Ints, Floats]:
    """Column and value of the greatest stored entry of each row; -1 and 0 for an empty row."""
    entry = evidence.tocoo()
    order = np.lexsort((entry.data, entry.row))
    last = order[np.flatnonzero(np.diff(entry.row[order], append=-1))]
    nearest, value = np.full(evidence.shape[0], -1), np.zeros(evidence.shape[0])
    nearest[entry.row[last]], value[entry.row[last]] = entry.col[last], entry.data[last]
    return nearest, value
