"""Where the real projects lie, and what the checker says of a copy that was broken on purpose."""

from pathlib import Path

from game.levels import check

LEVELS = Path(__file__).parents[2] / "levels"


def findings_after(folder: Path, file: str, old: str, new: str) -> list[str]:
    """What the checker says once `old` has become `new` in one file of the folder."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return check(folder)
