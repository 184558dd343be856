"""Direct transfer: a model of another project, or ImageNet's own, as it is, for labels of the same name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from game.training.dataset import POINT, Label
from game.training.export import open_folder
from game.training.features import eye_of, see
from game.training.head import Head, Learned
from game.training.network import MOBILENET, Backbone, imagenet
from game.training.scratch import SMALL_CNN
from game.training.views import Recipe, View, recipe_of
from game.training.ways import Course, NotPossible, Taught, Teacher
from game.training.zoo import chain, last_layer, weights_of

# The logit of a label that the model does not know: it never says it.
NEVER = -1e3


@dataclass(frozen=True)
class Borrowed:
    backbone: Backbone
    recipe: Recipe
    head: Head
    teacher: Teacher


def direct(course: Course, other: Path | None, backbone: str = MOBILENET) -> Taught:
    """By the model folder `other`, else by ImageNet's. Raises NotPossible if the two have not a label in common."""
    borrowed = of_imagenet(course, backbone) if other is None else of_project(course, other)
    eye = eye_of(borrowed.backbone.trunk, borrowed.recipe)
    features = see(course.dataset.subjects, eye, course.images, course.cache / "features", course.progress)
    unseen = borrowed.head(features[course.dataset.consensus.subject])
    return Taught(borrowed.backbone, eye, features, Learned(borrowed.head, 0.0, {}, unseen), borrowed.teacher)


def of_project(course: Course, folder: Path) -> Borrowed:
    opened = open_folder(folder)
    points = any(view.side_px is not None for view in opened.recipe.views)
    if points != (course.dataset.kind == POINT):
        raise NotPossible(
            f"not possible: that model judges {'points' if points else 'whole pictures'}, and here it is "
            f"{'whole pictures' if points else 'points'}"
        )
    head = _chosen(opened.head, _matched(course.dataset.labels, opened.labels, "that model's"))
    before = opened.about.get("taught_by")
    teacher = _teacher(before or opened.about, _unknown(course.dataset.labels, head))
    own = f"the project “{teacher.title}”, release {teacher.release}, whose model it is"
    source = str(opened.about["weights_from"]) if before else own
    return Borrowed(Backbone(opened.backbone, source, opened.trunk), opened.recipe, head, teacher)


def of_imagenet(course: Course, name: str) -> Borrowed:
    """One square or the whole picture, seen as ImageNet's pictures were; its thousand labels go by their names."""
    if name == SMALL_CNN:
        raise NotPossible("not possible: the network was taught here from scratch, and knows nothing of ImageNet")
    known = weights_of(name)
    theirs = tuple(Label(label, label, "", "") for label in known.labels)
    places = _matched(course.dataset.labels, theirs, "ImageNet's 1,000")
    found = imagenet(course.cache, name)
    if found is None:
        raise NotPossible(f"not possible: no ImageNet weights of {name} can be had")
    trunk, head = chain(found.network).eval(), _chosen(_head(last_layer(found.network)), places)
    recipe = Recipe(_view(course), known.side_px, (len(trunk) - 1,), (1.0,))
    teacher = Teacher("ImageNet", _unknown(course.dataset.labels, head))
    return Borrowed(Backbone(name, f"{found.source}, as it is", trunk), recipe, head, teacher)


def _teacher(about: Mapping[str, Any], unknown: tuple[str, ...]) -> Teacher:
    """Of a model folder's manifest, or of what it says of its own teacher."""
    title = str(about.get("title") or about.get("project"))
    told = {name: about.get(name) for name in ("project", "release", "licence", "credit", "cite")}
    return Teacher(title, unknown, **told, includes_simulated=bool(about.get("includes_simulated")))


def _unknown(ours: Sequence[Label], head: Head) -> tuple[str, ...]:
    """Codes of labels for which nothing that is seen speaks, nor against them."""
    return tuple(label.code for label, weight in zip(ours, head.weight.T, strict=True) if not weight.any())


def _matched(ours: Sequence[Label], theirs: Sequence[Label], whose: str) -> list[int | None]:
    """For each of our labels the place of theirs with the same code, else of the same name; None if there is none."""
    codes = {label.code: place for place, label in reversed(list(enumerate(theirs)))}
    names = {label.name.casefold(): place for place, label in reversed(list(enumerate(theirs)))}
    found = [codes.get(label.code, names.get(label.name.casefold())) for label in ours]
    if all(place is None for place in found):
        raise NotPossible(f"not possible: none of the labels is among {whose}")
    return found


def _chosen(head: Head, places: Sequence[int | None]) -> Head:
    """For our labels (K,) the columns of theirs."""
    weight = [np.zeros(len(head.mean)) if place is None else head.weight[:, place] for place in places]
    bias = [NEVER if place is None else float(head.bias[place]) for place in places]
    return Head(head.mean, head.scale, np.stack(weight, axis=1), np.array(bias))


def _head(linear: nn.Linear) -> Head:
    weight = linear.weight.detach().double().numpy()
    bias = np.zeros(len(weight)) if linear.bias is None else linear.bias.detach().double().numpy()
    width = weight.shape[1]
    return Head(np.zeros(width), np.ones(width), weight.T.copy(), bias)


def _view(course: Course) -> tuple[View, ...]:
    """The widest that is looked at here."""
    return recipe_of(course.dataset.kind, course.dataset.patch_px).views[-1:]
