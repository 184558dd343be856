"""What the gate found, in plain sentences with the figures that decided."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from game.science.gate import FEWEST_IMAGES, HARM_LEVEL, LEVEL, WORTHWHILE, LabelTest, Measured, Trial

SURE = f"{1 - LEVEL:.0%}"


@dataclass(frozen=True)
class Rival:
    """`name` is the label's where the rival always gives the commonest; `version` the published model's otherwise.

    `n_held_out`: all subjects that the new model was examined on, those included that the rival was not.
    """

    n_held_out: int
    version: int | None = None
    name: str | None = None

    @property
    def called(self) -> str:
        return (
            f"“{self.name}”, the commonest label, given always" if self.version is None else f"version {self.version}"
        )


def reasons(trial: Trial, rival: Rival, names: Mapping[str, str]) -> tuple[str, ...]:
    """`names`: a label's code → its name."""
    return tuple(_sentences(trial, rival, names))


def silence(never_given: Sequence[str]) -> tuple[str, ...]:
    """About labels, by name, that the hold-out has and the model never gives; good averages hide them."""
    if not never_given:
        return ()
    listed = ", ".join(f"“{name}”" for name in never_given)
    return (f"It never gives {listed}: only answers that say so can teach it.",)


def _sentences(trial: Trial, rival: Rival, names: Mapping[str, str]) -> Iterator[str]:
    where = f"On {_many(trial.n, 'hold-out subject')} in {_many(trial.n_images, 'image')}"
    yield f"{where} its macro-F1 is {trial.macro_f1.new:.3f}; {rival.called}: {trial.macro_f1.old:.3f}."
    yield _difference("That", trial.macro_f1)
    if trial.recall is not None:
        yield (
            f"Of each label it recognises {trial.recall.new:.1%} on average; whoever answers without looking gets "
            f"{trial.recall.old:.1%}."
        )
        yield _difference("This", trial.recall)
    for label in trial.worse:
        yield _harm(label, rival, names)
    if trial.labels and not trial.worse:
        yield "No label is recognised worse by more than could be luck."
    if trial.n_needed is not None and not _is_better(trial):
        yield _needed(trial)
    if trial.n_images < FEWEST_IMAGES:
        yield (
            f"So few images ({trial.n_images}) cannot tell by themselves, so their single subjects had to show it as "
            "well: gold in more images would tell more surely."
        )
    if trial.n < rival.n_held_out:
        yield f"Only these of its {rival.n_held_out} hold-out subjects were held out by version {rival.version} too."


def _difference(which: str, measured: Measured) -> str:
    by = f"{abs(measured.difference):.3f}"
    if measured.better:
        return f"{which} is better by {by} and, with {SURE} confidence, by more than {measured.low:.3f}."
    if measured.difference > 0:
        return f"{which} is better by {by}, but luck alone could do that: only more than {measured.low:+.3f} is sure."
    return f"{which} is not better: {measured.difference:+.3f}."


def _harm(label: LabelTest, rival: Rival, names: Mapping[str, str]) -> str:
    return (
        f"“{names.get(label.code, label.code)}” is recognised worse: of its {label.n} subjects only version "
        f"{rival.version} recognises {label.only_old}, only the new one {label.only_new} "
        f"(p = {max(label.p_value, 0.0001):.4f}; at most {HARM_LEVEL} counts)."
    )


def _needed(trial: Trial) -> str:
    decisive = [trial.macro_f1] if trial.recall is None else [trial.macro_f1, trial.recall]
    n = f"{_rounded(trial.n_needed or 0):,}"
    if all(measured.difference >= WORTHWHILE for measured in decisive):
        return f"If it is as much better as it seems, about {n} hold-out subjects would show it."
    return f"To tell an improvement of {WORTHWHILE} from luck, about {n} hold-out subjects would be needed."


def _is_better(trial: Trial) -> bool:
    return trial.macro_f1.better and (trial.recall is None or trial.recall.better)


def _rounded(n: int) -> int:
    """To two digits, upwards."""
    unit = int(10 ** max(len(str(n)) - 2, 0))
    return -(-n // unit) * unit


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"
