"""The model card for children of about ten: short, warm and honest. The other card's figures, in tenths."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from game.training.dataset import POINT, Dataset
from game.training.evaluate import Evaluation, LabelFigures
from game.training.few import hardly_taught

# Of fewer than these nothing is said that sounds as if it were known.
FEW = 10
GOOD = 0.7
# From this share on two labels count as mixed up.
OFTEN = 0.15
MOST = 3


def childs_card(dataset: Dataset, evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
    """Markdown without tables."""
    title = dataset.about.get("title") or dataset.about.get("project")
    sections = {
        "How I learned": _lessons(dataset, metrics),
        "My test": _test(dataset, evaluation),
        "What I am good at": _good(dataset, evaluation),
        "What I mix up": _mixed_up(dataset, evaluation),
        "What I have never seen": _unseen(dataset, evaluation, metrics),
        "Please remember": _REMEMBER.format(who="the next machine" if metrics.get("taught_by") else "me"),
    }
    head = f"# Hello! I am the guessing machine of “{title}”\n\n{_hello(dataset)}\n"
    return "\n".join([head, *(f"## {heading}\n\n{text}\n" for heading, text in sections.items())])


_REMEMBER = """\
I only guess. I do not understand the sea, and I cannot be curious. You can! When something really matters, people have
to look for themselves. And every picture that you look at carefully helps {who} to guess better next time.
Thank you."""


def _hello(dataset: Dataset) -> str:
    what = "one tiny spot in the middle of a picture" if dataset.kind == POINT else "a picture"
    names = [label.name for label in dataset.labels]
    return (
        f"I am a computer program. You show me {what}, and I choose one of {len(names)} names: {_listed(names, 'or')}."
    )


def _lessons(dataset: Dataset, metrics: Mapping[str, Any]) -> str:
    if metrics.get("taught_by"):
        return _borrowed(metrics["taught_by"])
    n = metrics["n_training"]
    text = (
        f"Players looked at {n:,} pictures and said what they saw. I looked at the same pictures, guessed, and "
        "compared my guess with what the players agreed on. That is how I learned, again and again."
    )
    return text + (_PRETENDED if dataset.about.get("includes_simulated") else "")


_PRETENDED = " Some of the players were only pretend players, made by a computer, so I am just for trying things out."


def _borrowed(teacher: Mapping[str, Any]) -> str:
    """Of a model that is taken as it is."""
    if not teacher["project"]:
        where = "I learned my names somewhere else, from very many photographs of all sorts of things."
    else:
        where = f"I learned my names somewhere else: from the players of “{teacher['title']}”, who saw other pictures."
    text = f"{where} Here I have learned nothing at all. I use what I know from there. Let us hope that it fits!"
    return text + (_PRETENDED if teacher["includes_simulated"] else "")


def _test(dataset: Dataset, evaluation: Evaluation) -> str:
    true = np.array(evaluation.confusion).sum(axis=1)
    common = dataset.labels[int(true.argmax())].name
    return (
        f"Then experts tested me with {evaluation.n:,} pictures that I had never seen. I got "
        f"**{_tenths(evaluation.accuracy)}** right. If I always said “{common}” without even looking, I would get "
        f"{_tenths(evaluation.majority_accuracy)}."
    )


def _good(dataset: Dataset, evaluation: Evaluation) -> str:
    known = sorted((line for line in evaluation.per_label if line.n >= FEW), key=lambda line: -line.recall)
    names = {label.code: label.name for label in dataset.labels}
    best = [line for line in known if line.recall >= GOOD][:MOST]
    if best:
        return "\n".join(f"- **{names[line.code]}**: I find {_tenths(line.recall)} of them." for line in best)
    if known:
        return (
            f"Nothing yet, honestly. Best of all I find **{names[known[0].code]}**: {_tenths(known[0].recall)} of them."
        )
    return "Nobody knows yet: my test was too short."


def _mixed_up(dataset: Dataset, evaluation: Evaluation) -> str:
    confusion = np.array(evaluation.confusion)
    true = confusion.sum(axis=1)
    if not (true >= FEW).any():
        return "Nobody knows yet: my test was too short."
    share = np.where(true[:, None] >= FEW, confusion / np.maximum(true, 1)[:, None], 0.0)
    np.fill_diagonal(share, 0)
    worst = [divmod(int(cell), len(true)) for cell in np.argsort(-share, axis=None, kind="stable")[:MOST]]
    names = [label.name for label in dataset.labels]
    lines: list[str] = []
    if evaluation.never_given:
        never = _listed([f"“{names[place]}”" for place in evaluation.never_given], "or")
        lines.append(f"- In my test I never said {never}. I cannot tell that from other things.")
    lines += [
        f"- When it is **{names[is_]}**, I say “{names[says]}” {_tenths(share[is_, says])} times."
        for is_, says in worst
        if share[is_, says] >= OFTEN
    ]
    return "\n".join(lines) or "Nothing very often. But I do make mistakes, now here and now there."


def _unseen(dataset: Dataset, evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
    names = {label.code: label.name for label in dataset.labels}
    rare = [names[line.code] for line in evaluation.per_label if _hardly_seen(line)]
    lines = [
        "- Other places and other cameras. There I may be quite wrong.",
        "- Anything that is not on my list. Show me a cat, and I will still say one of my names, and maybe sound sure!",
    ]
    if metrics.get("taught_by"):
        lines.insert(0, "- Your pictures, before my test. I come from others.")
        unknown = [names[code] for code in metrics["taught_by"]["unknown"]]
        lines += [f"- {_listed(unknown, 'or')}: nobody told me what that is, so I never say it."] if unknown else []
    elif taught := hardly_taught(dataset):
        lines.insert(0, f"- Enough {_listed(taught, 'or')}. I learned from hardly any, so I may get them wrong.")
    if rare:
        lines.insert(0, f"- Hardly any {_listed(rare, 'or')} in my test. So nobody knows how well I can tell.")
    return "\n".join(lines)


def _hardly_seen(line: LabelFigures) -> bool:
    return line.n < FEW


def _tenths(share: float) -> str:
    n = round(10 * share)
    if n in (0, 10):
        return "hardly any" if n == 0 else "nearly all"
    return f"{n} in 10"


def _listed(names: list[str], last: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
