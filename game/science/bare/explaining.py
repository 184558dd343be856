"""Explaining a consensus: who said what with which weight, as a sum that a reader can add up by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from game.errors import NotFound
from game.science.bare.beside import NO_GOLD
from game.science.bare.judging import Judged
from game.science.bare.table import counted, listed
from game.science.bare.volunteers import Volunteers
from scoring.arrays import Floats, Ints, log
from scoring.consensus import log_likelihood
from scoring.redundancy import voices

# More columns than these fit on no screen.
_MOST_LABELS = 7
SURE = 0.95
GUESSWORK = 0.2  # Mean informedness of an answer; .47 to .94 in seven real crowds, .09 where everybody guesses.


@dataclass(frozen=True)
class Step:
    """One line of the sum; `evidence` (K,) in nats is what it adds, its weight counted in."""

    who: str
    evidence: Floats
    said: str = ""
    reliability: float | None = None
    weight: float | None = None
    voice: float | None = None


def explain(judged: Judged, subject: str) -> str:
    """Raises NotFound for a subject that nobody was asked about."""
    crowd = judged.crowd
    if subject not in crowd.subjects:
        raise NotFound(f"Nobody was asked about the {crowd.subject_word} “{subject}”.")
    place = crowd.subjects.index(subject)
    shown = _shown(judged, place)
    return "\n".join([*_head(judged, place), "", *_table(judged, place, shown), "", *_end(judged, place, shown)])


def summary(judged: Judged, people: Volunteers) -> Iterator[str]:
    """What a scientist should know of the whole, in a few lines."""
    crowd, judgement = judged.crowd, judged.judgement
    n_gold = int((judged.gold[np.unique(crowd.answers.subject)] != NO_GOLD).sum())
    yield (
        f"{counted(len(crowd.answers.subject), 'answer')} of {counted(len(crowd.volunteers), 'volunteer')} to "
        f"{counted(len(crowd.subjects), 'subject')}; {counted(len(crowd.labels), 'label')}: {listed(crowd.labels)}."
    )
    source = f"fitted on {n_gold:,} gold" if n_gold else "the usual, as there is no gold"
    each = (
        f"{judged.n_answers.mean():.2f} answers to a subject, worth {judgement.n_effective.mean():.2f} independent ones"
    )
    yield f"On average {each}; redundancy {judgement.redundancy:.2f} ({source})."
    if judged.evidence is not None and not judged.evidence.any():
        yield "The model foretells nothing about the answers, so it was not heard."
    if voices(judged.confusion)[crowd.answers.volunteer].mean() < GUESSWORK:
        yield "These answers agree hardly more than guesses would: do not rely on the confidences without gold."
    open_ = judged.known & (judged.gold == NO_GOLD)
    if open_.any():
        confidence = judgement.posterior[open_].max(axis=1)
        n_sure = int((confidence >= SURE).sum())
        yield f"Mean confidence {confidence.mean():.3f}; {n_sure:,} of {len(confidence):,} have {SURE} or more."
    flagged = [name for name, flags in zip(crowd.volunteers, people.flags, strict=True) if flags]
    if flagged:
        yield f"Flagged: {counted(len(flagged), 'volunteer')}, {listed(flagged)}."


def steps(judged: Judged, place: int) -> list[Step]:
    """All lines of the sum for the subject at `place`; the last is the logarithm of what is published, but for gold."""
    answered = [_prior(judged), *_answers(judged, place)]
    total = np.sum([step.evidence for step in answered], axis=0)
    divisor = design_effect(judged, place)
    found = [*answered, Step("sum", total), Step(f"sum / {divisor:.3f}", total / divisor)]
    if judged.evidence is not None:
        added = judged.evidence[place]
        found += [Step("model", added), Step("together", total / divisor + added)]
    return found


def design_effect(judged: Judged, place: int) -> float:
    """1 + ρ·m, m the sum of voices, by which the sum is divided (see scoring.redundancy)."""
    return float(1 + judged.judgement.redundancy * judged.judgement.voices[place])


def _prior(judged: Judged) -> Step:
    return Step("prior", log(judged.judgement.prior))


def _answers(judged: Judged, place: int) -> Iterator[Step]:
    crowd, copies = judged.crowd, judged.copies
    for row in np.flatnonzero(crowd.answers.subject == place):
        volunteer, choice = int(crowd.answers.volunteer[row]), int(crowd.answers.choice[row])
        confusion, weight = judged.judgement.confusion[copies.voter[row]], float(copies.weight[row])
        evidence = weight * log_likelihood(confusion, crowd.answers.choices[choice])
        reliability, voice = float(np.diagonal(confusion).mean()), weight * float(voices(confusion))
        yield Step(crowd.volunteers[volunteer], evidence, crowd.labels[choice], reliability, weight, voice)


def _shown(judged: Judged, place: int) -> Ints:
    """The labels that have a column, in their own order: what was said, and then what is most probable."""
    answers, posterior = judged.crowd.answers, judged.judgement.posterior[place]
    said = np.isin(np.arange(len(posterior)), answers.choice[answers.subject == place])
    said[posterior.argmax()] = True
    return np.sort(np.lexsort((-posterior, ~said))[:_MOST_LABELS])


def _head(judged: Judged, place: int) -> Iterator[str]:
    crowd, posterior = judged.crowd, judged.judgement.posterior[place]
    answers = counted(int(judged.n_answers[place]), "answer")
    independent = f"worth {judged.judgement.n_effective[place]:.2f} independent ones"
    if not judged.known[place]:
        yield f"{crowd.subject_word} {crowd.subjects[place]}: nobody named a label, so none is published."
        return
    label = crowd.labels[int(judged.label[place])]
    yield f"{crowd.subject_word} {crowd.subjects[place]}: “{label}”, {answers}, {independent}."
    if judged.gold[place] != NO_GOLD:
        yield "It is gold: experts gave this label, which is published whatever volunteers say. Without gold:"
    else:
        yield f"Confidence {posterior.max():.4f}."


def _table(judged: Judged, place: int, shown: Ints) -> Iterator[str]:
    labels, made = judged.crowd.labels, steps(judged, place)
    first, second = np.argsort(-made[-1].evidence, kind="stable")[:2]
    rows = [
        (
            "",
            "said",
            "reliability",
            "weight",
            "voice",
            *(labels[k] for k in shown),
            f"{labels[first]} : {labels[second]}",
        )
    ]
    for step in made:
        figures = ("" if of is None else f"{of:.3f}" for of in (step.reliability, step.weight, step.voice))
        odds = np.exp(step.evidence[first] - step.evidence[second])
        rows.append((step.who, step.said, *figures, *(f"{step.evidence[k]:.3f}" for k in shown), f"× {odds:.3g}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        sides = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        figures = (cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True))
        yield "  ".join([*sides, *figures]).rstrip()


def _end(judged: Judged, place: int, shown: Ints) -> Iterator[str]:
    labels, last = judged.crowd.labels, steps(judged, place)[-1].evidence
    probability = np.exp(last - last.max()) / np.exp(last - last.max()).sum()
    n_voices, redundancy = judged.judgement.voices[place], judged.judgement.redundancy
    divisor = f"1 + {redundancy:.3f} · {n_voices:.3f} = {design_effect(judged, place):.3f}"
    yield "A volunteer's line is weight · log P(said | the column's label is true), in nats; the last column tells"
    yield "how much more likely it makes the one label than the other. Answers to one subject share its difficulty,"
    yield "so their sum is divided by 1 + the redundancy · the sum of voices (weight · informedness),"
    yield f"{divisor}. e to the power of the last line, made to sum to 1, is"
    yield ", ".join(f"{labels[k]} {probability[k]:.4f}" for k in shown) + _others(probability, shown)


def _others(probability: Floats, shown: Ints) -> str:
    n_others = len(probability) - len(shown)
    return f", and {n_others} other labels {1 - probability[shown].sum():.4f} together." if n_others else "."
