"""Without anybody's weights: a small network taught on the project's own subjects. Weaker, and it says so."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from game.training.dataset import Dataset, Subject
from game.training.network import Backbone, embed
from game.training.progress import Progress
from game.training.views import Recipe, look, pixels

SMALL_CNN = "small_cnn"
ALONE = "this project alone (trained from scratch)"
WIDTHS = (32, 64, 128, 128)
TAPS = (2, 3)
INPUT_PX = 64
N_EPOCHS = 12
BATCH = 32
# What is looked at is held in memory: 4,000 subjects with two views are 100 MB.
MAX_SUBJECTS = 4000


def scratch_recipe(recipe: Recipe) -> Recipe:
    """The same views, smaller, of the small network's layers."""
    return replace(recipe, input_px=INPUT_PX, taps=TAPS)


def from_scratch(
    dataset: Dataset, recipe: Recipe, images: Callable[[str], bytes], seed: int, progress: Progress
) -> Backbone:
    """Its last layer but one is kept, like MobileNetV2's; the head is fitted anew on frozen features."""
    generator = torch.Generator().manual_seed(seed)
    chosen = _chosen(len(dataset.consensus.subject), seed)
    subjects = [dataset.subjects[place] for place in dataset.consensus.subject[chosen]]
    seen = _seen(subjects, recipe, images)
    weighted = dataset.consensus.target[chosen] * dataset.consensus.confidence[chosen, np.newaxis]
    target = torch.from_numpy(weighted).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        trunk = small_cnn()
        width = sum(WIDTHS[tap] for tap in recipe.taps) * len(recipe.pools) * len(recipe.views)
        head = nn.Linear(width, target.shape[1])
    search = torch.optim.AdamW([*trunk.parameters(), *head.parameters()], lr=2e-3, weight_decay=1e-2)
    for epoch in range(N_EPOCHS):
        progress("scratch", epoch, N_EPOCHS, f"Teaching a small network, round {epoch + 1} of {N_EPOCHS}")
        for batch in torch.randperm(len(target), generator=generator).split(BATCH):  # type: ignore[no-untyped-call]
            views = [_flipped(view[batch], generator) for view in seen]
            said = torch.cat([block for view in views for block in embed(trunk, view, recipe)], dim=1)
            wrong = -(target[batch] * functional.log_softmax(head(said), dim=1)).sum() / target[batch].sum()
            search.zero_grad()
            wrong.backward()  # type: ignore[no-untyped-call]
            search.step()
    progress("scratch", N_EPOCHS, N_EPOCHS, "Taught a small network")
    return Backbone(SMALL_CNN, ALONE, trunk.eval())


def small_cnn() -> nn.Sequential:
    layers, before = [], 3
    for width in WIDTHS:
        convolution = nn.Conv2d(before, width, kernel_size=3, stride=2, padding=1, bias=False)
        layers.append(nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU()))
        before = width
    return nn.Sequential(*layers)


def _chosen(n_subjects: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.sort(np.random.default_rng(seed).permutation(n_subjects)[:MAX_SUBJECTS])


def _seen(subjects: list[Subject], recipe: Recipe, images: Callable[[str], bytes]) -> list[Tensor]:
    """For each view what the network sees of the subjects, (N, 3, S, S)."""
    by_image: dict[str, list[int]] = {}
    for place, subject in enumerate(subjects):
        by_image.setdefault(subject.image, []).append(place)
    seen = [torch.empty(len(subjects), 3, recipe.input_px, recipe.input_px) for _ in recipe.views]
    for image, places in by_image.items():
        picture = pixels(images(image))
        points = [subjects[place].point for place in places]
        for view, kept in zip(recipe.views, seen, strict=True):
            kept[places] = look(picture, points, view, recipe.input_px)
    return seen


def _flipped(seen: Tensor, generator: torch.Generator) -> Tensor:
    """Half of them mirrored: a point at the centre stays there."""
    mirror = torch.rand(len(seen), generator=generator) < 0.5
    return torch.where(mirror[:, None, None, None], seen.flip(-1), seen)
