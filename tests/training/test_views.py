"""The network looks at the point, not at the tile."""

from io import BytesIO

import numpy as np
import torch
from PIL import Image

from game.training.dataset import POINT
from game.training.views import BEYOND, MEAN, STD, View, look, pixels, recipe_of


def encoded(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    content = BytesIO()
    picture.save(content, form, **options)
    return content.getvalue()


def colours(seen: torch.Tensor) -> torch.Tensor:
    """Back to 0…255."""
    return (seen * torch.tensor(STD).view(3, 1, 1) + torch.tensor(MEAN).view(3, 1, 1)) * 255


def test_the_point_is_in_the_middle_of_its_square() -> None:
    picture = torch.zeros(3, 40, 60, dtype=torch.uint8)
    picture[:, 12, 34] = 255
    seen = colours(look(picture, [(12, 34)], View("centre", 8), 8))
    # A square of 8 has no middle pixel: 4 lie before the point, the point and 3 after it.
    assert seen[0, 0].argmax() == 4 * 8 + 4
    assert torch.allclose(seen.sum(), torch.tensor(3 * 255.0), atol=0.1)


def test_beyond_the_edge_it_sees_what_players_see() -> None:
    white = torch.full((3, 20, 20), 255, dtype=torch.uint8)
    seen = colours(look(white, [(0, 19)], View("centre", 8), 8))
    assert torch.allclose(seen[0, :, 0, 0], torch.full((3,), float(BEYOND)), atol=0.1)
    assert torch.allclose(seen[0, :, 7, 0], torch.full((3,), 255.0), atol=0.1)


def test_a_whole_picture_is_pressed_into_a_square() -> None:
    picture = torch.zeros(3, 30, 60, dtype=torch.uint8)
    picture[:, :, 30:] = 255
    seen = colours(look(picture, [None], View("whole", None), 12))
    assert seen.shape == (1, 3, 12, 12)
    assert seen[0, 0, :, 0].max() < 1
    assert seen[0, 0, :, 11].min() > 254


def test_points_count_stored_pixels_whatever_exif_says_about_turning() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(Image.new("RGB", (40, 20)), "JPEG", exif=exif)
    assert pixels(turned).shape == (3, 20, 40)


def test_what_is_transparent_or_grey_gets_three_colours() -> None:
    clear = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    grey = Image.fromarray(np.full((16, 16), 51 * 256, np.uint16))
    assert pixels(encoded(clear))[:, 0, 0].tolist() == [255, 255, 255]
    assert pixels(encoded(grey))[:, 0, 0].tolist() == [51, 51, 51]


def test_a_point_is_looked_at_closely_and_in_its_surroundings() -> None:
    recipe = recipe_of(POINT, 224)
    assert recipe.views == (View("centre", 64), View("context", 128))
    assert recipe.pools == (0.5, 1.0), "the middle of each, and the whole of it"


def test_squares_follow_the_projects_scale_and_never_vanish() -> None:
    assert [view.side_px for view in recipe_of(POINT, 112).views] == [32, 64]
    assert [view.side_px for view in recipe_of(POINT, 1).views] == [8, 16]
