"""Rules of the house that hold for every file, so that the next person cannot break one unknowingly."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from game.config import ROOT

CODE = ("game", "scoring")
MAX_LINES = 300
MAX_FUNCTION_LINES = 40


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_module_outgrows_three_hundred_lines() -> None:
    files = [path for path in tracked("*.py", "*.js", "*.css") if "migrations/versions" not in str(path)]
    assert [name(path) for path in files if len(path.read_text().splitlines()) > MAX_LINES] == []


def test_no_function_outgrows_forty_lines() -> None:
    long = [
        f"{name(path)}: {node.name}"
        for path in modules(*CODE)
        if "migrations/versions" not in str(path)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert long == []


def test_nothing_is_kept_as_a_pickle_and_none_is_trusted() -> None:
    """Who reads one runs whatever is in it. torchvision's own weights are read as tensors and nothing else."""
    writes = re.compile(r"pickle\.|import pickle|joblib|torch\.save|allow_pickle=True|weights_only=False")
    reads = re.compile(r"torch\.load\((?!.*weights_only=True)|np\.load\((?!.*allow_pickle=False)")
    found = [
        f"{name(path)}: {line.strip()}"
        for path in modules(*CODE)
        for line in path.read_text().splitlines()
        if writes.search(line) or reads.search(line)
    ]
    assert found == []


def test_every_module_says_what_lives_there() -> None:
    silent = [
        name(path)
        for path in modules(*CODE)
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_one_place_commits() -> None:
    found = [name(path) for path in modules("game") if re.search(r"\.commit\(\)|session\.begin\(\)", path.read_text())]
    assert found == ["game/store/engine.py"]


def test_only_the_store_imports_sqlalchemy() -> None:
    outside = [
        name(path)
        for path in modules(*CODE)
        if "game/store" not in str(path)
        and re.search(r"^\s*(from|import) (sqlalchemy|alembic)", path.read_text(), re.M)
    ]
    assert outside == []


def test_only_training_imports_torch() -> None:
    outside = [
        name(path)
        for path in modules(*CODE)
        if "game/training" not in str(path)
        and re.search(r"^\s*(from|import) (torch|torchvision)", path.read_text(), re.M)
    ]
    assert outside == []


def test_the_web_never_reads_the_truth() -> None:
    """Only play and science know the table of expert labels; a door that needs it asks a use case."""
    readers = [
        name(path)
        for path in modules("game/web")
        if re.search(r"ExpertLabel|expert_label|\.gold\b|GoldUse", path.read_text())
    ]
    assert readers == []


def test_nothing_below_the_doors_reads_the_clock_or_the_environment() -> None:
    """What varies is passed in: play, scoring, store and levels are functions of their arguments."""
    forbidden = re.compile(r"datetime\.now|time\.time\(|os\.environ|default_rng\(\)|Random\(\)|utcnow")
    below = modules("game/play", "game/store", "game/levels", "scoring")
    assert [name(path) for path in below if forbidden.search(path.read_text())] == []


@pytest.mark.parametrize("word", ["Manager", "Helper", "Utils", "BaseClass"])
def test_no_class_has_a_name_that_says_nothing(word: str) -> None:
    found = [name(path) for path in modules(*CODE) if re.search(rf"^class \w*{word}\b", path.read_text(), re.M)]
    assert found == []


def test_no_script_writes_markup() -> None:
    found = [
        name(path)
        for path in tracked("static/*.js")
        if re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", path.read_text())
    ]
    assert found == []


def test_no_page_names_another_origin() -> None:
    """Links in words are fine; what a browser would load by itself is not."""
    loading = re.compile(
        r"""(?:src|srcset|action|poster)=["'](?:https?:)?//|<link[^>]+href=["'](?:https?:)?//|@import|url\(["']?https?:"""
    )
    pages = tracked("templates/*", "static/*.css", "static/*.js")
    assert [name(path) for path in pages if loading.search(path.read_text())] == []


def test_no_test_is_skipped_or_patched() -> None:
    forbidden = re.compile(
        r"pytest\.skip|mark\.skip|mark\.xfail|importorskip|mock\.patch|monkeypatch\.setattr|from unittest"
    )
    here = Path(__file__)
    assert [name(path) for path in modules("tests") if path != here and forbidden.search(path.read_text())] == []
