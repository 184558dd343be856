"""Only subjects whose label anyone may see hang in the gallery: what is in play stays out, hidden gold above all."""

import pytest

from game.levels import GoldUse
from game.science.gallery import SHOWN, LabelGallery, model_gallery
from game.science.work import Workplace
from game.store import reading, subjects, transaction
from game.store.tables import Consensus, ExpertLabel, Opening
from tests.worker.conftest import SLUG, id_of
from tests.worker.test_publish import judge


@pytest.fixture
def predicted(place: Workplace, truth: dict[str, str]) -> Workplace:
    """A public model that has a prediction for every subject, wrong for two of the first twenty only."""
    judge(place, truth, n_wrong=2)
    return place


def shown(place: Workplace) -> tuple[LabelGallery, ...]:
    with reading(place.store) as session:
        return model_gallery(session, place.projects[SLUG])


def ids(place: Workplace, use: GoldUse) -> dict[int, int]:
    """Subject id → label."""
    with reading(place.store) as session:
        return {one: label for one, (label, _) in subjects.expert_labels(session, id_of(session), [use]).items()}


def settle(place: Workplace, labels: dict[int, int], reason: str = "confident", n_left_open: int = 0) -> None:
    """Retires subjects with these consensus labels; of the last ones one choice set stays open."""
    project = place.projects[SLUG]
    with transaction(place.store) as session:
        for order, (subject_id, label) in enumerate(labels.items()):
            session.add(
                Consensus(
                    subject_id=subject_id, project_id=id_of(session), posterior=[], label=label, confidence=0.97,
                    agreement=1.0, n_given=4, n_bad_image=0, n_cant_tell=0, computed_at=place.clock(),
                )
            )  # fmt: skip
            for choice_set in project.choice_sets:
                opening = session.get(Opening, (subject_id, str(choice_set)))
                open_ = choice_set == project.choice_sets[0] and order >= len(labels) - n_left_open
                if opening is not None and not open_:
                    opening.reason, opening.retired_at = reason, place.clock()


def hung(place: Workplace) -> set[str]:
    return {one.sha256 for part in shown(place) for one in (*part.hits, *part.misses)}


def test_nothing_hangs_while_everything_is_in_play(predicted: Workplace) -> None:
    assert shown(predicted) == ()


def test_what_left_play_because_the_crowd_was_sure_hangs_by_its_label(predicted: Workplace) -> None:
    settled = ids(predicted, GoldUse.REFERENCE)
    settle(predicted, settled)
    found = shown(predicted)
    assert sum(part.n for part in found) == len(settled)
    assert [part.label.code for part in found] == [
        label.code for place, label in enumerate(predicted.projects[SLUG].labels) if place in settled.values()
    ]
    for part in found:
        assert part.n_right + len(part.misses) == part.n
        assert all(one.said == part.label for one in part.hits)
        assert all(one.said != part.label for one in part.misses)
        assert len(part.hits) == min(SHOWN, part.n_right)
        assert not any(one.by_experts for one in part.hits)
    assert shown(predicted) == found


@pytest.mark.parametrize("reason", ["contested", "bad_image"])
def test_what_left_play_for_another_reason_has_no_label_to_show(predicted: Workplace, reason: str) -> None:
    settle(predicted, ids(predicted, GoldUse.REFERENCE), reason)
    assert shown(predicted) == ()


def test_a_subject_that_is_still_open_for_one_choice_set_is_in_play(predicted: Workplace) -> None:
    settled = ids(predicted, GoldUse.REFERENCE)
    settle(predicted, settled, n_left_open=5)
    assert sum(part.n for part in shown(predicted)) == len(settled) - 5


def test_hidden_gold_never_hangs_not_even_with_a_consensus(predicted: Workplace) -> None:
    hidden = ids(predicted, GoldUse.HIDDEN)
    settle(predicted, hidden)
    assert shown(predicted) == ()
    settle(predicted, ids(predicted, GoldUse.REFERENCE))
    with reading(predicted.store) as session:
        images = {place.sha256 for one, place in subjects.places(session, list(hidden)).items()}
    assert hung(predicted) and not hung(predicted) & images


def test_teaching_gold_hangs_with_its_experts_label(predicted: Workplace) -> None:
    one, label = next(iter(ids(predicted, GoldUse.HIDDEN).items()))
    with transaction(predicted.store) as session:
        known = session.get(ExpertLabel, one)
        assert known
        known.use = GoldUse.TEACHING
    (part,) = shown(predicted)
    assert part.label == predicted.projects[SLUG].labels[label]
    assert all(exhibit.by_experts for exhibit in (*part.hits, *part.misses))


def test_without_a_model_there_is_no_gallery(place: Workplace) -> None:
    settle(place, ids(place, GoldUse.REFERENCE))
    assert shown(place) == ()
