"""The gate's reasons are sentences with the figures that decided."""

from dataclasses import replace

from game.science.gate import LabelTest, Measured, Trial
from game.science.reasons import Rival, reasons, silence

NAMES = {"Porit": "Porites"}
BETTER = Measured(new=0.643, old=0.612, low=0.0041, high=0.06, error=0.015)
LUCKY = replace(BETTER, low=-0.008)
WORSE = replace(BETTER, new=0.6, low=-0.04)
UNHARMED = LabelTest("Porit", 40, 3, 5, 1.0)
HARMED = LabelTest("Porit", 40, 15, 2, 0.0024)
PASSED = Trial(n=120, n_images=30, macro_f1=BETTER, recall=None, labels=(UNHARMED,), n_needed=None)
PUBLIC = Rival(n_held_out=120, version=3)


def told(trial: Trial, rival: Rival = PUBLIC) -> list[str]:
    return list(reasons(trial, rival, NAMES))


def test_a_model_that_passes() -> None:
    assert told(PASSED) == [
        "On 120 hold-out subjects in 30 images its macro-F1 is 0.643; version 3: 0.612.",
        "That is better by 0.031 and, with 95% confidence, by more than 0.004.",
        "No label is recognised worse by more than could be luck.",
    ]


def test_luck_is_told_with_how_many_subjects_could_tell() -> None:
    said = told(replace(PASSED, macro_f1=LUCKY, n_needed=431))
    assert said[1] == "That is better by 0.031, but luck alone could do that: only more than -0.008 is sure."
    assert said[3] == "If it is as much better as it seems, about 440 hold-out subjects would show it."


def test_what_is_not_better_is_told_what_would_be_worth_telling() -> None:
    said = told(replace(PASSED, macro_f1=WORSE, n_needed=2_101))
    assert said[1] == "That is not better: -0.012."
    assert said[3] == "To tell an improvement of 0.02 from luck, about 2,200 hold-out subjects would be needed."


def test_every_label_that_is_harmed_is_named_with_its_counts() -> None:
    assert told(replace(PASSED, labels=(HARMED, UNHARMED)))[2:] == [
        "“Porites” is recognised worse: of its 40 subjects only version 3 recognises 15, only the new one 2 "
        "(p = 0.0024; at most 0.05 counts)."
    ]


def test_the_first_model_is_told_what_answering_without_looking_gets() -> None:
    recall = Measured(0.64, 1 / 6, 0.41, 0.53, 0.03)
    said = told(replace(PASSED, recall=recall, labels=()), Rival(120, name="Sand"))
    assert said[0].endswith("“Sand”, the commonest label, given always: 0.612.")
    assert said[2] == (
        "Of each label it recognises 64.0% on average; whoever answers without looking gets 16.7%."
    )  # fmt: skip
    assert said[3] == "This is better by 0.473 and, with 95% confidence, by more than 0.410."


def test_few_images_and_a_small_common_hold_out_are_told() -> None:
    said = told(replace(PASSED, n_images=1, n=80))
    assert "in 1 image " in said[0]
    assert said[3].startswith("So few images (1) cannot tell by themselves")
    assert said[4] == "Only these of its 120 hold-out subjects were held out by version 3 too."


def test_what_is_never_given_is_named_and_nothing_else_is_said() -> None:
    assert silence(["Porites", "Sand"]) == (
        "It never gives “Porites”, “Sand”: only answers that say so can teach it.",
    )  # fmt: skip
    assert silence([]) == ()
