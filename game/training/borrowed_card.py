"""What the model card says of a model that is taken as it is: nothing was learned here, and who taught it."""

from collections.abc import Mapping
from typing import Any

from game.training.dataset import Dataset

Told = Mapping[str, Any]


def borrowed_details(dataset: Dataset, metrics: Told) -> str:
    """Lines in Markdown. `metrics` has `taught_by`."""
    teacher = metrics["taught_by"]
    lines = [
        f"- Nothing was learned here: it is a model from elsewhere as it is, {metrics['backbone']}, taught by "
        f"{taught_by(metrics)}. Of its labels those count that have the code or the name of one of ours."
    ]
    if metrics["temperature"] != 1:
        lines.append(
            f"- A single number was fitted here, a temperature of {metrics['temperature']:.2f}, by what the crowd says:"
            " how firmly it speaks, not what it says."
        )
    unknown = [label.name for label in dataset.labels if label.code in teacher["unknown"]]
    if unknown:
        lines.append(f"- It does not know, and so never says: {', '.join(unknown)}.")
    if teacher["project"]:
        licence, credit, cite = (teacher[name] or "not stated" for name in ("licence", "credit", "cite"))
        lines.append(f"- Its teacher's licence: {licence}. Credit: {credit}. Cite: {cite}")
    return "\n".join(lines)


def borrowed_training(dataset: Dataset, metrics: Told) -> str:
    n = len(dataset.consensus.subject)
    return (
        f"None of this project: {taught_by(metrics)} taught it. What the crowd here says of {n:,} subjects outside the "
        "hold-out was only asked to compare it with other ways, and for its temperature."
    )


def borrowed_evaluation(metrics: Told) -> str:
    checked = "the project that taught it has none of its pictures"
    if not metrics["taught_by"]["project"]:
        checked = "whether ImageNet has any of its pictures nobody looked"
    return f"The model learned nothing from this project, and {checked}."


def taught_by(metrics: Told) -> str:
    teacher = metrics["taught_by"]
    if not teacher["project"]:
        return f"the photographs of ImageNet and their labels ({metrics['weights_from']})"
    simulated = ", by answers of which some are of simulated volunteers" if teacher["includes_simulated"] else ""
    return f"{metrics['weights_from']}{simulated}"


BORROWED_ETHICS = """\
- No answer of this project's volunteers is in the model, but in its temperature; about those who taught it its
  teacher's card tells."""

BORROWED_CAVEATS = (
    "- It says what its teacher believes. A label that is called alike may mean something else there.",
    "- The hold-out comes from one project: on other places expect it to be worse, by an unknown amount.",
)
