"""Migrations run while people play: they only add, so that processes of the version before go on."""

import ast
import re
from collections.abc import Iterator

import pytest

from game.config import ROOT

# Those of before this rule ran with every process stopped.
FIRST_UNDER_THE_RULE = "0005"
VERSIONS = [
    path
    for path in sorted((ROOT / "game/store/migrations/versions").glob("0*.py"))
    if path.name >= FIRST_UNDER_THE_RULE
]
# Without an index that another one stands in for, every process finds what it found before.
ADDING = {
    "get_context",
    "create_table",
    "create_index",
    "drop_index",
    "add_column",
    "batch_alter_table",
    "execute",
    "bulk_insert",
}
DOORS = ("op", "table")


def faults(source: str) -> Iterator[str]:
    upgrade = next(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    assert upgrade.name == "upgrade"
    for call in (node for node in ast.walk(upgrade) if isinstance(node, ast.Call)):
        if not (isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)):
            continue
        if call.func.value.id not in DOORS:
            continue
        said = ast.unparse(call)
        if call.func.attr not in ADDING:
            yield f"{said} does more than add."
        if call.func.attr == "add_column" and "nullable=True" not in said and "server_default" not in said:
            yield f"{said}: rows of the version before have no value for it."
        if call.func.attr == "execute" and re.search(r"\b(drop|alter|rename|truncate|delete)\b", said, re.I):
            yield f"{said} does more than add."


def test_migrations_only_add() -> None:
    assert {path.name: found for path in VERSIONS if (found := list(faults(path.read_text())))} == {}


@pytest.mark.parametrize(
    "line",
    [
        "op.drop_table('jobs')",
        "table.alter_column('points', new_column_name='score')",
        "table.drop_column('points')",
        "op.add_column('jobs', sa.Column('more', sa.Integer(), nullable=False))",
        "op.execute('ALTER TABLE jobs DROP COLUMN points')",
    ],
)
def test_what_does_more_is_found(line: str) -> None:
    assert len(list(faults(f"def upgrade():\n    {line}\n"))) == 1


def test_what_adds_is_let_through() -> None:
    lines = [
        "op.create_table('more', sa.Column('id', KEY, nullable=False))",
        "op.add_column('jobs', sa.Column('more', sa.Integer(), nullable=True))",
        "op.add_column('jobs', sa.Column('most', sa.Integer(), nullable=False, server_default='0'))",
    ]
    assert list(faults("def upgrade():\n" + "".join(f"    {line}\n" for line in lines))) == []
