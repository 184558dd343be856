"""Whether people can see a colour and tell two of them apart, with ordinary or colour-blind eyes."""

import re
from itertools import combinations
from math import hypot

WHITE, DARK = "#ffffff", "#10181f"
LEAST_CONTRAST = 3.0  # WCAG 2.2, criterion 1.4.11, for parts of a page that are not text.
LEAST_DIFFERENCE = 15.0  # CIELAB distance; about 2 can just be seen with the patches side by side.

_Triple = tuple[float, float, float]
_Matrix = tuple[_Triple, _Triple, _Triple]

# Machado, Oliveira and Fernandes (2009), severity 1.0, applied to linear light.
_EYES: dict[str, _Matrix] = {
    "ordinary eyes": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "red-blind eyes": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "green-blind eyes": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "blue-blind eyes": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_XYZ: _Matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_D65: _Triple = (0.9505, 1.0, 1.089)


def colour_findings(place: str, colours: dict[str, str]) -> list[str]:
    """A sentence for each colour that is malformed, too pale, too dark or too like another."""
    malformed = [code for code, colour in colours.items() if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour)]
    if malformed:
        return [f'{place}: the colour of {code} should look like "#1f77b4".' for code in malformed]
    findings = [
        f"{place}: the colour of {code} ({colour}) has a contrast of {contrast(colour, ground):.1f} on "
        f"{'a white' if ground == WHITE else 'the dark'} page; choose a "
        f"{'darker' if ground == WHITE else 'lighter'} one (at least {LEAST_CONTRAST:g})."
        for code, colour in colours.items()
        for ground in (WHITE, DARK)
        if contrast(colour, ground) < LEAST_CONTRAST
    ]
    for (one, first), (other, second) in combinations(colours.items(), 2):
        apart, eyes = difference(first, second)
        if apart < LEAST_DIFFERENCE:
            findings.append(f"{place}: {eyes} can hardly tell the colours of {one} and {other} apart; change one.")
    return findings


def contrast(colour: str, ground: str) -> float:
    """WCAG 2.2 contrast ratio, [1, 21]."""
    lighter, darker = sorted((_luminance(colour), _luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def difference(one: str, other: str) -> tuple[float, str]:
    """The smallest CIELAB (1976) distance over four kinds of eyes, and whose it is."""
    return min(
        (hypot(*(a - b for a, b in zip(_lab(one, eyes), _lab(other, eyes), strict=True))), name)
        for name, eyes in _EYES.items()
    )


def _luminance(colour: str) -> float:
    return _times(_XYZ, _light(colour))[1]


def _lab(colour: str, eyes: _Matrix) -> _Triple:
    seen = tuple(min(max(part, 0.0), 1.0) for part in _times(eyes, _light(colour)))
    x, y, z = (
        _cube_root(part / white) for part, white in zip(_times(_XYZ, (seen[0], seen[1], seen[2])), _D65, strict=True)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _light(colour: str) -> _Triple:
    """Linear light of an sRGB colour, each part in [0, 1]."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _cube_root(part: float) -> float:
    return float(part ** (1 / 3)) if part > 0.008856 else 7.787 * part + 16 / 116


def _times(matrix: _Matrix, triple: _Triple) -> _Triple:
    first, second, third = (sum(a * b for a, b in zip(row, triple, strict=True)) for row in matrix)
    return first, second, third
