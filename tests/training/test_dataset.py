"""What may be learned from a release, and the sentence for each that nothing can be learned from."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from game.errors import ArtifactError, FathomError, TrainingError
from game.training.dataset import Consensus, read_dataset
from tests.training.releases import CODES, Reef, Release, believed

SURE_OF_CORAL = np.array([0.95, 0.01, 0.01, 0.01, 0.01, 0.01])


@pytest.fixture
def release(reef: Reef, tmp_path: Path) -> Release:
    return reef.release(tmp_path / "release")


def test_an_image_with_any_gold_is_held_out_entirely(release: Release) -> None:
    spared, taught = release.subjects[0], release.subjects[1]
    release.gold.append({"subject": spared["subject"], "label": "Sand", "use": "teaching"})
    assert spared["image"] == taught["image"]
    dataset = read_dataset(release.write())
    learned = {dataset.subjects[place].image for place in dataset.consensus.subject}
    judged = {dataset.subjects[place].image for place in dataset.gold.subject}
    assert spared["image"] not in learned
    assert learned.isdisjoint(judged)
    assert learned | judged == {subject.image for subject in dataset.subjects}


def test_a_photograph_with_any_gold_is_held_out_with_all_that_was_cut_out_of_it(release: Release) -> None:
    gold = {row["subject"] for row in release.gold}
    held_out = next(place["image"] for place in release.subjects if place["subject"] in gold)
    sister = next(place["image"] for place in release.subjects if place["image"] != held_out)
    for place in release.subjects:
        place["photograph"] = "one" if place["image"] in (held_out, sister) else ""
    dataset = read_dataset(release.write())
    learned = {dataset.subjects[place].whole for place in dataset.consensus.subject}
    assert learned == {place["image"] for place in release.subjects} - {held_out, sister}
    assert {dataset.subjects[place].whole for place in dataset.gold.subject} == {"one"}


def test_consensus_comes_as_probabilities_in_the_order_of_the_labels(release: Release) -> None:
    release.consensus[0] |= believed({}, SURE_OF_CORAL)
    dataset = read_dataset(release.write())
    assert [label.code for label in dataset.labels] == CODES
    assert np.allclose(dataset.consensus.posterior[0], SURE_OF_CORAL)
    assert dataset.consensus.confidence[0] == 0.95


def test_bad_images_and_subjects_without_answers_teach_nothing(release: Release) -> None:
    n_rows = len(release.consensus)
    release.consensus[0]["reason"] = "bad_image"
    release.consensus[1] = {key: release.consensus[1][key] for key in ("subject", "image", "name", "row", "column")}
    assert len(read_dataset(release.write()).consensus.subject) == n_rows - 2


def no_gold(release: Release) -> None:
    release.gold.clear()


def no_answers(release: Release) -> None:
    release.consensus = []


def all_gold(release: Release) -> None:
    release.gold = [{"subject": one["subject"], "label": "Sand", "use": "hidden"} for one in release.subjects]


def one_label(release: Release) -> None:
    release.consensus = [one | believed({}, SURE_OF_CORAL) for one in release.consensus]


def strange_gold(release: Release) -> None:
    release.gold[0]["label"] = "Kelp"


def unknown_subject(release: Release) -> None:
    release.consensus[0]["subject"] = "0" * 12


def loose_probabilities(release: Release) -> None:
    release.consensus[0]["p_Sand"] = "0.9"


def impossible_confidence(release: Release) -> None:
    release.consensus[0]["confidence"] = "very"


def no_column(release: Release) -> None:
    release.subjects[0]["column"] = ""


def public_edition(release: Release) -> None:
    release.about = {"edition": "public"}


def too_few_labels(release: Release) -> None:
    release.about = {"labels": []}


def strange_kind(release: Release) -> None:
    release.about = {"subject_kind": "video"}


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (no_gold, "The release has no gold"),
        (no_answers, "nobody has answered yet"),
        (all_gold, "nothing left to learn from"),
        (one_label, "says “Porit”: with one label only there is nothing to tell apart"),
        (strange_gold, r"gold\.csv, line 2: the release knows no label “Kelp”"),
        (unknown_subject, r"consensus\.csv, line 2: the release knows no subject “000000000000”"),
        (loose_probabilities, r"consensus\.csv, line 2: the probabilities add up to 1\.\d+ and not to 1"),
        (impossible_confidence, r"line 2: confidence is “very”; it must be a number from 0 to 1"),
        (no_column, r"subjects\.csv, line 2: column is “”; a point needs whole pixels"),
        (public_edition, "is not the complete edition"),
        (too_few_labels, "The release has 0 labels"),
        (strange_kind, "subject_kind is “video”"),
    ],
)
def test_what_nothing_can_be_learned_from_is_said_in_a_sentence(
    release: Release, spoil: Callable[[Release], None], sentence: str
) -> None:
    spoil(release)
    with pytest.raises(TrainingError, match=sentence):
        read_dataset(release.write())


def test_a_changed_file_is_noticed(release: Release) -> None:
    folder = release.write()
    with (folder / "gold.csv").open("a") as opened:
        opened.write("x,Sand,hidden\n")
    with pytest.raises(ArtifactError, match=r"gold\.csv .* was changed or damaged"):
        read_dataset(folder)


def test_a_folder_that_is_no_release_is_named(tmp_path: Path) -> None:
    with pytest.raises(FathomError, match=r"has no manifest\.json"):
        read_dataset(tmp_path / "nowhere")


def test_what_is_learned_is_sharper_than_what_is_published() -> None:
    told = Consensus(np.array([0]), np.array([[0.6, 0.3, 0.1]]), np.array([0.6]))
    # 0.216, 0.027 and 0.001 of 0.244.
    np.testing.assert_allclose(told.target, [[0.216 / 0.244, 0.027 / 0.244, 0.001 / 0.244]])
