"""The examination's figures in words, for the model card."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from game.training.dataset import Dataset
from game.training.evaluate import Evaluation
from game.training.intervals import Interval, brackets
from game.training.method_card import method_told


def figures_told(dataset: Dataset, evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
    """Markdown: one line a figure, and tables as plain text."""
    among = evaluation.interval
    lines = [
        f"- Accuracy {evaluation.accuracy:.3f}{brackets(among.accuracy, 3)}; always giving the commonest label: "
        f"{evaluation.majority_accuracy:.3f}.",
        f"- Macro-F1 {evaluation.macro_f1:.3f}{brackets(among.macro_f1, 3)}.",
        _calibration(evaluation, metrics),
    ]
    if evaluation.groups:
        by_group = evaluation.groups
        lines.append(
            f"- By group: {by_group.accuracy:.3f}{brackets(by_group.interval.accuracy, 3)}; always the commonest "
            f"group: {by_group.majority_accuracy:.3f}. "
            f"Macro-F1 {by_group.macro_f1:.3f}{brackets(by_group.interval.macro_f1, 3)}."
        )
    lines += [*_surest(evaluation), *_transfer(metrics), *_more_answers(metrics), *_elsewhere(metrics)]
    for label, figures in zip(dataset.labels, evaluation.per_label, strict=True):
        lines.append(
            f"- {label.name}: precision {figures.precision:.2f}{brackets(figures.interval.precision)}, "
            f"recall {figures.recall:.2f}{brackets(figures.interval.recall)}, "
            f"F1 {figures.f1:.2f}{brackets(figures.interval.f1)}, {figures.n} subjects."
            if figures.n
            else f"- {label.name}: no hold-out subject, so nobody knows."
        )
    lines += _never_named(dataset, evaluation, metrics)
    matrix = _matrix(dataset, np.array(evaluation.confusion))
    table = f"Rows: what experts say. Columns: what the model says.\n\n```\n{matrix}\n```"
    return "\n\n".join(["\n".join(lines), *method_told(metrics), *_cover(dataset, metrics), table])


def _never_named(dataset: Dataset, evaluation: Evaluation, metrics: Mapping[str, Any]) -> list[str]:
    """What it cannot tell from something else hides behind figures that are good on the average."""
    never = [dataset.labels[place].name for place in evaluation.never_given]
    if not never:
        return []
    why = "it saw too few, or nobody told it the difference, as where people only said which group a subject belongs to"
    if metrics.get("taught_by"):
        why = "its teacher did not, or knew nothing like them"
    return [
        f"- It named none of the hold-out subjects: {', '.join(never)}. It does not tell them from other labels: {why}."
    ]


def _calibration(evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
    line = f"- Calibration error {evaluation.ece:.3f}{brackets(evaluation.interval.ece, 3)}"
    if metrics["temperature"] == 1:
        return f"{line}; a temperature would not have helped."
    return (
        f"{line}, by a temperature of {metrics['temperature']:.2f} fitted on subjects outside the hold-out; without it "
        f"{metrics['uncalibrated']['ece']:.3f}."
    )


def _surest(evaluation: Evaluation) -> list[str]:
    half = [point for point in evaluation.coverage if point.share == 0.5]
    return [
        f"- Of the surest half of its answers {point.accuracy:.3f} are right; they are those of {point.confidence:.2f} "
        "and more."
        for point in half
    ]


def _transfer(metrics: Mapping[str, Any]) -> list[str]:
    """Whether what the network had learned elsewhere helped; nothing where it was not compared."""
    told = metrics.get("transfer")
    if not told:
        return []
    words = {
        "positive": "helped: taught from scratch, on this project alone, it would be worse",
        "neutral": "made no difference that could be measured, against a network taught from scratch on this project",
        "negative": "did harm: taught from scratch, on this project alone, it would be better",
    }
    if told["low"] is None:
        return [
            "- Whether what it had learned elsewhere helped cannot be told: the hold-out has too few images. On these "
            f"{told['gain']:+.3f}, against the {told['scratch']:.3f} of a small network, taught from scratch on "
            f"{told['n_scratch']:,} subjects of this project."
        ]
    found = f"{told['gain']:+.3f}{brackets(Interval(told['low'], told['high']), 3, '+')}"
    return [
        f"- {told['verdict'].capitalize()} transfer: what it had learned elsewhere {words[told['verdict']]} "
        f"({told['scratch']:.3f}, of a small network that learned from {told['n_scratch']:,} subjects; {found})."
    ]


def _more_answers(metrics: Mapping[str, Any]) -> list[str]:
    curve = metrics["learning_curve"]
    if len(curve) < 2:
        return []
    told = ", ".join(f"{point['accuracy']:.3f} from {point['n_subjects']:,}" for point in curve)
    if metrics.get("learning_curve_of") == "frozen":
        return [
            f"- Accuracy by how many subjects were learned from, of frozen layers with a new head: {told}. It is not "
            "this model's own: to teach its layers again for each would take as long again."
        ]
    return [f"- Accuracy by how many subjects it learned from: {told}."]


def _elsewhere(metrics: Mapping[str, Any]) -> list[str]:
    told = metrics["elsewhere"]
    if told is None:
        return []
    apart = Interval(told["low"], told["high"]) if told["low"] is not None else None
    return [
        f"- By site: of {told['n']:,} hold-out subjects at {told['n_sites']} sites {told['accuracy']:.3f} are "
        f"recognised, and {told['unseen']:.3f}{brackets(apart, 3)} by a model that learned from other sites only."
    ]


def _cover(dataset: Dataset, metrics: Mapping[str, Any]) -> list[str]:
    told = metrics["cover"]
    if told is None:
        return []
    groups = {str(one["code"]): str(one["name"]) for one in dataset.about.get("groups", ())}
    names = {label.code: label.name for label in dataset.labels}
    by_group = [_covered(told["groups"], {**names, **groups}, "group")] if told["groups"] else []
    return ["\n".join([*by_group, _covered(told, names, "label")])]


def _covered(told: Mapping[str, Any], names: Mapping[str, str], what: str) -> str:
    crowd = f"; the crowd's {_points(told['crowd_error'])}" if told["crowd_error"] else ""
    lines = [
        f"- Percent cover by {what}, at {told['n']:,} points in {images_told(told['n_images'])}: the model's is "
        f"{_points(told['machine_error'])} an image and {what} from the experts'{crowd}."
    ]
    for one in told["per_label"]:
        by_crowd = "" if one["crowd"] is None else f", crowd {one['crowd']:.1%}"
        lines.append(f"- {names[one['code']]}: experts {one['experts']:.1%}, model {one['machine']:.1%}{by_crowd}.")
    return "\n".join(lines)


def _points(error: Mapping[str, Any]) -> str:
    apart = error["interval"]
    found = f"{100 * error['mean']:.1f} percentage points"
    return found if apart is None else f"{found} [{100 * apart['low']:.1f}, {100 * apart['high']:.1f}]"


def _matrix(dataset: Dataset, confusion: np.ndarray[Any, Any]) -> str:
    codes = [label.code for label in dataset.labels]
    width = max(6, *(len(code) + 1 for code in codes))
    head = " " * width + "".join(f"{code:>{width}}" for code in codes)
    rows = (
        f"{code:<{width}}" + "".join(f"{n:>{width}}" for n in row) for code, row in zip(codes, confusion, strict=True)
    )
    return "\n".join([head, *rows])


def images_told(n: int) -> str:
    return "1 image" if n == 1 else f"{n:,} images"
