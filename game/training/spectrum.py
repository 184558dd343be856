"""Which way of transfer learning a model goes, by what the crowd says of images left out; and why not another one."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from game.artifacts.ways import Way
from game.errors import TrainingError
from game.training.direct import direct
from game.training.in_vain import in_vain, remember
from game.training.teaching import N_FOLDS, CrossFitted, Teaching
from game.training.ways import Asked, Course, Gain, NotPossible, Taught, Trial, gain_over, trial
from scoring.arrays import Floats

ALTERNATIVES = (Way.DIRECT, Way.LAST_BLOCK, Way.ALL)


@dataclass(frozen=True)
class Attempt:
    """`unseen` (N, K), None if it was given up after `n_folds`; `finish` makes what is to be kept if it is chosen."""

    way: Way
    gain: Gain
    unseen: Floats | None
    n_folds: int
    finish: Callable[[], Taught]


def choose(frozen: Taught, course: Course, asked: Asked) -> tuple[Taught, list[Trial]]:
    """What the way asked for has come to, for AUTO the best one; and how each did. `frozen` is learned already.

    AUTO leaves the frozen layers only for a way whose gain is more than its standard error. The hold-out has no say.
    Raises TrainingError if a way that was asked for by its name is not possible.
    """
    attempts, not_tried = _attempts(frozen, course, asked)
    sure = [attempt for attempt in attempts if attempt.gain.sure or asked.way is attempt.way]
    best = max(sure, key=lambda attempt: attempt.gain.gain, default=None)
    why = "asked for" if asked.way is Way.FROZEN else "" if best else "nothing else is better by more than chance"
    plain = trial(Trial(Way.FROZEN, why, best is None), frozen.learned.unseen, course.lessons)
    told = [plain, *not_tried, *(_told(attempt, course, chosen=attempt is best) for attempt in attempts)]
    return best.finish() if best else frozen, sorted(told, key=lambda one: list(Way).index(one.way))


def explained(trials: Sequence[Trial], asked: Asked) -> dict[str, Any]:
    """As metrics.json has it."""
    ways = [asdict(one) | {"way": str(one.way)} for one in trials]
    return {"asked": str(asked.way), "budget_s": asked.budget_s, "ways": ways}


def _attempts(frozen: Taught, course: Course, asked: Asked) -> tuple[list[Attempt], list[Trial]]:
    """Those that were made, and why the others were not."""
    made: list[Attempt] = []
    not_tried: list[Trial] = []
    left_s = asked.budget_s
    for way in (way for way in ALTERNATIVES if asked.way in (Way.AUTO, way)):
        since_s = course.progress.clock()
        teaching = None if way is Way.DIRECT else Teaching(way, frozen, course)
        try:
            if teaching is None:
                made.append(_borrowed(frozen, course, asked))
            else:
                _check(teaching, asked, left_s)
                left_s -= teaching.takes_s()
                made.append(_taught(teaching, asked))
        except NotPossible as obstacle:
            if asked.way is way:
                raise TrainingError(f"The method “{way}” is {obstacle}.") from None
            not_tried.append(Trial(way, str(obstacle)))
            continue
        took_s = course.progress.clock() - since_s
        counted = "" if teaching is None else f", counted as {teaching.takes_s():.0f} s"
        course.progress("tried", 1, 1, f"{way}: {_found(made[-1])} (took {took_s:.0f} s{counted})")
    return made, not_tried


def _check(teaching: Teaching, asked: Asked, left_s: float) -> None:
    """A way that is asked for by its name is gone again, and may take as long as it takes."""
    teaching.check()
    if asked.way is not Way.AUTO:
        return
    before = in_vain(teaching)
    if before is not None:
        raise NotPossible(before)
    if teaching.takes_s() > left_s:
        spent = f", of which {left_s:.0f} s are left" if left_s < asked.budget_s else ""
        raise NotPossible(
            f"not tried: would take about {teaching.takes_s():.0f} s of a budget of {asked.budget_s:.0f} s{spent}"
        )


def _borrowed(frozen: Taught, course: Course, asked: Asked) -> Attempt:
    taught = direct(course, asked.other, frozen.backbone.name)
    p, before = taught.learned.unseen, frozen.learned.unseen
    return Attempt(Way.DIRECT, gain_over(before, p, course.lessons), p, N_FOLDS, lambda: taught)


def _taught(teaching: Teaching, asked: Asked) -> Attempt:
    crossed: CrossFitted = teaching.cross_fitted(patient=asked.way is not Way.AUTO)
    whole = crossed.unseen if crossed.judged.all() else None
    gain = crossed.gain(teaching.course.lessons)
    attempt = Attempt(teaching.way, gain, whole, crossed.n_folds, lambda: teaching.taught(crossed))
    if not gain.sure:
        remember(teaching, _found(attempt))
    return attempt


def _told(attempt: Attempt, course: Course, *, chosen: bool) -> Trial:
    gain = attempt.gain
    error = gain.error if math.isfinite(gain.error) else None
    told = Trial(attempt.way, _found(attempt), chosen, gain=gain.gain, error=error)
    return told if attempt.unseen is None else trial(told, attempt.unseen, course.lessons)


def _found(attempt: Attempt) -> str:
    gain = attempt.gain
    if math.isinf(gain.error):
        return "nobody can tell whether it is better, as all there is to learn from lies in one image"
    apart = f"(loss {-gain.gain:+.3f} ± {gain.error:.3f})".replace("-", "−")
    if attempt.unseen is None:
        return f"given up after part {attempt.n_folds} of {N_FOLDS}, no better so far"
    if gain.sure:
        return f"better than frozen layers {apart}"
    return f"{'worse than' if gain.gain < -gain.error else 'not surely better than'} frozen layers {apart}"
