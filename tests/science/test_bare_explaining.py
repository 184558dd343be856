"""An explanation adds up: its lines, added by hand, give the published probabilities."""

import re
from pathlib import Path

import numpy as np
import pytest

from game.errors import NotFound
from game.science.bare.beside import NO_GOLD
from game.science.bare.explaining import explain, steps
from game.science.bare.judging import Judged, judge_crowd, predicting
from tests.science.bare import SMALL, read, written


@pytest.fixture(scope="module")
def judged(shared_data: Path) -> Judged:
    """Real answers with a model that is fairly sure of the subject's own number, and the first subject gold."""
    crowd = read(shared_data / "crowd" / "sdogs_1000ms" / "answers.csv")
    n_subjects, n_labels = len(crowd.subjects), len(crowd.labels)
    gold = np.full(n_subjects, NO_GOLD)
    gold[0] = 0
    predictions = np.full((n_subjects, n_labels), 0.3 / (n_labels - 1))
    predictions[np.arange(n_subjects), np.arange(n_subjects) % n_labels] = 0.7
    predictions[5] = np.nan
    return judge_crowd(crowd, gold, predicting(predictions, gold))


def test_the_lines_of_every_subject_add_up_to_what_is_published(judged: Judged) -> None:
    for place in range(1, len(judged.crowd.subjects)):
        *_, last = steps(judged, place)
        probability = np.exp(last.evidence - last.evidence.max())
        assert probability / probability.sum() == pytest.approx(judged.judgement.posterior[place], abs=1e-9)


def test_every_answer_has_its_line(judged: Judged) -> None:
    place = judged.crowd.subjects.index("17")
    who = [(step.who, step.said) for step in steps(judged, place) if step.said]
    answers = judged.crowd.answers
    assert who == [
        (judged.crowd.volunteers[volunteer], judged.crowd.labels[choice])
        for volunteer, choice in zip(
            answers.volunteer[answers.subject == place], answers.choice[answers.subject == place], strict=True
        )
    ]


def test_the_printed_figures_can_be_added_up_by_hand(judged: Judged) -> None:
    printed = explain(judged, "17").splitlines()
    lines = {line.split()[0]: line for line in printed if re.match(r"\w", line)}
    heading = next(line for line in printed if line.lstrip().startswith("said"))
    n_columns = len(heading.split()) - 4 - 3  # Without said, reliability, weight, voice, and “a : b”.

    def figures(line: str) -> np.ndarray:
        return np.array([float(word) for word in line.split(" × ")[0].split()[-n_columns:]])

    volunteers = [line for line in printed if re.match(r"\d+ +\d+ +0\.\d{3} ", line)]
    total = figures(lines["prior"]) + np.sum([figures(line) for line in volunteers], axis=0)
    whole, divided = (figures(line) for line in printed if line.startswith("sum"))
    assert total == pytest.approx(whole, abs=0.01)
    divisor = float(re.search(r"sum / ([\d.]+)", explain(judged, "17"))[1])  # type: ignore[index]
    assert whole / divisor == pytest.approx(divided, abs=0.01)
    assert divided + figures(lines["model"]) == pytest.approx(figures(lines["together"]), abs=0.01)


def test_gold_is_said_to_be_gold(judged: Judged) -> None:
    assert "It is gold: experts gave this label" in explain(judged, judged.crowd.subjects[0])
    assert "gold" not in explain(judged, "17")


def test_many_labels_are_cut_to_those_that_matter_and_the_rest_is_counted(judged: Judged) -> None:
    assert re.search(r", and 3 other labels 0\.\d{4} together\.$", explain(judged, "17"))


def test_a_subject_of_which_nobody_named_a_label_has_none_to_explain(tmp_path: Path) -> None:
    crowd = read(written(tmp_path, SMALL + "3,ann,\n"))
    explained = explain(judge_crowd(crowd, np.full(3, NO_GOLD)), "3")
    assert explained.startswith("task 3: nobody named a label, so none is published.")


def test_a_subject_that_nobody_knows_is_one_sentence(judged: Judged) -> None:
    with pytest.raises(NotFound, match=re.escape("Nobody was asked about the task “x”.")):
        explain(judged, "x")
