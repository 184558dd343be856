"""The doors of play: tutorial, round, answers, undo, summary. Each is a plain form; scripts only make it quicker."""

import secrets

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from game.errors import Conflict, InvalidInput
from game.levels import Project
from game.play import accounts, rounds
from game.play.accounts import Account
from game.play.classify import Answer, withdraw_last
from game.play.figures import round_summary
from game.play.rounds import ShownRound
from game.play.showcase import tutorial_pictures
from game.store import reading
from game.web import payloads
from game.web.answers import begin_round, keep_answer
from game.web.context import current_account, current_game, now, required_account, rng, signed_in
from game.web.errors import validation_message
from game.web.limits import CLASSIFICATIONS, ROUNDS, by_volunteer, new_guests
from game.web.projects import find_project

blueprint = Blueprint("play", __name__)

_ANSWER_FIELDS = ("id", "subject", "label", "abstention", "shown_ms")


@blueprint.get("/projects/<slug>/play")
def ready(slug: str) -> str:
    return render_template("ready.html", project=find_project(slug), level=request.args.get("level"))


@blueprint.post("/projects/<slug>/play")
@new_guests()
@by_volunteer(ROUNDS)
def play(slug: str) -> ResponseReturnValue:
    project, level = find_project(slug), request.form.get("level")
    game, account = current_game(), _player()
    with reading(game.store) as session:
        seen = rounds.tutorial_seen(session, project, account.id)
    if not seen:
        return redirect(url_for(".tutorial", slug=slug, level=level))
    return redirect(url_for(".round_page", code=begin_round(game, project, account, level).code))


@blueprint.get("/projects/<slug>/tutorial")
def tutorial(slug: str) -> str:
    project = find_project(slug)
    with reading(current_game().store) as session:
        pictures = tutorial_pictures(session, project)
    return render_template("tutorial.html", project=project, pictures=pictures, level=request.args.get("level"))


@blueprint.post("/projects/<slug>/tutorial")
@new_guests()
@by_volunteer(ROUNDS)
def tutorial_done(slug: str) -> ResponseReturnValue:
    project, level = find_project(slug), request.form.get("level")
    game, account, at = current_game(), _player(), now()
    game.ledger.write(lambda session: rounds.mark_tutorial_seen(session, project, account.id, at))
    return redirect(url_for(".round_page", code=begin_round(game, project, account, level).code))


@blueprint.get("/rounds/<code>")
def round_page(code: str) -> ResponseReturnValue:
    account, game = required_account(), current_game()
    with reading(game.store) as session:
        shown = rounds.find_round(session, game.projects, code, account.id)
        teaches = rounds.teaches(session, shown)
    if _wants_json():
        return jsonify(payloads.Round.of(shown).model_dump(mode="json"))
    if shown.next_subject is None:
        return redirect(url_for(".summary", code=code))
    return render_template(
        "round.html",
        round=shown,
        project=shown.project,
        payload=payloads.Round.of(shown),
        hints=_hints(shown),
        teaches=teaches,
        key=secrets.token_hex(12),
    )


@blueprint.post("/rounds/<code>/classifications")
@by_volunteer(CLASSIFICATIONS)
def answer(code: str) -> ResponseReturnValue:
    account, game, given = required_account(), current_game(), _parse_answer()
    try:
        outcome = keep_answer(game, code, account, given)
    except Conflict as conflict:
        return _not_again(conflict, code)
    if _wants_json():
        return jsonify(payloads.Outcome.of(code, outcome).model_dump(mode="json"))
    if outcome.explanation is None:
        return redirect(url_for(".round_page", code=code))
    with reading(game.store) as session:
        shown = rounds.find_round(session, game.projects, code, account.id)
    subject = next(one for one in shown.subjects if one.code == outcome.subject)
    return render_template("explanation.html", round=shown, project=shown.project, outcome=outcome, subject=subject)


@blueprint.post("/rounds/<code>/undo")
@by_volunteer(CLASSIFICATIONS)
def undo(code: str) -> ResponseReturnValue:
    account, game = required_account(), current_game()
    try:
        at = now()
        subject = game.ledger.write(lambda session: withdraw_last(session, game.projects, code, account.id, at))
    except Conflict as conflict:
        return _not_again(conflict, code)
    return jsonify({"subject": subject}) if _wants_json() else redirect(url_for(".round_page", code=code))


@blueprint.get("/rounds/<code>/summary")
def summary(code: str) -> ResponseReturnValue:
    account, game = required_account(), current_game()
    with reading(game.store) as session:
        shown = rounds.find_round(session, game.projects, code, account.id)
        told = round_summary(session, shown, account.id, now())
    if told is None:
        return redirect(url_for(".round_page", code=code))
    return render_template("summary.html", round=shown, project=shown.project, summary=told)


def _player() -> Account:
    """Whoever plays without an account becomes a guest, with a name and nothing personal."""
    account = current_account()
    if account is None:
        at, chance = now(), rng()
        account = current_game().ledger.write(lambda session: accounts.create_guest(session, at, chance))
        signed_in(account)
    return account


def _parse_answer() -> Answer:
    """Raises InvalidInput."""
    fields: dict[str, object] = {name: request.form[name] for name in _ANSWER_FIELDS if name in request.form}
    shown_ms = request.form.get("shown_ms", "")
    fields["shown_ms"] = int(shown_ms) if shown_ms.isdecimal() else shown_ms
    try:
        return payloads.parse_answer(payloads.AnswerGiven.model_validate(fields))
    except ValidationError as error:
        raise InvalidInput(validation_message(error)) from None


def _hints(shown: ShownRound) -> dict[str, str]:
    """Choice code → the first sentence or two of its page in the field guide."""
    pages = {choice.code: _page_hint(shown.project, choice.code) for choice in shown.choices}
    return {code: hint for code, hint in pages.items() if hint}


def _page_hint(project: Project, code: str) -> str:
    page = project.guide_page(code)
    return "" if page is None else page.hint


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _not_again(conflict: Conflict, code: str) -> ResponseReturnValue:
    """A script hears the error; a person sees it above the picture that comes next."""
    if _wants_json():
        raise conflict
    flash(str(conflict), "bad")
    return redirect(url_for(".round_page", code=code))
