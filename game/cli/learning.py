"""Commands about what is learned: consensus, releases, models, simulated volunteers, and why nothing is training."""

import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import numpy as np

from game.artifacts.folders import read_manifest
from game.artifacts.ways import Way
from game.cli.children import running_web
from game.cli.desk import do_now, known_project, now, open_place, project_id, shown_progress
from game.errors import InvalidInput, NotFound
from game.levels import Project
from game.play import accounts
from game.science.jobs import latest_jobs
from game.science.publish import ModelView, model_of, models
from game.science.released import Published, releases
from game.science.schedule import why_not_training
from game.science.simulation import Crowd, Server, simulate
from game.science.state import project_state
from game.science.work import Workplace
from game.store import Store, reading, transaction
from game.store.tables.publications import JobKind, ModelState

FOLDER = click.Path(exists=True, file_okay=False, resolve_path=True)
SIMULATED = click.option("--include-simulated", is_flag=True, help="Count simulated volunteers too.")


@click.command()
@click.argument("slug")
def aggregate(slug: str) -> None:
    """Weigh all answers of a project anew: reliabilities, consensus, what is settled."""
    place = open_place()
    click.echo(do_now(place, JobKind.AGGREGATE, known_project(place, slug), {}).text)


@click.command()
@click.argument("slug")
@SIMULATED
def release(slug: str, include_simulated: bool) -> None:
    """Write a project's next release: a folder for science and training, a zip for everybody."""
    place = open_place()
    _show_release(place, _make_release(place, known_project(place, slug), include_simulated))


@click.command()
@click.argument("slug")
@SIMULATED
@click.option("--method", type=click.Choice([str(way) for way in Way]), help="How much is taught anew; default auto.")
@click.option("--backbone", help="torchvision's name of the network to begin with; default mobilenet_v2.")
@click.option("--budget-seconds", type=click.FloatRange(0), help="For teaching layers, by count; default 120.")
@click.option(
    "--processes", type=click.IntRange(1), help="That learn together; default FATHOM_TRAINING_PROCESSES, or 1."
)
@click.option(
    "--from",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    help="A model folder of another project, for direct transfer.",
)
def train(slug: str, include_simulated: bool, **asked: Any) -> None:
    """Train on the newest release (made first if there is none), and publish the model if it is better."""
    place = open_place()
    project = known_project(place, slug)
    if asked["from"] is not None:
        read_manifest(Path(asked["from"]))
    newest = _newest_release(place, project, include_simulated)
    if newest is None:
        newest = _make_release(place, project, include_simulated)
        _show_release(place, newest)
    wishes = {name.replace("_", "-"): value for name, value in asked.items() if value is not None}
    trained = do_now(place, JobKind.TRAIN, project, {"release": newest.version, "wishes": wishes})
    click.echo(trained.text)
    assert trained.result is not None
    folder = trained.result["model"]
    with reading(place.store) as session:
        judged = next((view for view in models(session, project) if view.folder == folder), None)
    if judged is None:
        _judge(place, project, {"model": folder})
    else:
        _tell_of_before(judged)


@click.command()
@click.argument("slug")
@click.argument("model_folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
def publish(slug: str, model_folder: Path | None) -> None:
    """Publish a model folder, or the one trained last, if it beats the published model."""
    place = open_place()
    project = known_project(place, slug)
    if model_folder is None:
        _judge(place, project, {})
        return
    kept = place.settings.models / slug / model_folder.resolve().name
    if kept != model_folder.resolve():
        if kept.exists():
            raise InvalidInput(f"{kept} exists already; rename your folder.")
        shutil.copytree(model_folder, kept)
    _judge(place, project, {"model": f"{slug}/{kept.name}"})


@click.command("simulate")
@click.argument("slug")
@click.option("--volunteers", type=click.IntRange(1, 10_000), default=40, show_default=True)
@click.option("--answers", type=click.IntRange(1), default=4000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--url", help="A running server of this database; without it one is started for the while.")
def simulate_volunteers(slug: str, volunteers: int, answers: int, seed: int, url: str | None) -> None:
    """Let simulated volunteers play through the real server, half by HTTP and half by Socket.IO."""
    place = open_place()
    project = known_project(place, slug)
    project_id(place, project)
    crowd = Crowd(volunteers, answers, seed)
    tokens = simulated_tokens(place.store, crowd)
    with nullcontext(url) if url else running_web(place.settings) as address, shown_progress() as progress:
        done = simulate(Server(address.rstrip("/"), place.store, project), crowd, tokens, progress)
    click.echo(
        f"{len(done.acknowledged):,} answers of {volunteers} simulated volunteers acknowledged in {done.n_rounds:,} "
        f"rounds and {done.duration_s:.1f} s: {done.answers_per_s:.0f} a second; the line broke {done.n_lost} times."
    )
    if len(done.acknowledged) < answers:
        click.echo(
            f"The other {answers - len(done.acknowledged):,} were not given: no subject was left that was new to a "
            "volunteer and in nobody else's hands."
        )


@click.command()
def status() -> None:
    """Say of each project why nothing is training, and what the worker did last."""
    place = open_place()
    with reading(place.store) as session:
        for project in place.projects.values():
            state = project_state(session, project, now())
            why = why_not_training(state)
            frozen = f" {state.frozen}" if state.frozen and state.frozen not in why else ""
            click.echo(f"{project.slug}: {why}{frozen}")
        for job in latest_jobs(session, limit=10):
            click.echo(f"  {job.created_at:%Y-%m-%d %H:%M} {job.kind} {job.project or ''} {job.state}: {job.text}")


def simulated_tokens(store: Store, crowd: Crowd) -> list[str]:
    """New simulated volunteers, a token for each."""
    rng = np.random.default_rng(crowd.seed)
    with transaction(store) as session:
        made = [accounts.create_guest(session, now(), rng, simulated=True) for _ in range(crowd.n_volunteers)]
        return [accounts.issue_token(session, account.id, now()) for account in made]


def _newest_release(place: Workplace, project: Project, include_simulated: bool) -> Published | None:
    with reading(place.store) as session:
        made = releases(session, project)
    return next((one for one in made if one.includes_simulated == include_simulated), None)


def _make_release(place: Workplace, project: Project, include_simulated: bool) -> Published:
    do_now(place, JobKind.RELEASE, project, {"include_simulated": include_simulated})
    made = _newest_release(place, project, include_simulated)
    if made is None:
        raise NotFound("The release is gone again.")
    return made


def _judge(place: Workplace, project: Project, request: dict[str, Any]) -> None:
    judged = do_now(place, JobKind.PUBLISH, project, request)
    click.echo(judged.text)
    # While the public model is frozen a new one waits, and has no version yet.
    if judged.result:
        with reading(place.store) as session:
            _show_metrics(model_of(session, project, int(judged.result["version"])))


def _tell_of_before(judged: ModelView) -> None:
    state = "public" if judged.state is ModelState.PUBLISHED else judged.state
    click.echo(
        f"It is version {judged.version}, was judged on {judged.created_at:%Y-%m-%d} and is {state}; nothing was "
        "trained or judged now. For another model make a new release (`fathom release`) first, or ask for another way "
        "(`--method`). `fathom model list` has the gate's reasons."
    )


def _show_release(place: Workplace, made: Published) -> None:
    click.echo(f"Release {made.version}: {place.settings.releases / made.archive}")
    click.echo(", ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in made.counts.items()))


def _show_metrics(view: ModelView) -> None:
    metrics = view.metrics
    n = f"{metrics['n']:,} hold-out subjects"
    click.echo(f"accuracy {metrics['accuracy']:.3f} (commonest label {metrics['majority_accuracy']:.3f}) on {n}")
    if metrics.get("groups"):
        of_groups = metrics["groups"]
        click.echo(f"groups: {of_groups['accuracy']:.3f} (commonest group {of_groups['majority_accuracy']:.3f})")
    click.echo(f"macro-F1 {metrics['macro_f1']:.3f}")
    for label in metrics["per_label"]:
        figures = f"precision {label['precision']:.2f} recall {label['recall']:.2f} F1 {label['f1']:.2f}"
        click.echo(f"  {label['code']:<20} {figures} n {label['n']}")


COMMANDS = (aggregate, release, train, publish, simulate_volunteers, status)
