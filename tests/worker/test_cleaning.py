"""Clean-up removes what nobody will ask for again, and no answer."""

import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from game.config import Kept
from game.play import accounts, rounds
from game.science import jobs
from game.science.cleaning import clean_up, find_old
from game.science.work import Workplace
from game.store import counts, publications, reading, transaction
from game.store.tables import Model
from game.store.tables.publications import JobKind, ModelState
from tests.worker.conftest import SLUG, id_of
from tests.worker.model_folders import write_model
from tests.worker.test_due import play_round


def aged(path: Path, hours: float) -> Path:
    os.utime(path, (time.time() - 3600 * hours,) * 2)
    return path


def clean(place: Workplace, days: float = 0) -> dict[str, int]:
    return clean_up(place.settings, place.store, place.clock() + timedelta(days=days))


def end_jobs(place: Workplace, *kinds: JobKind) -> None:
    with transaction(place.store) as session:
        for kind in kinds:
            job = jobs.begin_job(session, kind, id_of(session), "", {}, place.clock())
            jobs.finish_job(session, job, {}, place.clock())


def kinds_of_jobs(place: Workplace) -> list[JobKind]:
    with reading(place.store) as session:
        return [job.kind for job in jobs.latest_jobs(session)]


def test_uploads_go_after_an_hour(place: Workplace) -> None:
    place.settings.uploads.mkdir()
    for name, hours in (("old", 1.1), ("new", 0.5)):
        (place.settings.uploads / name).write_bytes(b"picture")
        aged(place.settings.uploads / name, hours)
    assert clean(place)["uploads"] == 1
    assert [path.name for path in place.settings.uploads.iterdir()] == ["new"]


@pytest.mark.parametrize("kind", ["models", "releases"])
def test_unfinished_folders_go_after_a_day_and_finished_ones_stay(place: Workplace, kind: str) -> None:
    root = place.settings.data / kind / SLUG
    for name in (".new-3-x", ".new-4-y", "2"):
        (root / name).mkdir(parents=True)
        (root / name / "file").write_text("")
        aged(root / name, 48 if name != ".new-4-y" else 1)
    assert clean(place)["unfinished"] == 1
    assert sorted(path.name for path in root.iterdir()) == [".new-4-y", "2"]


def test_rounds_without_an_answer_go_after_a_week(place: Workplace, rng: np.random.Generator) -> None:
    with transaction(place.store) as session:
        left = accounts.create_guest(session, place.clock(), rng).id
        shown = rounds.start_round(session, place.projects[SLUG], left, None, place.clock(), rng)
    play_round(place, rng)
    assert clean(place, days=6)["unanswered_rounds"] == 0
    assert clean(place, days=8)["unanswered_rounds"] == 1
    with reading(place.store) as session:
        assert counts.answered(session, id_of(session))[1:] == (10, 1)
        assert rounds.open_levels(session, place.projects[SLUG], left)
        with pytest.raises(Exception, match="no such round"):
            rounds.find_round(session, dict(place.projects), shown.code, left)


def test_ended_predictions_go_after_a_day_and_other_jobs_stay(place: Workplace) -> None:
    end_jobs(place, JobKind.PREDICT, JobKind.AGGREGATE)
    assert clean(place, days=2)["jobs"] == 1
    assert kinds_of_jobs(place) == [JobKind.AGGREGATE]


def test_guests_who_never_answered_go_after_a_month_and_all_others_stay(
    place: Workplace, rng: np.random.Generator
) -> None:
    with transaction(place.store) as session:
        left = accounts.create_guest(session, place.clock(), rng).id
        accounts.issue_token(session, left, place.clock())
        rounds.mark_tutorial_seen(session, place.projects[SLUG], left, place.clock())
        member = accounts.create_guest(session, place.clock(), rng).id
        accounts.sign_up(session, member, "curious", accounts.hash_password("a long password"))
        began = accounts.create_guest(session, place.clock(), rng).id
        rounds.start_round(session, place.projects[SLUG], began, None, place.clock(), rng)
        simulated = accounts.create_guest(session, place.clock(), rng, simulated=True).id
    play_round(place, rng)
    assert clean(place, days=29)["guests"] == 0
    assert [clean(place, days=31)["guests"] for _ in range(2)] == [2, 0]
    with reading(place.store) as session:
        assert [one for one in (left, began, member, simulated) if accounts.account(session, one)] == [
            member,
            simulated,
        ]
        assert counts.answered(session, id_of(session))[1:] == (10, 1)


def test_the_cookie_of_a_guest_who_was_forgotten_opens_nobody_elses_account(
    place: Workplace, rng: np.random.Generator
) -> None:
    """SQLite gives the newest id out again."""
    with transaction(place.store) as session:
        left = accounts.create_guest(session, place.clock(), rng)
    assert clean(place, days=31)["guests"] == 1
    with transaction(place.store) as session:
        other = accounts.create_guest(session, place.clock(), rng)
        assert (other.id, other.sign_in_version) != (left.id, left.sign_in_version)


def test_what_became_of_a_training_is_never_forgotten(place: Workplace) -> None:
    end_jobs(place, JobKind.TRAIN, JobKind.AGGREGATE)
    assert clean(place, days=400)["jobs"] == 1
    assert kinds_of_jobs(place) == [JobKind.TRAIN]


def test_weights_of_rejected_models_go_after_a_year_and_their_cards_stay(
    place: Workplace, truth: dict[str, str]
) -> None:
    folders = {}
    with transaction(place.store) as session:
        project_id = id_of(session)
        release = publications.releases(session, project_id)[0]
        for version, state in enumerate((ModelState.REJECTED, ModelState.PUBLISHED, ModelState.REPLACED), start=1):
            folder = place.settings.models / SLUG / f"release-1-{version}"
            write_model(folder, place.projects[SLUG], truth, truth)
            folders[state] = folder
            session.add(
                Model(
                    project_id=project_id, version=version, release_id=release.id, state=state, reason="Because.",
                    folder=f"{SLUG}/{folder.name}", metrics={"n": 9}, created_at=place.clock(),
                )
            )  # fmt: skip
    whole = sorted(file.name for file in folders[ModelState.PUBLISHED].iterdir())
    assert clean(place, days=364)["files_of_rejected_models"] == 0
    assert clean(place, days=366)["files_of_rejected_models"] == 3
    left = {state: sorted(file.name for file in folder.iterdir()) for state, folder in folders.items()}
    assert left[ModelState.PUBLISHED] == left[ModelState.REPLACED] == whole
    assert left[ModelState.REJECTED] == [
        "card.md", "labels.json", "manifest.json", "metrics.json", "preprocessing.json"
    ]  # fmt: skip
    assert clean(place, days=366)["files_of_rejected_models"] == 0
    with reading(place.store) as session:
        assert [model.version for model in session.query(Model).order_by(Model.version)] == [1, 2, 3]


def test_what_is_kept_for_ever_stays(place: Workplace, rng: np.random.Generator) -> None:
    forever = replace(place, settings=replace(place.settings, kept=Kept(guests=0, jobs=0, rejected=0)))
    with transaction(place.store) as session:
        accounts.create_guest(session, place.clock(), rng)
        job = jobs.begin_job(session, JobKind.AGGREGATE, id_of(session), "", {}, place.clock())
        jobs.finish_job(session, job, {}, place.clock())
    assert set(clean(forever, days=9999).values()) == {0}


def test_looking_for_what_is_old_removes_nothing(place: Workplace, rng: np.random.Generator) -> None:
    with transaction(place.store) as session:
        accounts.create_guest(session, place.clock(), rng)
    later = place.clock() + timedelta(days=31)
    for _ in range(2):
        assert find_old(place.settings, place.store, later).counts["guests"] == 1


def test_cleaning_twice_changes_nothing(place: Workplace) -> None:
    clean(place, days=9)
    assert set(clean(place, days=9).values()) == {0}
