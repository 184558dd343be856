"""Two versions side by side: hand-computed figures, the jackknife's intervals, and who recognises what alone."""

import csv
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from game.errors import ArtifactError, Conflict
from game.science.comparison import Comparison, compare, figures, jackknife_error
from game.science.publish import ModelView
from game.store.tables.publications import ModelState
from tests.conftest import NOW
from tests.science.reef import MOOREA

CODES = [label.code for label in MOOREA.labels]


def version(folder: Path, number: int, rows: list[tuple[str, str, str]], now: datetime = NOW) -> ModelView:
    """`rows`: (image, true, given), indexes of labels."""
    (folder / str(number)).mkdir()
    with (folder / str(number) / "holdout.csv").open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["subject", "image", "true", *(f"p_{code}" for code in CODES)])
        for place, (image, true, given) in enumerate(rows):
            writer.writerow([f"s{place}", image, true, *(int(code == given) for code in CODES)])
    return ModelView(number, ModelState.REJECTED, "", {}, now, 1, str(number))


def compared(folder: Path, true: list[int], a: list[int], b: list[int], image: list[int] | None = None) -> Comparison:
    images = [str(one) for one in (range(len(true)) if image is None else image)]
    views = [
        version(folder, number, [(i, CODES[t], CODES[g]) for i, t, g in zip(images, true, given, strict=True)])
        for number, given in enumerate((a, b), start=1)
    ]
    return compare(MOOREA, folder, *views)


def test_figures_of_both_and_their_difference(tmp_path: Path) -> None:
    """Label 0: a recognises 1 of 3 and says it once, b 2 of 3 and says it three times: F1 2/4 and 4/6."""
    found = compared(tmp_path, [0, 0, 0, 1], [0, 1, 1, 1], [0, 0, 1, 0])
    first, second = found.labels
    assert (first.name, first.n, second.n) == (MOOREA.labels[0].name, 3, 1)
    assert (first.recall.a, first.recall.b) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert (first.precision.a, first.precision.b) == (1, pytest.approx(2 / 3))
    assert (first.f1.a, first.f1.b, first.f1.difference) == (0.5, pytest.approx(2 / 3), pytest.approx(1 / 6))
    assert (first.only_a, first.only_b, second.only_a, second.only_b) == (0, 1, 1, 0)
    assert (found.n, found.n_images, found.accuracy.a, found.accuracy.b) == (4, 4, 0.5, 0.5)
    assert found.macro_f1.b == pytest.approx((2 / 3 + 0) / 2)


def test_labels_stand_in_the_projects_order(tmp_path: Path) -> None:
    found = compared(tmp_path, [2, 0, 1], [0, 0, 0], [1, 1, 1])
    assert [label.code for label in found.labels] == CODES[:3]


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    """Accuracy of one model that is always right against one that is right on 3 of 8: √(Σ(d - d̄)²/(n (n - 1)))."""
    right = np.array([1, 1, 1, 0, 0, 0, 0, 0])
    of_unit = np.zeros((8, 2, 3, 1))
    of_unit[:, 0, 0, 0], of_unit[:, 1, 0, 0], of_unit[:, :, 2, 0] = right, 1, 1
    expected = np.std(1 - right, ddof=1) / np.sqrt(8)
    assert jackknife_error(of_unit)[0] == pytest.approx(expected)
    assert figures(of_unit.sum(axis=0))[:, 0].tolist() == [3 / 8, 1]


def test_an_interval_is_wider_where_points_hang_together(tmp_path: Path, rng: np.random.Generator) -> None:
    """The same answers, once each in its own image, and once ten to an image that b recognises as a whole or not."""
    true = [0] * 100
    b = [0 if place // 10 % 2 else 1 for place in range(100)]
    for name in ("alone", "together"):
        (tmp_path / name).mkdir()
    alone = compared(tmp_path / "alone", true, [1] * 100, b).accuracy
    together = compared(tmp_path / "together", true, [1] * 100, b, [place // 10 for place in range(100)]).accuracy
    assert together.high - together.low > 2 * (alone.high - alone.low)
    assert alone.low < alone.difference == 0.5 < alone.high
    assert alone.sure


def test_two_that_say_the_same_do_not_differ(tmp_path: Path) -> None:
    found = compared(tmp_path, [0, 1, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0])
    assert {(one.f1.low, one.f1.high, one.f1.sure) for one in found.labels} == {(0, 0, False)}


@pytest.mark.slow
def test_of_a_hundred_intervals_about_ninety_five_hold_the_truth(rng: np.random.Generator) -> None:
    """Accuracy .8 against .7 on 30 images of 10 points: the true difference is .1."""
    n, held = 300, 0
    for _ in range(n):
        right = rng.random((30, 2, 10)) < np.array([0.7, 0.8])[:, None]
        of_unit = np.zeros((30, 2, 3, 1))
        of_unit[:, :, 0, 0], of_unit[:, :, 2, 0] = right.sum(axis=2), 10
        error, (a, b) = jackknife_error(of_unit)[0], figures(of_unit.sum(axis=0))[:, 0]
        held += abs(b - a - 0.1) < 2.045 * error
    assert 0.91 < held / n < 0.985


def test_versions_without_a_common_subject_cannot_be_compared(tmp_path: Path) -> None:
    a = version(tmp_path, 1, [("i", CODES[0], CODES[0])])
    b = version(tmp_path, 2, [("i", CODES[0], CODES[0])])
    table = tmp_path / "2" / "holdout.csv"
    table.write_text(table.read_text().replace("s0", "other"))
    with pytest.raises(Conflict, match="examined on different pictures"):
        compare(MOOREA, tmp_path, a, b)


def test_a_version_whose_files_are_lost_cannot_be_compared(tmp_path: Path) -> None:
    a = version(tmp_path, 1, [("i", CODES[0], CODES[0])])
    with pytest.raises(ArtifactError, match=r"holdout\.csv is missing"):
        compare(MOOREA, tmp_path, a, ModelView(2, ModelState.REJECTED, "", {}, NOW, 1, "2"))
