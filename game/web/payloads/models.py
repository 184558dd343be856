"""What goes out about a project's public model: how good it is, and pictures on which it is right or wrong."""

from collections.abc import Sequence
from datetime import datetime

from game.artifacts.images import Size
from game.levels import Project
from game.science.gallery import Exhibit as ExhibitShown
from game.science.gallery import LabelGallery as GalleryShown
from game.science.publish import ModelView
from game.web.images import image_url, patch_url
from game.web.payloads.consensus import CalibrationPoint, Drawn
from game.web.payloads.outgoing import Outgoing


class Interval(Drawn):
    """95 %."""

    low: float
    high: float


class LabelIntervals(Drawn):
    precision: Interval | None = None
    recall: Interval | None = None
    f1: Interval | None = None


class LabelFigures(Drawn):
    """`n` examination pictures have this label by the experts, the model gives it to `n_given`."""

    code: str
    precision: float
    recall: float
    f1: float
    n: int
    n_given: int | None = None
    interval: LabelIntervals = LabelIntervals()


class Intervals(Drawn):
    accuracy: Interval | None = None
    macro_f1: Interval | None = None
    ece: Interval | None = None


class CoveragePoint(Drawn):
    """Of the surest `share`, `n` pictures with this `confidence` at least, so many are right."""

    share: float
    confidence: float
    accuracy: float
    low: float
    high: float
    n: int


class Figures(Drawn):
    """`confusion` [true][given]: counts in the order of `per_label`; `reliability`: bins, least sure first."""

    accuracy: float
    majority_accuracy: float | None = None
    macro_f1: float | None = None
    ece: float | None = None
    interval: Intervals = Intervals()
    per_label: tuple[LabelFigures, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    reliability: tuple[CalibrationPoint, ...] = ()
    coverage: tuple[CoveragePoint, ...] = ()

    @property
    def never_said(self) -> frozenset[str]:
        """Codes of the labels that it gave to no examination picture: it cannot tell them from others."""
        given = zip(*self.confusion, strict=True)
        return frozenset(line.code for line, n in zip(self.per_label, given, strict=False) if not any(n))


class Uncalibrated(Drawn):
    """As it would be without the temperature."""

    ece: float
    reliability: tuple[CalibrationPoint, ...] = ()


class CoverError(Drawn):
    mean: float
    interval: Interval | None = None


class LabelCover(Drawn):
    code: str
    experts: float
    machine: float
    crowd: float | None = None
    machine_error: CoverError
    crowd_error: CoverError | None = None


class Cover(Drawn):
    """Shares of the ground at the same `n` points in `n_images` images; errors are means over labels and images."""

    n: int
    n_images: int
    answers_a_point: float | None = None
    per_label: tuple[LabelCover, ...]
    machine_error: CoverError
    crowd_error: CoverError | None = None


class WholeCover(Cover):
    """By label and, where there are any, by group."""

    groups: Cover | None = None


class LearningPoint(Drawn):
    """Had it learned from this share only; `low` and `high` of several tries."""

    share: float
    n_subjects: int
    n_answers: int
    accuracy: float
    low: float
    high: float
    macro_f1: float


class Transfer(Drawn):
    """What weights of others bring: `gain` in accuracy over `scratch`, a small network taught on this project alone, on
    `n_scratch` pictures. Of too few pictures `low` and `high` are null, and the verdict is “untold”."""

    verdict: str
    gain: float
    low: float | None = None
    high: float | None = None
    scratch: float
    n_scratch: int | None = None


class Elsewhere(Drawn):
    """On hold-out subjects of `n_sites` sites: as it is, and as it would be had it never learned from the site."""

    n_sites: int
    n: int
    accuracy: float
    unseen: float
    low: float | None = None
    high: float | None = None


class Trial(Drawn):
    """A way of teaching; of one that was not tried only `why`. `accuracy`: agreement with the crowd's label."""

    way: str
    why: str = ""
    chosen: bool = False
    loss: float | None = None
    accuracy: float | None = None
    gain: float | None = None
    error: float | None = None


class Method(Drawn):
    """How much was taken over from elsewhere, and why not more or less; figures of images that were left out."""

    asked: str
    budget_s: float
    ways: tuple[Trial, ...]

    @property
    def chosen(self) -> str:
        return next((one.way for one in self.ways if one.chosen), self.asked)


class TaughtBy(Drawn):
    """Who has taught a model that is taken as it is, and the labels (codes) that it does not know; of ImageNet there is
    a title and no more."""

    title: str
    unknown: tuple[str, ...] = ()
    project: str | None = None
    release: int | None = None
    licence: str | None = None
    credit: str | None = None
    cite: str | None = None
    includes_simulated: bool = False


class ModelFigures(Figures):
    """As metrics.json has them; what an older trainer did not measure is null or empty.

    `no_weights_of`: the network that was asked for, where a small one was taught from scratch for want of its weights.
    `taught_by` is there where nothing was learned here. `learning_curve_of` is “frozen” where layers were taught: then
    the curve is that of frozen layers with a new head.
    """

    n: int
    groups: Figures | None = None
    temperature: float | None = None
    uncalibrated: Uncalibrated | None = None
    cover: WholeCover | None = None
    learning_curve: tuple[LearningPoint, ...] = ()
    learning_curve_of: str = "model"
    transfer: Transfer | None = None
    elsewhere: Elsewhere | None = None
    method: Method | None = None
    n_answers: int | None = None
    n_training: int | None = None
    n_images_training: int | None = None
    n_images_holdout: int | None = None
    backbone: str | None = None
    weights_from: str | None = None
    no_weights_of: str | None = None
    taught_by: TaughtBy | None = None


class Exhibit(Outgoing):
    """`picture` is what was judged; the model named it `said`, with probability `p`."""

    picture: str
    said: str
    p: float
    named_by: str

    @classmethod
    def of(cls, project: Project, shown: ExhibitShown) -> "Exhibit":
        if shown.row is None or shown.column is None:
            picture = image_url(shown.sha256, Size.SMALL)
        else:
            picture = patch_url(project, shown.sha256, shown.row, shown.column)
        return cls(
            picture=picture, said=shown.said.code, p=shown.p, named_by="experts" if shown.by_experts else "crowd"
        )


class LabelGallery(Outgoing):
    """Of `n` pictures that are known to be this the model names `n_right` so; some of either kind, by lot."""

    label: str
    n: int
    n_right: int
    hits: tuple[Exhibit, ...]
    misses: tuple[Exhibit, ...]

    @classmethod
    def of(cls, project: Project, shown: GalleryShown) -> "LabelGallery":
        return cls(
            label=shown.label.code,
            n=shown.n,
            n_right=shown.n_right,
            hits=tuple(Exhibit.of(project, one) for one in shown.hits),
            misses=tuple(Exhibit.of(project, one) for one in shown.misses),
        )


class PublicModel(Outgoing):
    """The model that is public now; `files` are there to be fetched."""

    version: int
    created_at: datetime
    release_version: int
    reason: str
    figures: ModelFigures
    gallery: tuple[LabelGallery, ...]
    files: tuple[str, ...]

    @classmethod
    def of(
        cls, project: Project, published: ModelView, gallery: Sequence[GalleryShown], files: Sequence[str]
    ) -> "PublicModel":
        return cls(
            version=published.version,
            created_at=published.created_at,
            release_version=published.release_version,
            reason=published.reason,
            figures=ModelFigures.model_validate(published.metrics),
            gallery=tuple(LabelGallery.of(project, one) for one in gallery),
            files=tuple(f"/projects/{project.slug}/model/{published.version}/{file}" for file in files),
        )
