"""Named queries about trained models, their predictions, and the openings that follow from these."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Subquery, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from game.store.beliefs import TIE_BREAK
from game.store.rounds import COUNTS
from game.store.subjects import Place, places
from game.store.tables import Classification, Consensus, Model, Opening, Prediction, Release, Subject
from game.store.tables.publications import ModelState
from game.store.upsert import keep_all

ROWS_IN_ONE_STATEMENT = 1_000


@dataclass(frozen=True)
class InPlay:
    """A subject that is open for at least one choice set; `posterior` (K,) is None while nobody has judged it, `p` (K,)
    and `model_id` where no model has predicted it."""

    subject_id: int
    posterior: list[float] | None
    n_bad_image: int
    p: list[float] | None
    model_id: int | None


def published_model(session: Session, project_id: int) -> Model | None:
    rows = select(Model).where(Model.project_id == project_id, Model.state == ModelState.PUBLISHED)
    return session.scalar(rows.order_by(Model.version.desc()).limit(1))


def models_of_project(session: Session, project_id: int) -> list[tuple[Model, int]]:
    """Newest first, each with the version of the release that it was trained on."""
    rows = select(Model, Release.version).join(Release, Release.id == Model.release_id)
    ordered = rows.where(Model.project_id == project_id).order_by(Model.version.desc())
    return [(model, version) for model, version in session.execute(ordered)]


def release_id(session: Session, project_id: int, version: int) -> int | None:
    return session.scalar(select(Release.id).where(Release.project_id == project_id, Release.version == version))


def add_model(session: Session, model: Model) -> Model:
    """The model of the project's next version."""
    newest = session.scalar(select(func.max(Model.version)).where(Model.project_id == model.project_id))
    model.version = 1 + (newest or 0)
    session.add(model)
    session.flush()
    return model


def subject_ids(session: Session, project_id: int) -> dict[str, int]:
    """Code → id of every subject."""
    rows = select(Subject.code, Subject.id).where(Subject.project_id == project_id)
    return dict(session.execute(rows).all())


def make_public(session: Session, model: Model, predictions: Sequence[tuple[int, list[float]]]) -> None:
    """In the place of the published one, with its predictions: (subject id, p (K,))."""
    public = published_model(session, model.project_id)
    if public is not None:
        public.state = ModelState.REPLACED
    model.state = ModelState.PUBLISHED
    session.flush()
    replace_predictions(session, model.project_id, model.id, predictions)


def model_by_version(session: Session, project_id: int, version: int) -> Model | None:
    return session.scalar(select(Model).where(Model.project_id == project_id, Model.version == version))


def replace_predictions(
    session: Session, project_id: int, model_id: int, predictions: Sequence[tuple[int, list[float]]]
) -> None:
    """(subject id, p (K,)) of the new model, in the place of all that the old one said of the project."""
    session.execute(delete(Prediction).where(Prediction.project_id == project_id))
    for start in range(0, len(predictions), ROWS_IN_ONE_STATEMENT):
        some = predictions[start : start + ROWS_IN_ONE_STATEMENT]
        session.execute(insert(Prediction), _rows(project_id, model_id, some))


def keep_predictions(
    session: Session, project_id: int, model_id: int, predictions: Sequence[tuple[int, list[float]]]
) -> None:
    """(subject id, p (K,)) of the published model, beside what it said before."""
    keep_all(session, Prediction, _rows(project_id, model_id, predictions))


def n_without_prediction(session: Session, project_id: int) -> int:
    """Predictions are the published model's, and of each subject there is one."""
    n_subjects, n_predicted = (
        session.scalar(select(func.count()).where(table.project_id == project_id)) for table in (Subject, Prediction)
    )
    return (n_subjects or 0) - (n_predicted or 0)


def without_prediction(session: Session, project_id: int, after: int, limit: int) -> list[Place]:
    """In the order of their ids, those that follow `after`."""
    predicted = select(Prediction.subject_id).where(Prediction.subject_id == Subject.id).exists()
    rows = select(Subject.id).where(Subject.project_id == project_id, Subject.id > after, ~predicted)
    found = places(session, list(session.scalars(rows.order_by(Subject.id).limit(limit))))
    return [found[subject_id] for subject_id in sorted(found)]


def subjects_in_play(session: Session, project_id: int, after: int, limit: int) -> list[InPlay]:
    """In the order of their ids, those that follow `after`."""
    in_play = select(Opening.subject_id).where(Opening.project_id == project_id, Opening.retired_at.is_(None))
    page = in_play.where(Opening.subject_id > after).distinct().order_by(Opening.subject_id).limit(limit)
    return _in_play(session, page.subquery())


def in_play_among(session: Session, subject_ids: Sequence[int]) -> list[InPlay]:
    """Those of these subjects that are in play, in the order of their ids."""
    in_play = select(Opening.subject_id).where(Opening.subject_id.in_(subject_ids), Opening.retired_at.is_(None))
    return _in_play(session, in_play.distinct().subquery())


def _in_play(session: Session, page: Subquery) -> list[InPlay]:
    rows = (
        select(
            page.c.subject_id,
            Consensus.posterior,
            func.coalesce(Consensus.n_bad_image, 0),
            Prediction.p,
            Prediction.model_id,
        )
        .outerjoin(Consensus, Consensus.subject_id == page.c.subject_id)
        .outerjoin(Prediction, Prediction.subject_id == page.c.subject_id)
    )
    return [InPlay(*row) for row in session.execute(rows.order_by(page.c.subject_id))]


def _rows(project_id: int, model_id: int, predictions: Sequence[tuple[int, list[float]]]) -> list[dict[str, Any]]:
    return [{"subject_id": i, "project_id": project_id, "model_id": model_id, "p": p} for i, p in predictions]


def choices_given(session: Session, subject_ids: Sequence[int]) -> dict[int, list[str]]:
    """Subject id → the codes of the choices that were given and count; a subject without any is absent."""
    rows = select(Classification.subject_id, Classification.choice).where(
        COUNTS, Classification.subject_id.in_(subject_ids), Classification.choice.is_not(None)
    )
    given: dict[int, list[str]] = {}
    for subject_id, choice in session.execute(rows):
        given.setdefault(subject_id, []).append(str(choice))
    return given


def renew_priorities(session: Session, priorities: Sequence[tuple[int, str, float]]) -> None:
    """(subject id, choice set, priority); an opening that has retired meanwhile is left alone."""
    if not priorities:
        return
    opening = update(Opening.__table__).where(  # type: ignore[arg-type]
        Opening.subject_id == bindparam("of_subject"),
        Opening.choice_set == bindparam("of_set"),
        Opening.retired_at.is_(None),
    )
    renewed = opening.values(priority=bindparam("wanted") + TIE_BREAK * Opening.shuffle)
    rows: list[dict[str, Any]] = [{"of_subject": i, "of_set": name, "wanted": p} for i, name, p in priorities]
    session.connection().execute(renewed, rows)
