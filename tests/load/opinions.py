"""What players say: mostly what experts said or, where they said nothing, what everybody sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from sqlalchemy import select

from game.levels import Project
from game.store import reading
from game.store.tables import ExpertLabel, Image, Subject
from game.store.tables import Project as ProjectRow
from tests.load.wire import Json
from tests.world import Where, World

RIGHT = 0.85


@dataclass(frozen=True)
class Opinions:
    """`truth`: the label of every subject that experts named, by its place."""

    project: Project
    truth: Mapping[Where, int]

    def choice(self, round_: Json, subject: Json, rng: Random) -> str:
        """The code of one of the round's choices."""
        row, column = subject["point"]["row"], subject["point"]["column"]
        where = (str(subject["full"]).split("/")[2], row, column)
        label = self.truth.get(where, (row + column) % len(self.project.labels))
        codes = [str(choice["code"]) for choice in round_["choices"]]
        right = [code for code in codes if self.project.choice_masks[code][label]]
        return rng.choice(right if right and rng.random() < RIGHT else codes)


def experts_labels(world: World, slug: str) -> dict[Where, int]:
    rows = (
        select(Image.sha256, Subject.row, Subject.column, ExpertLabel.label)
        .join(Image, Image.id == Subject.image_id)
        .join(ExpertLabel, ExpertLabel.subject_id == Subject.id)
        .join(ProjectRow, ProjectRow.id == Subject.project_id)
    )
    with reading(world.store) as session:
        found = session.execute(rows.where(ProjectRow.slug == slug))
        return {(sha256, row, column): label for sha256, row, column, label in found}
