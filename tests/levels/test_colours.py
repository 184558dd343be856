"""Contrast and difference of colours, against published numbers."""

import pytest

from game.levels.colours import DARK, WHITE, contrast, difference


def test_black_on_white_has_the_highest_contrast_there_is() -> None:
    assert contrast("#000000", WHITE) == pytest.approx(21)  # (1 + 0.05) / (0 + 0.05)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)  # WCAG's lightest grey for text on white
    assert contrast(DARK, DARK) == 1


def test_equal_lightness_red_and_green_differ_for_ordinary_eyes_and_hardly_for_green_blind_ones() -> None:
    apart, eyes = difference("#c05a3c", "#7d7a2e")
    assert apart < 30
    assert eyes in ("green-blind eyes", "red-blind eyes")
    assert difference("#123456", "#123456")[0] == 0


def test_the_distance_between_black_and_white_is_one_hundred() -> None:
    assert difference("#000000", "#ffffff")[0] == pytest.approx(100, abs=0.1)
