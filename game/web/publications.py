"""What a project gives back: its releases and its model, to read, to take home, and to try."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from game.errors import InvalidInput, NotFound
from game.science import publish
from game.science.decisions import decisions_of
from game.science.gallery import model_gallery
from game.science.released import release, releases
from game.science.trials import find_trial, guesses, keep_upload, point_of, request_trial
from game.store import reading, transaction
from game.store.tables.publications import JobState, ModelState
from game.web.charts import accuracy_chart, confusion_rows
from game.web.context import current_game, now
from game.web.downloads import archive_download, folder_downloads, sent, sent_together, text_of
from game.web.limits import UPLOADS, by_address
from game.web.model_plots import model_plots, never_said
from game.web.payloads.models import ModelFigures
from game.web.projects import find_project
from game.web.security import accept_upload, csrf
from game.web.threads import in_native_thread

blueprint = Blueprint("publications", __name__)


@blueprint.get("/projects/<slug>/releases", endpoint="releases")
def all_releases(slug: str) -> str:
    project, game = find_project(slug), current_game()
    with reading(game.store) as session:
        found = releases(session, project)
    files = {one.version: archive_download(game.settings.releases / one.archive, one.archive_sha256) for one in found}
    return render_template("releases.html", project=project, releases=found, files=files)


@blueprint.get("/projects/<slug>/releases/<int:version>/<file>.zip")
def archive(slug: str, version: int, file: str) -> Response:
    with reading(current_game().store) as session:
        path = current_game().settings.releases / release(session, find_project(slug), version).archive
    if path.stem != file:
        raise NotFound(gettext("This release has no file “%(file)s”.", file=f"{file}.zip"))
    return sent(path)


@blueprint.get("/projects/<slug>/model")
def model(slug: str) -> str:
    project, game = find_project(slug), current_game()
    with reading(game.store) as session:
        versions, decided = publish.models(session, project), decisions_of(session, project)
        published = next((one for one in versions if one.state is ModelState.PUBLISHED), None)
        learned_from = None if published is None else release(session, project, published.release_version)
        gallery = () if published is None else model_gallery(session, project)
    if published is None:
        return render_template("model.html", project=project, versions=versions, published=None)
    folder = game.settings.models / published.folder
    return render_template(
        "model.html",
        project=project,
        versions=versions,
        decisions=decided,
        published=published,
        learned_from=learned_from,
        plots=model_plots(project, ModelFigures.model_validate(published.metrics)),
        gallery=gallery,
        chart=accuracy_chart(versions),
        confusion=confusion_rows(project, published),
        card=text_of(folder / "card.md"),
        childs_card=text_of(folder / "card-child.md"),
        files=folder_downloads(folder, published.files),
    )


@blueprint.get("/projects/<slug>/model/<int:version>/<file>")
def model_file(slug: str, version: int, file: str) -> Response:
    with reading(current_game().store) as session:
        found = publish.model_of(session, find_project(slug), version)
    if file not in found.files:
        raise NotFound(gettext("This model has no file “%(file)s”.", file=file))
    return sent(current_game().settings.models / found.folder / file)


@blueprint.get("/projects/<slug>/model/<int:version>/all.zip")
def model_files(slug: str, version: int) -> Response:
    with reading(current_game().store) as session:
        found = publish.model_of(session, find_project(slug), version)
    return sent_together(current_game().settings.models / found.folder, found.files, f"{slug}-model-{version}")


@blueprint.post("/projects/<slug>/model/try")
@by_address(UPLOADS)
def try_model(slug: str) -> ResponseReturnValue:
    """Checks the form's token itself: only after the size of the body may be that of a picture."""
    accept_upload()
    csrf.protect()
    project, game = find_project(slug), current_game()
    picture = request.files.get("picture")
    if picture is None or not picture.filename:
        raise InvalidInput(gettext("Choose a picture first."))
    point = point_of(project, request.form.get("row", type=int), request.form.get("column", type=int))
    upload = in_native_thread(keep_upload, game.settings.uploads, picture.read(), point)
    with transaction(game.store) as session:
        job = request_trial(session, project, upload, point, now())
    game.enqueue(job.code)
    return redirect(url_for(".trial", slug=slug, code=job.code))


csrf.exempt(try_model)


@blueprint.get("/projects/<slug>/model/try/<code>")
def trial(slug: str, code: str) -> str:
    project = find_project(slug)
    with reading(current_game().store) as session:
        job, public = find_trial(session, project, code), publish.published_model(session, project)
    figures = None if public is None else ModelFigures.model_validate(public.metrics)
    waiting = job.state in (JobState.QUEUED, JobState.RUNNING)
    return render_template(
        "trial.html",
        project=project,
        job=job,
        guesses=guesses(job),
        waiting=waiting,
        never_said=() if figures is None else never_said(project, figures),
        taught_by=None if figures is None else figures.taught_by,
    )
