"""A thousand subjects, volunteers with tokens, and answers that are on the disk when they are acknowledged."""

from random import Random

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, create_engine, event, select

N_SUBJECTS, N_VOLUNTEERS = 1_000, 64
# The variable that names the servers' database.
DATABASE = "BARE_DATABASE"

metadata = MetaData()
subjects = Table("subjects", metadata, Column("id", Integer, primary_key=True), Column("name", String))
volunteers = Table(
    "volunteers", metadata, Column("id", Integer, primary_key=True), Column("token", String, unique=True)
)
answers = Table(
    "answers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject_id", Integer, index=True),
    Column("volunteer_id", Integer, index=True),
    Column("label", Integer),
)


def opened(path: str) -> Engine:
    """In WAL with synchronous=FULL, as Fathom's own."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _durable)
    return engine


def fill(engine: Engine) -> list[str]:
    """The volunteers' tokens."""
    metadata.create_all(engine)
    tokens = [f"token-{n}" for n in range(1, N_VOLUNTEERS + 1)]
    with engine.begin() as connection:
        connection.execute(subjects.insert(), [{"id": n, "name": f"{n}.jpg"} for n in range(1, N_SUBJECTS + 1)])
        connection.execute(volunteers.insert(), [{"token": token} for token in tokens])
    return tokens


def who(engine: Engine, token: str) -> int | None:
    with engine.connect() as connection:
        return connection.scalar(select(volunteers.c.id).where(volunteers.c.token == token))


def next_subject(engine: Engine, rng: Random) -> dict[str, object]:
    wanted = select(subjects.c.id, subjects.c.name).where(subjects.c.id >= rng.randint(1, N_SUBJECTS)).limit(1)
    with engine.connect() as connection:
        row = connection.execute(wanted).one()
    return {"id": row.id, "name": row.name}


def _durable(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()
