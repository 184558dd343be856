"""Hold-outs made up by a test."""

from collections.abc import Sequence

from game.science.holdouts import Examined, HoldOut


def examined(true: Sequence[str], given: Sequence[str], image: Sequence[str] | None = None) -> HoldOut:
    """Subjects 0, 1, …; each an image, unless told otherwise."""
    images = [str(place) for place in range(len(true))] if image is None else image
    rows = zip(images, true, given, strict=True)
    return HoldOut({f"{place}": Examined(one, str(t), str(g)) for place, (one, t, g) in enumerate(rows)})
