"""Pictures on which the published model is right or wrong, label by label, drawn by lot and not for their beauty.

Only of subjects whose label anyone may see: teaching gold, and what has left play because the crowd was sure. The model
learned nothing from the images of the one, and judged the other by a head that had not seen its image.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from game.levels import Label, Project
from game.store import Session, gallery, subjects
from game.store.gallery import Predicted

# So many are looked through, and so many of each label shown.
MOST_SETTLED = 1000
MOST_TEACHING = 200
SHOWN = 4


@dataclass(frozen=True)
class Exhibit:
    """An image, or the point (row, column) in it. `said` is what the model names with probability `p`.

    `by_experts`: its label is theirs; otherwise it is the consensus of the crowd.
    """

    sha256: str
    row: int | None
    column: int | None
    said: Label
    p: float
    by_experts: bool


@dataclass(frozen=True)
class LabelGallery:
    """Subjects of one label; `n_right` of the `n` that were looked through have it from the model, too."""

    label: Label
    n: int
    n_right: int
    hits: tuple[Exhibit, ...]
    misses: tuple[Exhibit, ...]


def model_gallery(session: Session, project: Project) -> tuple[LabelGallery, ...]:
    """In the order of the labels; those of which nothing may be shown are left out. Empty without a published model."""
    row = subjects.project_row(session, project.slug)
    if row is None:
        return ()
    taught = gallery.teaching(session, row.id, range(len(project.labels)), MOST_TEACHING)
    settled = gallery.settled(session, row.id, project.choice_sets[-1], MOST_SETTLED)
    found = [(one.label, _exhibit(project, one, by_experts=True)) for one in taught]
    found += [(one.label, _exhibit(project, one, by_experts=False)) for one in settled]
    of_label = [[exhibit for label, exhibit in found if label == place] for place in range(len(project.labels))]
    return tuple(_of_label(label, some) for label, some in zip(project.labels, of_label, strict=True) if some)


def _of_label(label: Label, exhibits: Sequence[Exhibit]) -> LabelGallery:
    def some(*, right: bool) -> Iterator[Exhibit]:
        return (one for one in exhibits if (one.said == label) is right)

    n_right = sum(1 for _ in some(right=True))
    hits, misses = (tuple(islice(some(right=right), SHOWN)) for right in (True, False))
    return LabelGallery(label, len(exhibits), n_right, hits, misses)


def _exhibit(project: Project, one: Predicted, *, by_experts: bool) -> Exhibit:
    p = max(one.p)
    return Exhibit(one.sha256, one.row, one.column, project.labels[one.p.index(p)], p, by_experts)
