"""Commands about a project's public model: its versions, what was decided of them, and deciding."""

import getpass
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from game.cli.desk import do_now, known_project, now, open_place
from game.errors import Conflict
from game.levels import Project
from game.science import decisions
from game.science.comparison import Shift, compare
from game.science.publish import model_of, models
from game.science.switching import Switch, switch_kind
from game.science.work import Workplace
from game.store import reading, transaction
from game.store.tables.publications import DecisionKind, JobKind

WHY = click.option("--why", required=True, help="The reason, for whoever asks later; anyone may read it.")
VERSION = click.argument("version", type=click.IntRange(1))


@click.group()
def model() -> None:
    """The versions of a project's model: list, compare, freeze, thaw, force, back, log."""


@model.command("list")
@click.argument("slug")
def list_versions(slug: str) -> None:
    """Every version, newest first: public, replaced or rejected, how it was taught, and why."""
    place = open_place()
    project = known_project(place, slug)
    with reading(place.store) as session:
        found, decided = models(session, project), decisions.decisions_of(session, project)
    if not found:
        click.echo(f"The project “{slug}” has no model yet.")
    for view in found:
        made = f"{view.created_at:%Y-%m-%d %H:%M}  release {view.release_version}"
        click.echo(f"{view.version}  {view.state}  {made}{_taught(view.metrics)}")
        for reason in view.reasons:
            click.echo(f"   {reason}")
        for one in decided:
            if one.version == view.version and one.by != decisions.GATE:
                click.echo(f"   {one.kind} by {one.by}: {one.why}")


@model.command("compare")
@click.argument("slug")
@click.argument("a", type=click.IntRange(1))
@click.argument("b", type=click.IntRange(1))
def compare_versions(slug: str, a: int, b: int) -> None:
    """Two versions label by label, on the hold-out subjects of both."""
    place = open_place()
    project = known_project(place, slug)
    with reading(place.store) as session:
        first, second = model_of(session, project, a), model_of(session, project, b)
    found = compare(project, place.settings.models, first, second)
    click.echo(f"{found.n:,} hold-out subjects in {found.n_images:,} images; version {a} → {b}, with 95% intervals")
    _show("accuracy", found.accuracy)
    _show("macro-F1", found.macro_f1)
    for label in found.labels:
        click.echo(f"{label.code} ({label.n})")
        for name, shift in (("recall", label.recall), ("precision", label.precision), ("F1", label.f1)):
            _show(f"  {name}", shift)


@model.command()
@click.argument("slug")
def log(slug: str) -> None:
    """Who decided what about the public model, when and why, newest first."""
    place = open_place()
    with reading(place.store) as session:
        found = decisions.decisions_of(session, known_project(place, slug))
    for one in found:
        what = one.kind if one.version is None else f"{one.kind} version {one.version}"
        click.echo(f"{one.decided_at:%Y-%m-%d %H:%M}  {what}, {one.by}: {one.why}")


@model.command()
@click.argument("slug")
@WHY
def freeze(slug: str, why: str) -> None:
    """Let no new model become public until it is thawed. New ones are trained, and wait."""
    place = open_place()
    with transaction(place.store) as session:
        decisions.freeze(session, known_project(place, slug), _who(), why, now())
    click.echo(f"The public model of {slug} is frozen.")


@model.command()
@click.argument("slug")
@WHY
def thaw(slug: str, why: str) -> None:
    """Let new models become public again; the newest that waits goes to the gate."""
    place = open_place()
    with transaction(place.store) as session:
        decisions.thaw(session, known_project(place, slug), _who(), why, now())
    click.echo(f"The public model of {slug} is no longer frozen.")


@model.command()
@click.argument("slug")
@VERSION
@WHY
def force(slug: str, version: int, why: str) -> None:
    """Publish a version that the gate rejected."""
    place = open_place()
    _switch(place, known_project(place, slug), Switch(version, _who(), why), DecisionKind.FORCED)


@model.command()
@click.argument("slug")
@VERSION
@WHY
def back(slug: str, version: int, why: str) -> None:
    """Put back a version that was public before."""
    place = open_place()
    _switch(place, known_project(place, slug), Switch(version, _who(), why), DecisionKind.PUT_BACK)


def _switch(place: Workplace, project: Project, switch: Switch, kind: DecisionKind) -> None:
    """Raises Conflict if the version's state asks for the other command."""
    with reading(place.store) as session:
        if switch_kind(session, project, switch.version) is not kind:
            other, was = ("back", "was public before") if kind is DecisionKind.FORCED else ("force", "never was public")
            raise Conflict(f"Version {switch.version} {was}: `fathom model {other}` is for it.")
    wanted = asdict(switch) | {"why": decisions.reason(switch.why)}
    click.echo(do_now(place, JobKind.SWITCH, project, wanted).text)


def _taught(metrics: Mapping[str, Any]) -> str:
    """Its network, and how much of that was taught here; nothing where that was not kept."""
    backbone, wanted = metrics.get("backbone"), metrics.get("no_weights_of")
    instead = f" for want of {wanted}" if wanted else ""
    ways = (metrics.get("method") or {}).get("ways", ())
    way = next((f"  {one['way']}" for one in ways if one["chosen"]), "")
    return f"  {backbone}{instead}{way}" if backbone else ""


def _who() -> str:
    return f"{getpass.getuser()} on the command line"


def _show(name: str, shift: Shift) -> None:
    if shift.difference == 0:
        click.echo(f"{name:<12} {shift.a:.3f} in both")
        return
    sure = "" if shift.sure else "  may be luck"
    click.echo(
        f"{name:<12} {shift.a:.3f} → {shift.b:.3f}  {shift.difference:+.3f} [{shift.low:+.3f}, {shift.high:+.3f}]{sure}"
    )


COMMANDS = (model,)
