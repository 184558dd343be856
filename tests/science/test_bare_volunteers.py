"""What is known of volunteers, and what stands of it in the sheet."""

from pathlib import Path

import numpy as np
import pytest

from game.science.bare.beside import NO_GOLD, no_gold, read_gold
from game.science.bare.judging import judge_crowd
from game.science.bare.sheets import volunteer_columns
from game.science.bare.volunteers import expected_counts, volunteers
from tests.science.bare import SMALL, read, said, written


def test_every_answer_is_counted_once(shared_data: Path) -> None:
    crowd = read(shared_data / "crowd" / "sdogs_1000ms" / "answers.csv")
    judged = judge_crowd(crowd, no_gold(crowd).labels)
    assert expected_counts(judged).sum(axis=(1, 2)) == pytest.approx(volunteers(judged).n)


@pytest.mark.parametrize("name", ["labelme", "dog", "rte", "sdogs_1000ms"])
def test_without_any_truth_volunteers_are_neither_flattered_nor_slighted(name: str, shared_data: Path) -> None:
    folder = shared_data / "crowd" / name
    crowd = read(folder / "answers.csv")
    found = volunteers(judge_crowd(crowd, no_gold(crowd).labels)).measured.reliability
    true, answers, n_labels = read_gold(folder / "truth.csv", crowd).labels, crowd.answers, len(crowd.labels)
    counts = np.zeros((len(found), n_labels, n_labels))
    np.add.at(counts, (answers.volunteer, true[answers.subject], answers.choice), 1.0)
    known = (counts.sum(axis=2).min(axis=1) >= 3) & (counts.sum(axis=(1, 2)) >= 40)
    real = np.diagonal(counts[known], axis1=1, axis2=2) / counts[known].sum(axis=2)
    assert float((found[known] - real.mean(axis=1)).mean()) == pytest.approx(0, abs=0.06)


def test_the_sheet_holds_the_confusion_matrix_by_the_words_that_were_said(tmp_path: Path) -> None:
    crowd = read(written(tmp_path, SMALL))
    judged = judge_crowd(crowd, np.array([0, NO_GOLD]))
    found = volunteers(judged)
    columns = volunteer_columns(judged, found)
    assert list(columns) == [
        *"volunteer n n_gold reliability reliability_low reliability_high informedness flags reasons".split(),
        *"said_cat_when_cat said_dog_when_cat said_cat_when_dog said_dog_when_dog".split(),
    ]
    assert columns["volunteer"] == ("ann", "bob")
    assert list(columns["n"]) == [2, 2]
    assert list(columns["n_gold"]) == [1, 1]
    assert list(columns["said_dog_when_cat"]) == found.measured.confusion[:, 0, 1].tolist()
    ann, bob = (float(reliability) for reliability in columns["reliability"])
    assert ann > bob  # Gold is a cat, and Ann said so.
    assert list(columns["informedness"]) == pytest.approx([2 * ann - 1, 2 * bob - 1])


def test_who_always_says_the_same_is_flagged_in_words(tmp_path: Path, rng: np.random.Generator) -> None:
    labels = ["cat", "dog", "eel"]
    said_right = rng.random((60, 4)) < 0.85
    rows = [
        f"{subject},v{who},{labels[subject % 3] if said_right[subject, who] else labels[rng.integers(3)]}"
        for subject in range(60)
        for who in range(4)
    ]
    rows += [f"{subject},bot,eel" for subject in range(60)]
    crowd = read(written(tmp_path, "\n".join(["task,worker,label", *rows])))
    found = volunteers(judge_crowd(crowd, no_gold(crowd).labels))
    bot = crowd.volunteers.index("bot")
    assert [flags for who, flags in enumerate(found.flags) if who != bot] == [""] * 4
    assert found.flags[bot] == "constant"
    assert found.reasons[bot].startswith("All 60 answers are “eel”; an average volunteer would say so of ")


def test_who_copies_is_told_of_whom_and_the_group_shares_a_vote(tmp_path: Path, rng: np.random.Generator) -> None:
    labels = [str(label) for label in rng.integers(4, size=200)]
    rows = []
    for who in range(6):
        rows += [f"{s},v{who},{label if rng.random() < 0.8 else rng.integers(4)}" for s, label in enumerate(labels)]
    copied = [label if rng.random() < 0.5 else str(rng.integers(4)) for label in labels]
    rows += [f"{s},copy{who},{label}" for who in range(3) for s, label in enumerate(copied)]
    crowd = read(written(tmp_path, "\n".join(["task,worker,label", *rows])))
    judged = judge_crowd(crowd, no_gold(crowd).labels)
    found = volunteers(judged)
    assert [name for name, flags in zip(crowd.volunteers, found.flags, strict=True) if flags] == [
        "copy0",
        "copy1",
        "copy2",
    ]
    assert "“copy1”, “copy2”" in found.reasons[crowd.volunteers.index("copy0")]
    copies = [place for place, (_, who, _) in enumerate(said(crowd)) if who.startswith("copy")]
    assert judged.copies.weight[copies] == pytest.approx(1 / 3)
