"""Small pictures of two labels and a network of two layers, for ways that would take minutes with a real one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from game.training.dataset import IMAGE, Consensus, Dataset, Gold, Label, Subject
from game.training.features import eye_of, see
from game.training.head import learn, lessons_of
from game.training.network import Backbone
from game.training.views import Recipe, View
from game.training.ways import Course, Taught
from scoring.arrays import Ints
from tests.training.conftest import quiet

N_SUBJECTS = 240
SIDE_PX = 16
LABELS = (Label("one", "One", "", ""), Label("two", "Two", "", ""))
RECIPE = Recipe((View("whole", None),), SIDE_PX, (1,), (1.0,))


@dataclass(frozen=True)
class School:
    """`frozen` layers hand on the mean of a picture's colours, and nothing else, to their head."""

    course: Course
    frozen: Taught


def school(cache: Path, *, by_colour: bool, n_subjects: int = N_SUBJECTS, name: str = "mobilenet_v2") -> School:
    """Labels are told by colour alone, which frozen layers do not see, or by how light the picture is."""
    rng = np.random.default_rng(4)
    true = rng.integers(0, 2, n_subjects)
    pictures = {f"{place:064x}": _picture(label, by_colour, rng) for place, label in enumerate(true)}
    dataset = _dataset(true, pictures)
    backbone = Backbone(name, "somewhere else", _trunk())
    eye = eye_of(backbone.trunk, RECIPE)
    features = see(dataset.subjects, eye, pictures.__getitem__, cache / "features", quiet())
    lessons = lessons_of(dataset.subjects, dataset.consensus, features[dataset.consensus.subject])
    course = Course(dataset, lessons, pictures.__getitem__, cache, 3, quiet())
    return School(course, Taught(backbone, eye, features, learn(lessons, eye.widths, 3, quiet())))


def _trunk() -> nn.Sequential:
    """The second layer takes the mean of what the first hands on, so softly that it is soon taught better."""
    first, second = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 4, 1)
    with torch.no_grad():
        first.weight.copy_(torch.eye(3).view(3, 3, 1, 1))
        second.weight.fill_(1e-3)
        for layer in (first, second):
            layer.bias.zero_()  # type: ignore[union-attr]
    return nn.Sequential(first, second).eval()


def _picture(label: int, by_colour: bool, rng: np.random.Generator) -> bytes:
    light = 110 + rng.integers(-30, 30) + (0 if by_colour else 50 * label)
    tint = 40 if by_colour else 0
    # ImageNet's normalisation weighs red and blue nearly alike, so that the mean of all three says nothing of the tint.
    red, blue = (light + tint, light - tint) if label else (light - tint, light + tint)
    noise = rng.integers(-20, 20, (SIDE_PX, SIDE_PX, 3))
    content = BytesIO()
    Image.fromarray((np.array([red, light, blue]) + noise).clip(0, 255).astype(np.uint8)).save(content, "PNG")
    return content.getvalue()


def _dataset(true: Ints, pictures: Mapping[str, bytes]) -> Dataset:
    """The last tenth is gold, of all the others the crowd is rather sure."""
    n = len(true) * 9 // 10
    subjects = tuple(Subject(f"{place:012x}", image, f"{place}.png", None) for place, image in enumerate(pictures))
    posterior = np.where(np.eye(2)[true[:n]] == 1, 0.8, 0.2)
    consensus = Consensus(np.arange(n), posterior, posterior.max(axis=1))
    gold = Gold(np.arange(n, len(true)), true[n:])
    return Dataset({"title": "Tints"}, IMAGE, 0, LABELS, subjects, consensus, gold)


def renamed(course: Course, *names: str) -> Course:
    """With labels of these codes and names."""
    labels = tuple(Label(name, name, "", "") for name in names)
    return replace(course, dataset=replace(course.dataset, labels=labels))
