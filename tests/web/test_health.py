"""What whoever watches the servers, or sends people to them, is told."""

from flask.testing import FlaskClient

from game.store.engine import NEWEST_SCHEMA
from tests.world import World


def test_a_server_that_answers_is_ready(client: FlaskClient) -> None:
    told = client.get("/ready")
    assert (told.status_code, (told.json or {})["ready"], (told.json or {})["schema"]) == (200, True, NEWEST_SCHEMA)


def test_a_server_whose_database_is_older_than_itself_is_not_ready(client: FlaskClient, world: World) -> None:
    with world.store.engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    told = client.get("/ready")
    assert told.status_code == 503
    assert "`fathom migrate`" in (told.json or {})["why"]


def test_a_server_without_its_database_is_not_ready(client: FlaskClient, world: World) -> None:
    with world.store.engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    told = client.get("/ready")
    assert (told.status_code, (told.json or {})["why"]) == (503, "The database does not answer.")
