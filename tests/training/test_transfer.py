"""Whether knowledge from elsewhere helped: the figure, its verdict, and when a rival is taught anew."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from game.training.dataset import Consensus, Dataset, read_dataset
from game.training.fit import Request
from game.training.intervals import draws
from game.training.pictures import picture_bytes
from game.training.progress import Progress
from game.training.transfer import SCHOOLING, Rival, Verdict, compare, key_of, rival

# Five subjects in each of four images.
IMAGE = np.repeat(np.arange(4), 5)
TRUE = np.zeros(20, np.int64)


def given(n_right: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """So many of each image's five."""
    return np.where(np.arange(20) % 5 < n_right, 0, 1)


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict", "gain"),
    [(4, 2, Verdict.POSITIVE, 0.4), (3, 3, Verdict.NEUTRAL, 0.0), (2, 3, Verdict.NEGATIVE, -0.2)],
)
def test_a_gain_in_every_image_is_no_chance(ours: int, theirs: int, verdict: Verdict, gain: float) -> None:
    found = compare(given(ours), Rival(given(theirs), 7), TRUE, draws(IMAGE, 0))
    assert (found.verdict, found.n_scratch) == (verdict, 7)
    # Every image has the same difference, so that every draw of images has it, too.
    assert (found.low, found.gain, found.high) == pytest.approx((gain, gain, gain))
    assert found.scratch == pytest.approx(theirs / 5)


def test_a_gain_in_one_image_of_four_may_be_chance() -> None:
    lucky = given(2)
    lucky[:5] = 0
    found = compare(lucky, Rival(given(2), 7), TRUE, draws(IMAGE, 0))
    # Three subjects of twenty; a draw in four to the fourth misses that image altogether three times in ten.
    assert found.gain == pytest.approx(0.15)
    assert (found.verdict, found.low) == (Verdict.NEUTRAL, 0.0)


@pytest.mark.parametrize("n_images", [1, 2, 3])
def test_of_so_few_images_nothing_can_be_said_but_the_gain(n_images: int) -> None:
    found = compare(given(5), Rival(given(0), 7), TRUE, draws(np.arange(20) % n_images, 0))
    assert (found.verdict, found.gain, found.low, found.high) == (Verdict.UNTOLD, 1.0, None, None)


def test_a_rival_is_kept_until_there_is_half_as_much_again(request_of_all: Request, tmp_path: Path) -> None:
    dataset = read_dataset(request_of_all.release)
    n = len(dataset.consensus.subject)
    few = n * 3 // 5
    first, said = taught(shortened(dataset, few), request_of_all, tmp_path)
    assert (first.n, said) == (few, True)
    more = int(1.4 * few)
    assert taught(shortened(dataset, more), request_of_all, tmp_path)[1] is False
    again, said = taught(dataset, request_of_all, tmp_path)
    assert (again.n, said) == (n, True)


def test_a_damaged_rival_is_taught_again(request_of_all: Request, tmp_path: Path) -> None:
    dataset = shortened(read_dataset(request_of_all.release), 40)
    first, _ = taught(dataset, request_of_all, tmp_path)
    [kept] = (tmp_path / "scratch").iterdir()
    kept.write_text('{"given": [0, 1')
    again, said = taught(dataset, request_of_all, tmp_path)
    assert said
    np.testing.assert_array_equal(again.given, first.given)


def test_what_an_older_program_taught_is_no_rival(request_of_all: Request, tmp_path: Path) -> None:
    dataset = shortened(read_dataset(request_of_all.release), 40)
    older = tmp_path / "scratch" / f"{key_of(dataset, request_of_all.seed, SCHOOLING - 1)}.json"
    older.parent.mkdir()
    older.write_text(json.dumps({"given": [0] * len(dataset.gold.true), "n": 40}))
    assert taught(dataset, request_of_all, tmp_path)[1], "nor is it asked"
    assert key_of(dataset, request_of_all.seed, SCHOOLING) in {file.stem for file in older.parent.iterdir()}


def test_a_key_is_of_all_that_a_rival_depends_on(request_of_all: Request) -> None:
    dataset = read_dataset(request_of_all.release)
    others = [
        replace(dataset, patch_px=100),
        replace(dataset, about={**dataset.about, "includes_simulated": True}),
        replace(dataset, about={**dataset.about, "project": "lagoon"}),
        replace(dataset, labels=dataset.labels[::-1]),
    ]
    keys = {key_of(one, 7, 1) for one in (dataset, *others)} | {key_of(dataset, 8, 1), key_of(dataset, 7, 2)}
    assert len(keys) == 7


def shortened(dataset: Dataset, n: int) -> Dataset:
    told = dataset.consensus
    places = np.linspace(0, len(told.subject) - 1, n, dtype=int)
    return replace(dataset, consensus=Consensus(told.subject[places], told.posterior[places], told.confidence[places]))


def taught(dataset: Dataset, asked: Request, cache: Path) -> tuple[Rival, bool]:
    """And whether anything had to be taught for it."""
    lines: list[str] = []
    found = rival(dataset, partial(picture_bytes, asked.images), cache, asked.seed, Progress(lines.append))
    return found, any("Teaching" in line for line in lines)
