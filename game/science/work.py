"""What a job of each kind does; the worker and the command line do it alike."""

import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from game.artifacts.folders import verify
from game.config import Settings
from game.errors import ArtifactError, FathomError, NotFound, Unavailable
from game.levels import Project
from game.science import jobs, trials
from game.science.aggregate import aggregate
from game.science.cleaning import clean_up
from game.science.counting import recount
from game.science.jobs import JobView
from game.science.latecomers import catch_up
from game.science.moved import count_moved
from game.science.newcomer import hear_published_model
from game.science.publish import FrozenError, publish, published_model
from game.science.release import make_release
from game.science.released import releases
from game.science.report import Report, StoppedError, patiently, pulse
from game.science.state import trained_on, waiting_model
from game.science.switching import Switch, make_switch
from game.science.trainer import BrokenOffError, Training, fit
from game.store import Store, reading, subjects, transaction
from game.store.tables.publications import JobKind, ModelState


@dataclass(frozen=True)
class Workplace:
    """All that work needs; `clock` tells the time in UTC."""

    settings: Settings
    store: Store
    projects: Mapping[str, Project]
    clock: Callable[[], datetime]


# What a job made, for the next one, and a sentence for people.
Made = tuple[dict[str, Any], str]


def do_job(place: Workplace, job: JobView, report: Report, *, give_up: bool = False) -> JobView:
    """Carries a claimed job to its end, whatever happens, and returns it as it is then. Raises Unavailable if the
    database stays away; the job is then begun anew when its silence is noticed.

    A job that was stopped goes back into the queue or, for whoever would rather `give_up`, has failed.
    """
    with pulse(place.store, job, report, place.clock):
        ended = _attempt(place, job, report, give_up)
    return patiently(lambda: _end(place, job, ended))


def _end(place: Workplace, job: JobView, ended: Callable[..., bool]) -> JobView:
    with transaction(place.store) as session:
        ended(session, place.clock())
    with reading(place.store) as session:
        return jobs.find_job(session, job.code)


def _attempt(place: Workplace, job: JobView, report: Report, give_up: bool) -> Callable[..., bool]:
    """How the job is ended. What failed by accident, and not for what it was given, may be tried again."""
    accident = False
    try:
        made, sentence = carry_out(place, job, report)
        report.log(sentence)
        report(1.0, sentence)
    except StoppedError as stopped:
        if not give_up:
            return lambda session, now: jobs.put_back(session, job, now)
        failure = str(stopped)
    except Unavailable as away:
        failure = str(away)
        if not give_up:
            return lambda session, now: jobs.interrupt_job(session, job, failure, now)
    except FathomError as refused:
        failure, accident = str(refused), isinstance(refused, BrokenOffError)
    except Exception as bug:
        report.log(traceback.format_exc())
        accident = True
        failure = f"Something unexpected went wrong ({type(bug).__name__}); the job's log says where."
    else:
        return lambda session, now: jobs.finish_job(session, job, made, now)
    report.log(failure)
    return lambda session, now: jobs.fail_job(session, job, failure, now, accident=accident)


def carry_out(place: Workplace, job: JobView, report: Report) -> Made:
    """Raises FathomError with the reason why the job cannot be done."""
    if job.kind is JobKind.CLEAN_UP:
        gone = clean_up(place.settings, place.store, place.clock())
        return dict(gone), "Removed " + ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in gone.items()) + "."
    if job.project is None or job.project not in place.projects:
        raise NotFound(f"The folder of the project “{job.project}” is gone from levels/.")
    return _STEPS[job.kind](place, place.projects[job.project], job, report)


def _aggregate(place: Workplace, project: Project, _job: JobView, report: Report) -> Made:
    report(0.1, "Weighing every answer by its volunteer's reliability")
    made = aggregate(place.store, project, place.clock())
    moved = count_moved(place.store, project, place.settings.releases)
    recount(place.store, project)
    since = "" if moved.since_release is None else f" since release {moved.since_release}"
    return asdict(made), (
        f"Weighed {made.n_classifications} answers of {made.n_volunteers} volunteers on {made.n_subjects} subjects; "
        f"{made.n_changed} changed their label. People answered {moved.n_answered} subjects{since}; "
        f"{moved.n_moved} have a new or another label."
    )


def _release(place: Workplace, project: Project, job: JobView, report: Report) -> Made:
    report(0.1, "Writing the release")
    include_simulated = bool(job.request.get("include_simulated"))
    made = make_release(
        place.store, project, place.settings.releases, place.clock(), include_simulated=include_simulated
    )
    return {"release": made.version}, f"Release {made.version} is written: {made.archive}."


def _train(place: Workplace, project: Project, job: JobView, report: Report) -> Made:
    """The same release, seed and wishes make the same model, so that without a wish no release is trained on twice."""
    wishes = dict(job.request.get("wishes") or {})
    with reading(place.store) as session:
        known = releases(session, project)
        wanted = job.request.get("release")
        release = next((one for one in known if wanted in (None, one.version)), None)
        if release is None or job.project_id is None:
            raise NotFound(f"The project “{project.title}” has no release to train on; make one first.")
        folder = trained_on(session, job.project_id, release.version)
    if folder is not None and not wishes and _whole(place, folder):
        return {"release": release.version, "model": folder}, f"Release {release.version} has a model already."
    # The job's own name: if the worker died after the model was whole, the job finds it and need not train again.
    folder = f"{project.slug}/release-{release.version}-{job.code[:8]}"
    settings = place.settings
    if not _whole(place, folder):
        complete = settings.releases / release.folder / "complete"
        asked = {"processes": settings.n_training_processes} | wishes
        training = Training(complete, settings.images, settings.models / folder, settings.cache, wishes=asked)
        fit(training, report)
    made = {"release": release.version, "model": folder}
    return made, f"Trained a model on release {release.version}.{_warning(settings.models / folder)}"


def _warning(model: Path) -> str:
    """What went by among hundreds of lines of progress, and matters."""
    missing = json.loads((model / "metrics.json").read_text(encoding="utf-8")).get("no_weights_of")
    if missing is None:
        return ""
    return f" Warning: no weights of {missing} could be had, so a small, weaker network was taught from scratch."


def _publish(place: Workplace, project: Project, job: JobView, report: Report) -> Made:
    report(0.1, "Comparing with the published model")
    with reading(place.store) as session:
        row = subjects.project_row(session, project.slug)
        folder = job.request.get("model") or (None if row is None else waiting_model(session, row.id))
    if folder is None:
        raise NotFound("No trained model waits to be compared.")
    try:
        judged = publish(place.store, project, place.settings.models, str(folder), place.clock())
    except FrozenError as frozen:
        return {}, str(frozen)
    _introduce(place, project)
    verb = "is public" if judged.state is ModelState.PUBLISHED else f"is {judged.state}"
    made = {"version": judged.version, "state": str(judged.state)}
    return made, f"Version {judged.version} {verb}. {judged.reason}"


def _switch(place: Workplace, project: Project, job: JobView, report: Report) -> Made:
    report(0.1, "Bringing back the version's predictions")
    asked = Switch(int(job.request["version"]), str(job.request["by"]), str(job.request["why"]))
    public = make_switch(place.store, project, place.settings.models, asked, place.clock())
    _introduce(place, project)
    return {"version": public.version}, f"Version {public.version} is public, as {asked.by} decided: {asked.why}"


def _introduce(place: Workplace, project: Project) -> None:
    """The aggregation that meets the public model counts, like any other, what has moved since the last release."""
    if hear_published_model(place.store, project, place.clock()):
        count_moved(place.store, project, place.settings.releases)


def _catch_up(place: Workplace, project: Project, _job: JobView, report: Report) -> Made:
    report(0.0, "The public model is looking at subjects that came in after its release")
    made = catch_up(place.store, project, place.settings.models, place.settings.images, report)
    why = "they are next" if made.unseen else "there is no picture of them, or no model.onnx to look at it"
    left = f" {made.n_without} have no prediction yet: {why}." if made.n_without else ""
    return asdict(made), f"Version {made.version} has predicted {made.n_predicted} more subjects.{left}"


def _predict(place: Workplace, project: Project, job: JobView, report: Report) -> Made:
    report(0.1, "The model is looking at the picture")
    with reading(place.store) as session:
        model = published_model(session, project)
    if model is None:
        raise NotFound(f"The project “{project.title}” has no public model yet.")
    said = trials.look_at(place.settings.models, place.settings.uploads, model.folder, job.request, report)
    best = said[0]
    return {"model": model.version, "labels": [asdict(one) for one in said]}, f"{best.name}: {best.p:.0%}"


def _whole(place: Workplace, folder: str) -> bool:
    try:
        verify(place.settings.models / folder)
    except ArtifactError:
        return False
    return True


_STEPS: Mapping[JobKind, Callable[[Workplace, Project, JobView, Report], Made]] = {
    JobKind.AGGREGATE: _aggregate,
    JobKind.RELEASE: _release,
    JobKind.TRAIN: _train,
    JobKind.PUBLISH: _publish,
    JobKind.SWITCH: _switch,
    JobKind.CATCH_UP: _catch_up,
    JobKind.PREDICT: _predict,
}
