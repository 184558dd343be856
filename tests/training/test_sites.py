"""By site: each is asked about by a model that has learned from the others only, and nothing is said of too few."""

import numpy as np
import pytest

from game.training.dataset import POINT, Consensus, Dataset, Gold, Label, Subject
from game.training.intervals import draws
from game.training.sites import Elsewhere, elsewhere
from scoring.arrays import Floats, Ints

N = 20


def dataset_of(sites: list[str]) -> Dataset:
    """N lessons and N hold-out subjects at each site, all truly of label 1."""
    subjects = [Subject(f"{kind}{site}{n}", f"{kind}{site}", "", None, "", site)
                for kind in ("lesson", "gold") for site in sites for n in range(N)]  # fmt: skip
    n = N * len(sites)
    consensus = Consensus(np.arange(n), np.full((n, 2), 0.5), np.ones(n))
    labels = (Label("a", "A", "", ""), Label("b", "B", "", ""))
    return Dataset({}, POINT, 0, labels, tuple(subjects), consensus, Gold(np.arange(n, 2 * n), np.ones(n, np.int64)))


class Pupil:
    """Right about what it has learned of more than a quarter of; remembers which lessons it had."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset, self.sites = dataset, [one.site for one in dataset.subjects]
        self.taught: list[set[str]] = []

    def __call__(self, places: Ints) -> Floats:
        self.taught.append({self.sites[place] for place in places})
        n = len(self.dataset.gold.true)
        return np.eye(2)[[int(self.sites[n + place] == "far") for place in range(n)]]


def test_each_site_is_judged_by_a_model_that_never_saw_it() -> None:
    dataset = dataset_of(["near", "far", ""])
    pupil, right = Pupil(dataset), np.eye(2)[np.ones(3 * N, np.int64)]
    image = np.repeat(np.arange(3), N)
    found = elsewhere(dataset, right, pupil, draws(image, 1))
    assert found is not None
    assert pupil.taught == [{"near"}, {"far"}]
    # Recognised are the 20 of "far" and not the 20 of "near"; what lies nobody knows where is not asked about.
    assert (found.n_sites, found.n, found.accuracy, found.unseen) == (2, 40, 1.0, 0.5)
    assert (found.low, found.high) == (0, 1)


def test_without_images_to_draw_there_is_no_interval() -> None:
    dataset = dataset_of(["near", "far"])
    found = elsewhere(dataset, np.eye(2)[np.ones(2 * N, np.int64)], Pupil(dataset), None)
    assert found == Elsewhere(2, 40, 1.0, 0.5, None, None)


@pytest.mark.parametrize("sites", [[""], ["near"], ["near", ""]])
def test_of_one_site_nothing_can_be_said(sites: list[str]) -> None:
    dataset = dataset_of(sites)
    pupil = Pupil(dataset)
    assert elsewhere(dataset, np.eye(2)[np.zeros(N * len(sites), np.int64)], pupil, None) is None
    assert pupil.taught == []
