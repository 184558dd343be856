"""levels/README.md explains every key, column and default that the reader knows."""

import re

import pytest

from game.levels import GoldUse
from game.levels.files import GOLD_COLUMNS, POINT_COLUMNS, SUBJECT_COLUMNS
from game.levels.keys import KEYS
from tests.levels.folders import LEVELS


@pytest.mark.parametrize("table", sorted(KEYS))
def test_every_key_is_explained_in_the_readme(table: str) -> None:
    readme = (LEVELS / "README.md").read_text(encoding="utf-8")
    sections = re.split(r"\n#{2,3} ", readme)
    section = next(part for part in sections if part.startswith((table, f"`[{table}]", f"`[[{table}]")))
    assert [key.name for key in KEYS[table] if f"`{key.name}`" not in section] == []


@pytest.mark.parametrize("table", sorted(KEYS))
def test_the_readme_states_every_default_that_is_a_number(table: str) -> None:
    readme = (LEVELS / "README.md").read_text(encoding="utf-8")
    for key in KEYS[table]:
        if isinstance(key.default, int | float) and key.default:
            row = next(line for line in readme.splitlines() if line.startswith(f"| `{key.name}`"))
            assert f"; {key.default}" in row


@pytest.mark.parametrize("column", sorted({*GOLD_COLUMNS, *POINT_COLUMNS, *SUBJECT_COLUMNS, *GoldUse}))
def test_every_column_and_use_of_gold_is_explained_in_the_readme(column: str) -> None:
    section = (LEVELS / "README.md").read_text(encoding="utf-8").split("## gold.csv")[1]
    assert re.search(rf"\b{column}\b", section)
