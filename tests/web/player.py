"""A player at the API's door, in this process."""

import secrets
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

API = "/api/v1"
Json = dict[str, Any]


@dataclass(frozen=True)
class ApiPlayer:
    client: FlaskClient
    token: str
    pseudonym: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str) -> TestResponse:
        return self.client.get(f"{API}{path}", headers=self.headers)

    def post(self, path: str, body: Json | None = None) -> TestResponse:
        return self.client.post(f"{API}{path}", json={} if body is None else body, headers=self.headers)

    def start(self, slug: str = "plankton", level: str | None = None) -> Json:
        response = self.post(f"/projects/{slug}/rounds", {"level": level})
        assert response.status_code == 200, response.text
        return dict(response.json or {})

    def answer(self, round_: Json, of: Json, /, **given: Any) -> TestResponse:
        return self.post(f"/rounds/{round_['id']}/classifications", answer_to(round_, of, **given))

    def play(self, slug: str = "plankton") -> tuple[Json, list[Json]]:
        """A whole round, always with the first choice; returns it and its outcomes."""
        round_ = self.start(slug)
        outcomes = [self.answer(round_, subject) for subject in round_["subjects"]]
        assert {outcome.status_code for outcome in outcomes} == {200}, outcomes
        return round_, [dict(outcome.json or {}) for outcome in outcomes]


def new_player(client: FlaskClient) -> ApiPlayer:
    response = client.post(f"{API}/guests", json={})
    assert response.status_code == 201, response.text
    return ApiPlayer(client, **(response.json or {}))


def answer_to(round_: Json, of: Json, /, **given: Any) -> Json:
    """The first choice that is on offer, unless told otherwise."""
    if not {"label", "abstention"} & given.keys():
        given["label"] = round_["choices"][0]["code"]
    return {"id": secrets.token_hex(12), "subject": of["id"], "shown_ms": 900} | given


def assert_error(response: TestResponse, status: int, code: str) -> None:
    """The one shape: a code for programs and a sentence for people, and nothing else."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/json"
    assert set(response.json or {}) == {"error"}
    assert (response.json or {})["error"] == {"code": code, "message": (response.json or {})["error"]["message"]}
    assert (response.json or {})["error"]["message"].endswith(".")
