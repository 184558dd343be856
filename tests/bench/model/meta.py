"""Learning to learn: a layer under the head that many small tasks of other projects have taught."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from game.training.head import one_thread
from scoring.arrays import Floats, Ints

N_HIDDEN, N_TASKS, PACE = 64, 300, 1e-3
N_SUPPORT, N_QUERY = (1, 2, 5, 10), 10
N_INNER = 5

# Hidden (N, H) and label (N,) of a few, number of labels, hidden (M, H) of others → logits (M, K).
Inner = Callable[[Tensor, Tensor, int, Tensor], Tensor]


@dataclass(frozen=True)
class Project:
    """Features (S, D), alike for all projects, and labels (S,)."""

    x: Floats
    true: Ints


def prototypes(few: Tensor, true: Tensor, n_labels: int, others: Tensor) -> Tensor:
    """Minus the squared distance to each label's mean (Snell, Swersky and Zemel, 2017, eq. 1 and 2)."""
    means = torch.stack([few[true == label].mean(dim=0) for label in range(n_labels)])
    return -(others[:, None] - means).square().sum(dim=2)


class Anil(nn.Module):
    """A head's first weights, the same for every label, and the size of the steps that fit it to a task's few.

    Only the head moves within a task, the body between tasks (ANIL: Raghu et al., 2020). One vector serves any number
    of labels in any order (Ye and Chao, 2022).
    """

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.zeros(N_HIDDEN))
        self.log_pace = nn.Parameter(torch.tensor(0.0))

    def forward(self, few: Tensor, true: Tensor, n_labels: int, others: Tensor) -> Tensor:
        weight, bias = self.start.expand(n_labels, -1), torch.zeros(n_labels)
        said, pace = functional.one_hot(true, n_labels).float(), self.log_pace.exp()
        for _ in range(N_INNER):
            # The gradient of the mean cross-entropy, written out: the outer search passes through it.
            wrong = ((few @ weight.T + bias).softmax(dim=1) - said) / len(few)
            weight, bias = weight - pace * wrong.T @ few, bias - pace * wrong.sum(dim=0)
        return others @ weight.T + bias


def body(n_features: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(n_features, N_HIDDEN), nn.ReLU())


def learn_to_learn(projects: Sequence[Project], trunk: nn.Module, inner: Inner, seed: int) -> None:
    """Moves `trunk` (and `inner`, if it can be moved) so that what few examples teach holds for others of the task.

    A task: some labels of one project, a few examples of each, and others to be told.
    """
    rng = np.random.default_rng(seed)
    moved = [*trunk.parameters(), *(inner.parameters() if isinstance(inner, nn.Module) else ())]
    search = torch.optim.Adam(moved, PACE)
    xs = [torch.from_numpy(project.x).float() for project in projects]
    with one_thread():
        for _ in range(N_TASKS):
            which = int(rng.integers(len(projects)))
            few, others, n_labels = _task(projects[which].true, rng)
            hidden, asked = trunk(xs[which][few]), trunk(xs[which][others])
            said, true = (torch.arange(n_labels).repeat_interleave(len(some) // n_labels) for some in (few, others))
            search.zero_grad()
            functional.cross_entropy(inner(hidden, said, n_labels, asked), true).backward()
            search.step()


def _task(true: Ints, rng: np.random.Generator) -> tuple[Ints, Ints, int]:
    """Places of the few and of the others, as many of each label, label by label; and how many labels."""
    known = np.unique(true)
    labels = rng.permutation(known)[: rng.integers(2, len(known) + 1)]
    n_few = int(rng.choice(N_SUPPORT))
    drawn = [rng.permutation(np.flatnonzero(true == label)) for label in labels]
    n_others = min(N_QUERY, *(len(some) - n_few for some in drawn))
    few, others = (
        np.concatenate([some[begin:end] for some in drawn]) for begin, end in ((0, n_few), (n_few, n_few + n_others))
    )
    return few, others, len(labels)
