"""Photographs to look at: the reef's real squares, turned in seven ways, with what is seen of them cut ahead."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from io import BytesIO
from itertools import groupby, product
from operator import itemgetter
from pathlib import Path

from PIL import Image
from sqlalchemy import select

from game.artifacts.images import CheckedImage, cut_ahead, keep_image
from game.levels import Project
from game.store import reading, subjects, transaction
from game.store.tables import Image as ImageRow
from game.store.tables import Subject
from tests.world import World

QUALITY = 92


def add_photographs(world: World, folder: Path) -> list[int]:
    """The ids of as many images as there are squares and turns: of twenty thousand points some two hundred are on each,
    as on real ones."""
    wanted = product([world.settings.images], sorted(folder.glob("*.jpg")), Image.Transpose)
    with ProcessPoolExecutor() as processes:
        kept = list(processes.map(_keep_turned, *zip(*wanted, strict=True)))
    with transaction(world.store) as session:
        return [
            subjects.add_image(
                session,
                ImageRow(
                    sha256=one.sha256, media_type=one.media_type, width_px=one.width_px, height_px=one.height_px,
                    n_bytes=one.n_bytes,
                ),
            ).id
            for one in kept
        ]  # fmt: skip


def cut_all(world: World, project: Project) -> None:
    """What an import would have cut."""
    with reading(world.store) as session:
        rows = select(ImageRow.sha256, Subject.row, Subject.column).join(Subject, Subject.image_id == ImageRow.id)
        found = session.execute(rows.where(Subject.row.is_not(None)).order_by(ImageRow.sha256)).all()
    points = {
        sha256: [(row, column) for _, row, column in those] for sha256, those in groupby(found, key=itemgetter(0))
    }
    cut = partial(cut_ahead, world.settings.images, patch_px=project.patch_px)
    with ProcessPoolExecutor() as processes:
        list(processes.map(cut, points.keys(), points.values()))


def _keep_turned(images: Path, square: Path, turn: Image.Transpose) -> CheckedImage:
    turned = BytesIO()
    with Image.open(square) as opened:
        opened.transpose(turn).save(turned, "JPEG", quality=QUALITY)
    return keep_image(images, turned.getvalue())
