"""What goes out about a model that looks at somebody's own picture: on the server, or on her own device."""

from game.levels import Project as ProjectRead
from game.science.jobs import JobView
from game.science.trials import DeviceModel as DeviceModelRead
from game.science.trials import guesses
from game.store.tables.publications import JobState
from game.web.payloads.outgoing import Outgoing

CAVEAT = (
    "A model knows only pictures like those that taught it. It knows no answer but its labels, does not notice what is "
    "new to it, and was tested neither at places beyond its project nor with other cameras."
)


class PredictedLabel(Outgoing):
    """`p` in [0, 1]."""

    code: str
    name: str
    p: float


class Prediction(Outgoing):
    """What the public model says of a picture, once `state` is “done”: labels, best first, whose `p` sum to 1.

    While it is “queued” or “running”, ask `url` again; if it is “failed”, `reason` says why. `model` is the version.
    """

    id: str
    project: str
    state: JobState
    reason: str | None
    model: int | None
    labels: tuple[PredictedLabel, ...]
    caveat: str
    url: str

    @classmethod
    def of(cls, project: ProjectRead, job: JobView, url: str) -> "Prediction":
        return cls(
            id=job.code,
            project=project.slug,
            state=job.state,
            reason=job.text if job.state is JobState.FAILED else None,
            model=(job.result or {}).get("model"),
            labels=tuple(PredictedLabel(**vars(guess)) for guess in guesses(job)),
            caveat=CAVEAT,
            url=url,
        )


class DeviceFile(Outgoing):
    url: str
    n_bytes: int


class DeviceLabel(Outgoing):
    code: str
    name: str


class DeviceModel(Outgoing):
    """For a page that runs the model itself: the file, and the program that runs it.

    `side_px` of the square that it wants around a point; null if it wants whole pictures.
    """

    version: int
    side_px: int | None
    labels: tuple[DeviceLabel, ...]
    graph: DeviceFile
    runtime: DeviceFile

    @classmethod
    def of(cls, found: DeviceModelRead, graph: str, runtime: str, runtime_bytes: int) -> "DeviceModel":
        return cls(
            version=found.version,
            side_px=found.side_px,
            labels=tuple(DeviceLabel(code=code, name=name) for code, name in found.labels),
            graph=DeviceFile(url=graph, n_bytes=found.n_bytes),
            runtime=DeviceFile(url=runtime, n_bytes=runtime_bytes),
        )
