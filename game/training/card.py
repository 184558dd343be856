"""The model card: what the model is, how good, for what, and what it cannot know. After Mitchell et al. (2019)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from game.training.borrowed_card import (
    BORROWED_CAVEATS,
    BORROWED_ETHICS,
    borrowed_details,
    borrowed_evaluation,
    borrowed_training,
)
from game.training.dataset import Dataset
from game.training.evaluate import Evaluation
from game.training.few import FEW_LESSONS, hardly_taught
from game.training.figures_card import figures_told, images_told
from game.training.scratch import SMALL_CNN
from game.training.views import Recipe

# Below so many hold-out subjects a label's figures are mostly chance.
FEW = 20


def card(dataset: Dataset, recipe: Recipe, evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
    """Markdown without tables, so that the plainest reader shows it as it is meant. `recipe`: what it looks at."""
    sections = {
        "Model details": _details(dataset, metrics),
        "Intended use": _use(dataset, recipe),
        "Factors": _factors(recipe),
        "Metrics": _METRICS,
        "Evaluation data": _evaluation_data(dataset, evaluation, metrics),
        "Training data": _training_data(dataset, metrics),
        "Quantitative analyses": figures_told(dataset, evaluation, metrics),
        "Ethical considerations": _ethics(metrics),
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

_LEARNED_ETHICS = """\
- Volunteers' answers went in under pseudonyms; no picture of them, no name and no time of theirs is in the model."""
_ETHICS = """\
- A count that decides about protection, fishing or building should not rest on this model alone: have people check a
  random share of its labels, and state the error."""


_LEARNED_CAVEATS = (
    "- It learned what the crowd believes. A mistake that most volunteers share is a mistake of the model too.",
    "- The hold-out comes from the same project: on other places expect it to be worse, by an unknown amount.",
)


def _details(dataset: Dataset, metrics: Mapping[str, Any]) -> str:
    about = dataset.about
    made = datetime.fromtimestamp(int(about.get("created_ms") or 0) / 1000, UTC)
    what = "Examined by" if metrics.get("taught_by") else "Learned from"
    release = f"{what} release {about['version']} of the project “{about.get('title')}”, made {made:%Y-%m-%d}."
    return "\n".join(
        [
            f"- {release}",
            borrowed_details(dataset, metrics)
            if metrics.get("taught_by")
            else f"- A picture goes through {metrics['backbone']}, which learned to see from {metrics['weights_from']};"
            " a logistic regression on what some of its layers see gives one probability for each label.",
            f"- Labels: {', '.join(f'{label.name} ({label.code})' for label in dataset.labels)}.",
            f"- Licence: {about.get('licence') or 'not stated'}. Credit: {about.get('credit') or 'not stated'}.",
            f"- Cite: {about.get('cite') or 'not stated'}",
        ]
    )


def _use(dataset: Dataset, recipe: Recipe) -> str:
    side = max(_squares(recipe), default=None)
    given = (
        f"the square of {side} × {side} pixels around each point, grey (128) where it reaches beyond the picture"
        if side
        else "whole pictures, as they are stored"
    )
    judged = "the point at the centre of a square cut from a photograph" if side else "a whole picture"
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


def _factors(recipe: Recipe) -> str:
    sides = _squares(recipe)
    wide = " and ".join(str(side) for side in sides)
    squares = "a square" if len(sides) == 1 else f"{len(sides)} squares"
    seen = (
        f"It sees {squares} around the point, {wide} pixels wide, so scale matters: a pixel must show about as much as "
        "in the pictures that taught it."
        if sides
        else f"It sees the picture pressed into a square of {recipe.input_px} pixels: small things in large pictures "
        "are lost."
    )
    return f"- {seen}\n- Light, depth, camera, season and place change what it says; it was not told any of them."


def _squares(recipe: Recipe) -> list[int]:
    """Their sides in pixels of the picture, the narrowest first; none where it looks at whole pictures."""
    return sorted(view.side_px for view in recipe.views if view.side_px is not None)


def _evaluation_data(dataset: Dataset, evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
    images = images_told(metrics["n_images_holdout"])
    told = f"{evaluation.n} subjects labelled by experts, in {images}"
    by_experts = "No label by volunteers or by a machine is among them."
    if metrics.get("taught_by"):
        return f"{told}. {by_experts} {borrowed_evaluation(metrics)}"
    return (
        f"{told}. An image with any such subject was kept out of training as a whole; all that was cut out of one "
        f"photograph is one image. {by_experts}{_at_other_sites(dataset)}"
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
    if metrics.get("taught_by"):
        return borrowed_training(dataset, metrics)
    simulated = " Some of these answers are of simulated volunteers." if dataset.about.get("includes_simulated") else ""
    images = images_told(metrics["n_images_training"])
    return (
        f"{metrics['n_training']} subjects in {images}, labelled by volunteers. The model learns from the "
        "consensus as probabilities, not as one label; what the crowd is sure of counts more, and so, mildly, does "
        f"what is rare.{simulated}"
    )


def _ethics(metrics: Mapping[str, Any]) -> str:
    return f"{BORROWED_ETHICS if metrics.get('taught_by') else _LEARNED_ETHICS}\n{_ETHICS}"


def _caveats(dataset: Dataset, evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
    lines = [
        "- It knows no answer but its labels: shown anything else, it still names one of them, perhaps firmly.",
        *(BORROWED_CAVEATS if metrics.get("taught_by") else _LEARNED_CAVEATS),
    ]
    few = [label.name for label, figures in zip(dataset.labels, evaluation.per_label, strict=True) if figures.n < FEW]
    if few:
        lines.append(f"- Fewer than {FEW} hold-out subjects, so hardly measured: {', '.join(few)}.")
    if (rare := hardly_taught(dataset)) and not metrics.get("taught_by"):
        lines.append(f"- Fewer than {FEW_LESSONS} subjects to learn from, so hardly taught: {', '.join(rare)}.")
    if metrics["n_images_holdout"] < 5:
        held_out = images_told(metrics["n_images_holdout"])
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
