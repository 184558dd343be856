"""Whatever is sent to the API: it answers as its document says, and never breaks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask_openapi3.openapi import OpenAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.openapi import from_wsgi

from game.science.trials import request_trial
from game.store import transaction
from game.web.limits import limiter
from tests.conftest import NOW
from tests.small_model import publish_folder, write_small_model
from tests.web.player import API, ApiPlayer, new_player
from tests.world import World

FUZZED = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def player(app: OpenAPI) -> Iterator[ApiPlayer]:
    """Nobody hears of a limit here, or little else would be heard."""
    limiter.enabled = False
    yield new_player(app.test_client())
    limiter.enabled = True


def operations(app: OpenAPI) -> list[Any]:
    found = from_wsgi(f"{API}/openapi.json", app).get_all_operations()
    return [operation.ok() for operation in found if isinstance(operation, Ok)]


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_api_does_what_its_document_says(app: OpenAPI, player: ApiPlayer, mode: GenerationMode) -> None:
    for operation in operations(app):
        if mode is GenerationMode.NEGATIVE and not (operation.path_parameters or operation.query or operation.body):
            continue

        @FUZZED
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            case.call_and_validate(headers=player.headers)

        check()


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_it_does_so_for_what_exists(
    app: OpenAPI, player: ApiPlayer, world: World, tmp_path: Path, mode: GenerationMode
) -> None:
    plankton = world.projects["plankton"]
    publish_folder(world.store, world.settings, plankton.slug, write_small_model(tmp_path / "model", plankton))
    with transaction(world.store) as session:
        asked = request_trial(session, plankton, "0" * 32, None, NOW)
    for operation in operations(app):
        if "{" not in operation.path:
            continue

        @FUZZED
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            round_ = player.start()
            existing = {"slug": "plankton", "round": round_["id"], "prediction": asked.code}
            case.path_parameters = {name: existing[name] for name in case.path_parameters}
            if isinstance(case.body, dict) and "subject" in case.body:
                case.body["subject"] = next(one["id"] for one in round_["subjects"] if not one["answered"])
            response = case.call(headers=player.headers)
            assert response.status_code < 500
            assert response.status_code in (200, 201) or set(response.json()) == {"error"}

        check()
