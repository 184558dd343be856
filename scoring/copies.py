"""Copies: whose answers are too much alike to be independent, and how such a group comes to share one vote.

Agreeing on what is true says nothing; agreeing on what hardly anyone says of a subject says much (Dong, Berti-Equille
and Srivastava 2009, section 3). Pairs that agree so are put together into groups; a group is believed if copying
explains its answers better than independence does; whoever else answers like a believed group joins it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from scoring.answers import Answers
from scoring.arrays import Floats, Ints, Masks
from scoring.likeness import Belief, bar, believe, beside, candidates, group_evidence, renumbered

Consensus = Callable[[Answers, Floats], Floats]  # Answers and the weight of each (N,) → posterior (S, K).

FURTHER_MEMBER = 4.0  # What each member of a group beyond the second has to add to the evidence, in nats.
# Rivals are compared by matrices nearer to the average volunteer's: by its own, a group looks good.
FIRM_STRENGTH = 20.0
OVERLAP = 0.1  # Two groups are rivals if they have more than this share of the smaller one's subjects in common.
N_GROWTHS = 3  # Who joins changes whom the others are like.
JOIN_ERROR = 0.05  # Chance of one false member of all groups together, were the groups what they seem.


@dataclass(frozen=True)
class Copies:
    """Groups of volunteers whose answers look alike. Nothing is said about who was first, or why."""

    group: Ints  # (V,), 0 … G-1, -1 for none
    evidence: Floats  # (V,), log-likelihood ratio (nats) of copying from the likest group or candidate; 0 for none
    weight: Floats  # (N,), in (0, 1]: 1 / how many of the group gave this answer to this subject
    voter: Ints  # (N,), the volunteer, or V + group: a group is measured, and votes, as if it were one volunteer


@dataclass(frozen=True)
class _Candidates:
    """G groups that may be copies, some of them twice."""

    member: sparse.csr_array  # (G, V)
    most: Masks  # (G,), holds most of the votes on its subjects
    proven: Floats  # (G,), evidence in nats,
    needed: Floats  # (G,), how much of it there has to be,
    rank: Floats  # (G,), and the evidence by firm matrices, by which rivals are compared


@dataclass(frozen=True)
class _Groups:
    """G candidates, strongest first; no volunteer is in two of them."""

    member: sparse.csr_array  # (G, V)
    most: Masks  # (G,), holds most of the votes on its subjects
    rivals: Ints  # (G,), how many stronger ones share its subjects


def find_copies(
    answers: Answers, n_subjects: int, n_volunteers: int, gold: Ints, consensus: Consensus, *, n_rounds: int = 3
) -> Copies:
    """Groups, evidence and weights, found in alternation with `consensus`; `gold` (S,) labels, -1 for none.

    `consensus` must fit answers of volunteers 0 … 2V - 1, gold clamped. It is first asked with everybody one and the
    same volunteer, for copies look perfect to each other and would buy themselves reliability. Round r believes a
    group that has at most r stronger rivals: an unnoticed group makes honest volunteers look alike, too.
    """
    gold = np.broadcast_to(gold, n_subjects)
    once = _first_answers(answers, n_subjects)
    nobody = np.full(n_volunteers, -1)
    copies = _shared(answers, nobody, np.zeros(n_volunteers), n_subjects)
    posterior = consensus(replace(answers, volunteer=np.zeros_like(answers.volunteer)), copies.weight)
    for n_rivals in range(n_rounds):
        weight = copies.weight[once.order]
        belief = believe(once.answers, posterior, weight, gold, n_volunteers)
        firm = believe(once.answers, posterior, weight, gold, n_volunteers, strength=FIRM_STRENGTH)
        found = _candidates(belief, firm)
        group = _choose(found, once.answers, n_rivals)
        if (group < 0).all():
            # Who is likest to the likeliest candidates, though nobody is believed to copy.
            hint = beside(belief, _choose(found, once.answers, 0, proof=0.0))[1]
            return copies if n_rivals else replace(copies, evidence=hint)
        copies = _shared(answers, group, copies.evidence, n_subjects)
        posterior = consensus(replace(answers, volunteer=copies.voter), copies.weight)
        belief = believe(once.answers, posterior, copies.weight[once.order], gold, n_volunteers)
        copies = _shared(answers, *_grow(belief, group), n_subjects)
        posterior = consensus(replace(answers, volunteer=copies.voter), copies.weight)
    return copies


@dataclass(frozen=True)
class _Once:
    answers: Answers
    order: Ints  # (N',), which of all answers these are


def _first_answers(answers: Answers, n_subjects: int) -> _Once:
    """A volunteer who answers a subject twice copies himself: only his first answer is compared."""
    order = np.unique(answers.volunteer * n_subjects + answers.subject, return_index=True)[1]
    order.sort()
    if len(order) == len(answers.subject):
        return _Once(answers, order)
    kept = Answers(answers.subject[order], answers.volunteer[order], answers.choice[order], answers.choices)
    return _Once(kept, order)


def _shared(answers: Answers, group: Ints, evidence: Floats, n_subjects: int) -> Copies:
    """The members of a group who say the same of a subject share one vote."""
    if (group < 0).all():
        return Copies(group, evidence, np.ones(len(answers.subject)), answers.volunteer)
    of = group[answers.volunteer]
    said = (of * n_subjects + answers.subject) * len(answers.choices) + answers.choice
    _, inverse, count = np.unique(said, return_inverse=True, return_counts=True)
    weight = np.where(of < 0, 1.0, 1 / count[inverse])
    return Copies(group, evidence, weight, np.where(of < 0, answers.volunteer, len(group) + of))


def _candidates(belief: Belief, firm: Belief) -> _Candidates:
    needed, proven, most, rank, member = [], [], [], [], []
    for labels in candidates(belief):
        n_groups = int(labels.max(initial=-1)) + 1
        inside = np.flatnonzero(labels >= 0)
        size = np.bincount(labels[inside], minlength=n_groups)
        evidence, holds_most = group_evidence(belief, labels, n_groups)
        needed.append(bar(len(labels)) + FURTHER_MEMBER * (size - 2))
        proven.append(evidence)
        most.append(holds_most)
        rank.append(group_evidence(firm, labels, n_groups)[0])
        member.append(sparse.csr_array((np.ones(len(inside)), (labels[inside], inside)), shape=(n_groups, len(labels))))
    told = (np.concatenate(one) for one in (most, proven, needed, rank))
    return _Candidates(sparse.vstack(member, format="csr"), *told)


def _choose(found: _Candidates, answers: Answers, n_rivals: int, proof: float = 1.0) -> Ints:
    """Group (V,) of the believed among all candidates; strongest first, a rival only after `n_rivals` others.

    With `proof` 0 any candidate is believed whom copying explains better than independence.
    """
    believed = np.flatnonzero(found.proven > proof * found.needed)
    order = believed[np.argsort(-found.rank[believed], kind="stable")]
    groups = _rivals(answers, found.member[order], found.most[order])
    kept = groups.member[np.flatnonzero(groups.rivals <= np.where(groups.most, 0, n_rivals))].tocoo()
    group = np.full(found.member.shape[1], -1)
    group[kept.col] = kept.row
    return group


def _rivals(answers: Answers, member: sparse.csr_array, most: Masks) -> _Groups:
    """Drops candidates that repeat a stronger one, and counts for the rest who else claims their subjects."""
    repeats = sparse.tril(member @ member.T, -1).tocsr()
    first = np.flatnonzero(np.diff(repeats.indptr) == 0)
    member, most = member[first], most[first]
    shape = (member.shape[1], int(answers.subject.max(initial=-1)) + 1)
    asked = sparse.csr_array((np.ones(len(answers.subject)), (answers.volunteer, answers.subject)), shape=shape)
    covers = (member @ asked > 0).astype(np.float64)
    n_covered = np.asarray(covers.sum(axis=1)).ravel()
    common = sparse.tril(covers @ covers.T, -1).tocoo()
    claimed = common.data > OVERLAP * np.minimum(n_covered[common.row], n_covered[common.col])
    return _Groups(member, most, np.bincount(common.row[claimed], minlength=len(first)))


def _grow(belief: Belief, group: Ints) -> tuple[Ints, Floats]:
    """Lets everyone join the group he is likest to, and leave one he is not like: group (V,) and evidence (V,)."""
    evidence = np.zeros(len(group))
    for _ in range(N_GROWTHS):
        near, evidence = beside(belief, group)
        n_groups = int(group.max(initial=-1)) + 1
        joins = evidence > np.log(max(len(group) * n_groups, 1) / JOIN_ERROR)
        group = renumbered(np.where(joins, near, -1))
    return group, evidence
