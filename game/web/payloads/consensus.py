"""What goes out about a project's consensus: how sure it is, and whether that comes true."""

from datetime import datetime

from pydantic import ConfigDict

from game.levels import Project
from game.science.figures import ConsensusFigures
from game.web.payloads.outgoing import Outgoing


class Drawn(Outgoing):
    """Figures are kept until the next aggregation, which may be that of a newer version: what is not known is left."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Tribar(Drawn):
    """Subjects by how far they are: no answer, one, two or more (divided: no choice leads), left play, experts'."""

    none: int
    one: int
    divided: int
    agreed: int
    settled: int
    expert: int


class ReliabilityBin(Drawn):
    """`n` volunteers whose reliability lies between `low` and `high`, both in [0, 1]."""

    low: float
    high: float
    n: int


class CalibrationPoint(Drawn):
    """Of `n` tests with this mean `confidence` the share `right` was right; 95 % interval `low` to `high`."""

    confidence: float
    right: float
    low: float
    high: float
    n: int


class Alpha(Drawn):
    """Krippendorff's nominal alpha with its 95 % interval, of subjects with two answers or more that are no gold."""

    value: float
    low: float
    high: float
    n_subjects: int
    n_answers: int


class ChoiceSetFigures(Drawn):
    """`confusion` [true, given] over `codes` is the average volunteer's; null where fewer than five answers were given.
    `n`: answers to subjects of each true choice, null for fewer than five."""

    choice_set: str
    codes: tuple[str, ...]
    confusion: tuple[tuple[float | None, ...], ...]
    n: tuple[int | None, ...]
    alpha: Alpha | None


class Figures(Drawn):
    """Of the crowd as a whole. They stand on `answers` answers and change only when fifty new ones have come."""

    answers: int
    tribar: Tribar | None = None
    reliability: tuple[ReliabilityBin, ...] = ()
    calibration: tuple[CalibrationPoint, ...] = ()
    choice_sets: tuple[ChoiceSetFigures, ...] = ()


class Accepted(Drawn):
    """`n_accepted` subjects that the model named alone because it was at least `at` sure. Of `n` such subjects that
    people judged alone they found it wrong on `n_wrong`, 95 % interval `low` to `high`; `kept`: no more than promised.
    """

    at: float
    kept: bool
    n_accepted: int
    n: int
    n_wrong: int
    low: float
    high: float


class ModelVoice(Drawn):
    """On the average the word of this `version` counts as `worth` answers of the average volunteer; 0: not heard."""

    version: int
    worth: float
    accepted: Accepted | None = None


class Consensus(Outgoing):
    """`figures` is null until the first are drawn; `aggregated_at`: when answers were last weighed."""

    project: str
    aggregated_at: datetime | None
    includes_simulated: bool
    figures: Figures | None
    model: ModelVoice | None

    @classmethod
    def of(cls, project: Project, found: ConsensusFigures | None) -> "Consensus":
        if found is None:
            return cls(project=project.slug, aggregated_at=None, includes_simulated=False, figures=None, model=None)
        return cls(
            project=project.slug,
            aggregated_at=found.computed_at,
            includes_simulated=found.includes_simulated,
            figures=Figures.model_validate(found.drawn),
            model=None if found.model is None else ModelVoice.model_validate(found.model),
        )
