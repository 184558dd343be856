"""The model card: what the model is, how good, for what, and what it cannot know. After Mitchell et al. (2019)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from game.training.dataset import POINT, Dataset
from game.training.evaluate import Evaluation
from game.training.intervals import Interval, brackets
from game.training.method_card import method_told
from game.training.scratch import SMALL_CNN

# Below so many hold-out subjects a label's figures are mostly chance.
FEW = 20


def card(dataset: Dataset, evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
    """Markdown without tables, so that the plainest reader shows it as it is meant."""
    sections = {
        "Model details": _details(dataset, metrics),
        "Intended use": _use(dataset),
        "Factors": _factors(dataset),
        "Metrics": _METRICS,
        "Evaluation data": _evaluation_data(dataset, evaluation, metrics),
        "Training data": _training_data(dataset, metrics),
        "Quantitative analyses": _analyses(dataset, evaluation, metrics),
        "Ethical considerations": _ETHICS,
        "Caveats and recommendations": _caveats(dataset, evaluation, metrics),
    }
    title = f"# Model card: {dataset.about.get('title') or dataset.about.get('project')}\n"
    return "\n".join([title, *(f"## {heading}\n\n{text}\n" for heading, text in sections.items())])


_METRICS = """\
- Accuracy: the share of hold-out subjects whose likeliest label is the experts'.
- Precision of a label: of those that the model gives it, the share that experts give it. Recall: the other way round.
- F1: the harmonic mean of both. Macro-F1: its mean over labels, rare ones counting as much as common ones.
- Calibration error (ECE): how far, on average, the stated probability is from how often it comes true.
- In brackets: where the figure lies 95 times in 100. For accuracy, macro-F1, F1, ECE and cover whole images were drawn
  again, since subjects of one image are alike; for precision and recall it is Wilson's interval, subject by subject."""

_ETHICS = """\
- Volunteers' answers went in under pseudonyms; no picture of them, no name and no time of theirs is in the model.
- A count that decides about protection, fishing or building should not rest on this model alone: have people check a
  random share of its labels, and state the error."""


def _details(dataset: Dataset, metrics: Mapping[str, Any]) -> str:
    about = dataset.about
    made = datetime.fromtimestamp(int(about.get("created_ms") or 0) / 1000, UTC)
    return "\n".join(
        [
            f"- Learned from release {about['version']} of the project “{about.get('title')}”, made {made:%Y-%m-%d}.",
            f"- A picture goes through {metrics['backbone']}, which learned to see from {metrics['weights_from']};"
            " a logistic regression on what some of its layers see gives one probability for each label.",
            f"- Labels: {', '.join(f'{label.name} ({label.code})' for label in dataset.labels)}.",
            f"- Licence: {about.get('licence') or 'not stated'}. Credit: {about.get('credit') or 'not stated'}.",
            f"- Cite: {about.get('cite') or 'not stated'}",
        ]
    )


def _use(dataset: Dataset) -> str:
    side = round(dataset.patch_px * 4 / 7)
    given = (
        f"the square of {side} × {side} pixels around each point, grey (128) where it reaches beyond the picture"
        if dataset.kind == POINT
        else "whole pictures, as they are stored"
    )
    judged = "the point at the centre of a square cut from a photograph" if dataset.kind == POINT else "a whole picture"
    return f"""\
- It gives {judged} one of the labels above, with a probability for each.
- For: choosing what volunteers look at next, a first look at new pictures of the same kind, comparing methods.
- Not for: pictures of other places, cameras or things without a test of its own first.
- To run it: model.onnx, in any program that speaks ONNX. Its input `pixels` is bytes (n, height, width, 3), red, green,
  blue: {given}. Its output `p` (n, {len(dataset.labels)}) is a probability for each label, in the order above.

```python
import numpy as np, onnxruntime
from PIL import Image

pixels = np.asarray(Image.open("picture.jpg").convert("RGB"))
[p] = onnxruntime.InferenceSession("model.onnx").run(["p"], {{"pixels": pixels[np.newaxis]}})
```"""


def _factors(dataset: Dataset) -> str:
    centre, context = dataset.patch_px * 2 / 7, dataset.patch_px * 4 / 7
    seen = (
        f"It sees two squares around the point, {centre:.0f} and {context:.0f} pixels wide, so scale matters: a pixel "
        "must show about as much as in the training pictures."
        if dataset.kind == POINT
        else "It sees the picture pressed into a square of 224 pixels: small things in large pictures are lost."
    )
    return f"- {seen}\n- Light, depth, camera, season and place change what it says; it was not told any of them."


def _evaluation_data(dataset: Dataset, evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
    images = _images(metrics["n_images_holdout"])
    return (
        f"{evaluation.n} subjects labelled by experts, in {images}. An image with any such subject was kept out "
        "of training as a whole; all that was cut out of one photograph is one image. No label by volunteers or by a "
        f"machine is among them.{_at_other_sites(dataset)}"
    )


def _at_other_sites(dataset: Dataset) -> str:
    """Where the hold-out lies at sites that taught nothing; nothing where that is not so, or not known."""
    taught, asked = (
        {dataset.subjects[place].site for place in places}
        for places in (dataset.consensus.subject, dataset.gold.subject)
    )
    if "" in asked | taught or asked & taught:
        return ""
    sites = "a site" if len(asked) == 1 else f"{len(asked)} sites"
    return f" All of them lie at {sites} that the model did not learn from."


def _training_data(dataset: Dataset, metrics: Mapping[str, Any]) -> str:
    simulated = " Some of these answers are of simulated volunteers." if dataset.about.get("includes_simulated") else ""
    images = _images(metrics["n_images_training"])
    return (
        f"{metrics['n_training']} subjects in {images}, labelled by volunteers. The model learns from the "
        "consensus as probabilities, not as one label; what the crowd is sure of counts more, and so, mildly, does "
        f"what is rare.{simulated}"
    )


def _analyses(dataset: Dataset, evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
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
    lines += _never_named(dataset, evaluation)
    matrix = _matrix(dataset, np.array(evaluation.confusion))
    table = f"Rows: what experts say. Columns: what the model says.\n\n```\n{matrix}\n```"
    return "\n\n".join(["\n".join(lines), *method_told(metrics), *_cover(dataset, metrics), table])


def _never_named(dataset: Dataset, evaluation: Evaluation) -> list[str]:
    """What it cannot tell from something else hides behind figures that are good on the average."""
    never = [dataset.labels[place].name for place in evaluation.never_given]
    if not never:
        return []
    return [
        f"- It named none of the hold-out subjects: {', '.join(never)}. It does not tell them from other labels: it "
        "saw too few, or nobody told it the difference, as where people only said which group a subject belongs to."
    ]


def _calibration(evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
    line = f"- Calibration error {evaluation.ece:.3f}{brackets(evaluation.interval.ece, 3)}"
    if metrics["temperature"] == 1:
        return f"{line}; a temperature would not have helped."
    return (
        f"{line}, by a temperature of {metrics['temperature']:.2f} fitted on training subjects; without it "
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
        f"- Percent cover by {what}, at {told['n']:,} points in {_images(told['n_images'])}: the model's is "
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


def _caveats(dataset: Dataset, evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
    lines = [
        "- It knows no answer but its labels: shown anything else, it still names one of them, perhaps firmly.",
        "- It learned what the crowd believes. A mistake that most volunteers share is a mistake of the model too.",
        "- The hold-out comes from the same project: on other places expect it to be worse, by an unknown amount.",
    ]
    few = [label.name for label, figures in zip(dataset.labels, evaluation.per_label, strict=True) if figures.n < FEW]
    if few:
        lines.append(f"- Fewer than {FEW} hold-out subjects, so hardly measured: {', '.join(few)}.")
    if metrics["n_images_holdout"] < 5:
        held_out = _images(metrics["n_images_holdout"])
        lines.append(
            f"- Held out: only {held_out}. With another choice the figures may differ by several points, and from "
            "so few images intervals come out too narrow."
        )
    if (metrics["cover"] or {}).get("crowd_error"):
        lines.append(
            f"- The crowd's cover stands on {metrics['cover']['answers_a_point']:.0f} answers a point, and these "
            "volunteers were measured on the same points: it flatters the crowd a little."
        )
    if metrics["backbone"] == SMALL_CNN:
        want = metrics["no_weights_of"]
        why = f", as no weights of {want} could be had" if want else ""
        lines.append(f"- It was taught from scratch{why}: it is weaker than it could be.")
    return "\n".join(lines)


def _images(n: int) -> str:
    return "1 image" if n == 1 else f"{n:,} images"
