"""What was tried in vain, and is not tried again at every training: only when there is half as much again to learn."""

import json
from math import floor
from pathlib import Path

from game.artifacts.files import keep_file
from game.training.teaching import Teaching
from game.training.transfer import OUTGROWN, key_of

# To be raised whenever layers are taught, or compared with frozen ones, otherwise (teaching.py, tune.py, lectures.py,
# augment.py, head.py): what an older program tried in vain a newer one tries again. The eye's key tells of all else.
TEACHING = 1


def remember(teaching: Teaching, found: str) -> None:
    """`found` says how it did beside frozen layers."""
    kept = {"n": len(teaching.course.lessons.image), "found": found}
    keep_file(_file(teaching), json.dumps(kept, ensure_ascii=False).encode())


def in_vain(teaching: Teaching) -> str | None:
    """Why the way is not gone again; None if it never was, or not on as much."""
    try:
        kept = json.loads(_file(teaching).read_text(encoding="utf-8"))
        n, found = int(kept["n"]), str(kept["found"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    again = floor(OUTGROWN * n) + 1
    if len(teaching.course.lessons.image) >= again:
        return None
    return f"not tried again: with {n:,} subjects {found}; from {again:,} subjects on it is"


def _file(teaching: Teaching) -> Path:
    course, frozen = teaching.course, teaching.frozen
    what = f"{teaching.way}-{frozen.backbone.name}-{frozen.eye.key}"
    return course.cache / "in_vain" / f"{what}-{key_of(course.dataset, course.seed, TEACHING)}.json"
