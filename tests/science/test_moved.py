"""A release is worth its while when people have given subjects a new or another label since the last one."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from game.science.aggregate import aggregate
from game.science.moved import Moved, count_moved
from game.science.release import make_release
from game.store import Store, reading
from game.store.tables import Aggregate
from game.store.tables.play import Abstention
from tests.conftest import NOW
from tests.science.answers import say, volunteer
from tests.science.conftest import LABELS, Reef
from tests.science.reef import MOOREA

LATER = NOW + timedelta(days=1)


def count(reef: Reef, releases: Path) -> Moved:
    aggregate(reef.store, MOOREA, LATER)
    return count_moved(reef.store, MOOREA, releases)


def other(label: int) -> str:
    return LABELS[label - 1]


@pytest.fixture
def releases(reef: Reef, tmp_path: Path) -> Path:
    """All gold and the first ten subjects were answered before release 1."""
    some = dict(list(reef.open.items())[:10])
    for one in reef.knowing:
        say(reef.store, one, [(subject, LABELS[label]) for subject, label in (reef.gold | some).items()])
    make_release(reef.store, MOOREA, tmp_path / "releases", NOW + timedelta(hours=1))
    return tmp_path / "releases"


def test_before_the_first_release_every_label_is_new(reef: Reef, tmp_path: Path) -> None:
    reef.say_all(reef.gold | reef.open)
    assert count(reef, tmp_path) == Moved(None, 16, 16)


def test_right_after_a_release_nothing_has_moved(reef: Reef, releases: Path) -> None:
    assert count(reef, releases) == Moved(1, 0, 0)


def test_answers_that_only_confirm_a_label_do_not_move_it(reef: Reef, releases: Path) -> None:
    known = list(reef.open.items())[:6]
    say(reef.store, volunteer(reef.store, "Fay"), [(one, LABELS[label]) for one, label in known], at=LATER)
    assert count(reef, releases) == Moved(1, 6, 0)


def test_many_answers_that_change_nothing_move_nothing(reef: Reef, releases: Path) -> None:
    known = [(one, LABELS[label]) for one, label in list(reef.open.items())[:10]]
    for name in ("Fay", "Gil", "Hal", "Ida", "Jon", "Kit"):
        say(reef.store, volunteer(reef.store, name), known, at=LATER)
    assert count(reef, releases) == Moved(1, 10, 0)


@pytest.fixture
def doubted(reef: Reef, tmp_path: Path) -> Path:
    """Release 1 believes three who always see sand; then gold is answered, which shows who knows."""
    corals = {one: label for one, label in reef.open.items() if LABELS[label] != "Sand"}
    reef.say_all(dict(list(corals.items())[:4]))
    aggregate(reef.store, MOOREA, NOW)
    make_release(reef.store, MOOREA, tmp_path / "releases", NOW + timedelta(hours=1))
    for one in reef.knowing:
        say(reef.store, one, [(subject, LABELS[label]) for subject, label in reef.gold.items()], at=LATER)
    for one in reef.careless:
        say(reef.store, one, [(subject, "Sand") for subject in reef.gold], at=LATER)
    return tmp_path / "releases"


def test_a_label_that_others_answers_changed_counts_although_nobody_answered_it(reef: Reef, doubted: Path) -> None:
    assert count(reef, doubted) == Moved(1, 0, 4)


def test_beside_simulated_volunteers_only_what_people_answered_counts(reef: Reef, doubted: Path) -> None:
    """Their answers are in no release: what they change would stay changed for ever."""
    say(reef.store, volunteer(reef.store, "Robot", simulated=True), [(next(iter(reef.gold)), "Sand")], at=LATER)
    assert count(reef, doubted) == Moved(1, 0, 0)


def test_a_new_label_and_another_label_count_and_gold_does_not(reef: Reef, releases: Path) -> None:
    subjects = list(reef.open.items())
    turned, new, gold = subjects[0], subjects[10:13], next(iter(reef.gold.items()))
    for name in ("Fay", "Gil", "Hal", "Ida", "Jon", "Kit"):
        said = [(turned[0], other(turned[1])), (gold[0], other(gold[1])), (new[0][0], LABELS[new[0][1]])]
        say(reef.store, volunteer(reef.store, name), said, at=LATER)
    say(reef.store, reef.knowing[0], [(one, LABELS[label]) for one, label in new[1:]], at=LATER)
    assert count(reef, releases) == Moved(1, 4, 4)


def test_neither_simulated_volunteers_nor_abstentions_move_anything(reef: Reef, releases: Path) -> None:
    fresh = list(reef.open)[10:]
    robot = volunteer(reef.store, "Robot", simulated=True)
    say(reef.store, robot, [(one, "Sand") for one in fresh], at=LATER)
    assert count(reef, releases) == Moved(1, 0, 0)
    say(reef.store, volunteer(reef.store, "Fay"), [(next(iter(reef.open)), Abstention.CANT_TELL)], at=LATER)
    assert count(reef, releases) == Moved(1, 1, 0)


def test_a_release_whose_files_are_lost_is_soon_replaced(reef: Reef, releases: Path, tmp_path: Path) -> None:
    known = list(reef.open.items())[:6]
    say(reef.store, volunteer(reef.store, "Fay"), [(one, LABELS[label]) for one, label in known], at=LATER)
    assert count(reef, tmp_path / "elsewhere") == Moved(1, 6, 10)


def test_it_is_kept_with_the_newest_aggregation(reef: Reef, releases: Path) -> None:
    aggregate(reef.store, MOOREA, NOW)
    say(reef.store, reef.knowing[0], [(list(reef.open)[12], "Sand")], at=LATER)
    count(reef, releases)
    with reading(reef.store) as session:
        rows = list(session.scalars(select(Aggregate).order_by(Aggregate.id)))
    assert [(row.since_release_id is None, row.n_answered, row.n_moved) for row in rows] == [
        (True, 0, 0),
        (False, 1, 1),
    ]


def test_a_project_without_subjects_has_nothing_to_count(store: Store, tmp_path: Path) -> None:
    assert count_moved(store, MOOREA, tmp_path) == Moved(None, 0, 0)


def test_answers_before_the_release_are_not_read_again(reef: Reef, releases: Path) -> None:
    """However long the history: no statement reads more classifications than came since."""
    say(reef.store, reef.knowing[0], [(list(reef.open)[12], "Sand")], at=LATER)
    asked: list[str] = []
    event.listen(reef.store.engine, "before_cursor_execute", lambda *about: asked.append(str(about[2])))
    count_moved(reef.store, MOOREA, releases)
    about_answers = [sql for sql in asked if "FROM classifications" in sql]
    assert len(about_answers) == 2
    assert all("classifications.id > " in sql or "ORDER BY classifications.id DESC" in sql for sql in about_answers)
