"""The keys that project.toml may hold, and what is said about a key that does not fit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from game.levels.project import ChoiceSet, SubjectKind


class Kind(StrEnum):
    TEXT = "text in quotes"
    NUMBER = "a number"
    WHOLE = "a whole number"
    TEXTS = 'a list of texts such as ["one", "two"]'
    REASONS = 'a table of texts such as { Off = "the frame" }'
    TABLE = "a table, opened by a line such as [subjects]"
    TABLES = "a list of tables, each opened by a line such as [[labels]]"


@dataclass(frozen=True)
class Key:
    """`low` and `high` bound numbers, both inclusive. A key without a default is required."""

    name: str
    kind: Kind = Kind.TEXT
    default: Any = field(default=None, kw_only=True)
    required: bool = field(default=False, kw_only=True)
    low: float = field(default=0, kw_only=True)
    high: float = field(default=1, kw_only=True)
    one_of: tuple[str, ...] = field(default=(), kw_only=True)


def _required(name: str, kind: Kind = Kind.TEXT, one_of: tuple[str, ...] = ()) -> Key:
    return Key(name, kind, required=True, one_of=one_of)


TOP = "project.toml"
KEYS: Mapping[str, tuple[Key, ...]] = {
    TOP: (
        _required("slug"),
        _required("uuid"),
        _required("title"),
        _required("summary"),
        _required("science"),
        _required("licence"),
        _required("credit"),
        _required("cite"),
        _required("subjects", Kind.TABLE),
        _required("labels", Kind.TABLES),
        _required("levels", Kind.TABLES),
        Key("groups", Kind.TABLES, default=[]),
        Key("retrain_after_days", Kind.WHOLE, default=30, low=0, high=3650),
        Key("retirement", Kind.TABLE, default={}),
        Key("import", Kind.TABLE, default={}),
    ),
    "subjects": (
        _required("kind", one_of=tuple(SubjectKind)),
        Key("patch_px", Kind.WHOLE, default=0, low=0, high=2000),
        Key("package"),
        Key("package_folder", default="."),
    ),
    "labels": (
        _required("code"),
        _required("name"),
        _required("colour"),
        Key("group"),
        Key("aliases", Kind.TEXTS, default=[]),
    ),
    "groups": (_required("code"), _required("name"), _required("colour")),
    "levels": (
        _required("key"),
        _required("title"),
        _required("summary"),
        _required("choices", one_of=tuple(ChoiceSet)),
        Key("opens_after"),
        Key("round_size", Kind.WHOLE, default=10, low=1, high=50),
        Key("gold_floor", Kind.NUMBER, default=0.08, low=0, high=0.5),
        Key("recall", Kind.NUMBER, default=0.7, low=0, high=0.99),
        Key("n_gold", Kind.WHOLE, default=10, low=0, high=1000),
    ),
    "retirement": (
        Key("confidence", Kind.NUMBER, low=0.5, high=0.999),
        Key("minimum", Kind.WHOLE, low=1, high=100),
        Key("maximum", Kind.WHOLE, low=1, high=1000),
        Key("bad_image", Kind.WHOLE, low=1, high=100),
        Key("minimum_with_model", Kind.WHOLE, low=2, high=100),
        Key("machine_accepts_at", Kind.NUMBER, low=0.9, high=0.999),
    ),
    "import": (
        Key("file", default="file"),
        Key("label", default="label"),
        Key("refused", Kind.REASONS, default={}),
        Key("photograph"),
        Key("site"),
    ),
}


def key_findings(document: Mapping[str, Any]) -> list[str]:
    """A sentence for every key of project.toml that is missing, unknown, of another kind or out of bounds."""
    findings = table_findings(TOP, document, KEYS[TOP])
    for key in KEYS[TOP]:
        given = document.get(key.name)
        if key.kind is Kind.TABLE and isinstance(given, dict):
            findings += table_findings(f"{TOP}, [{key.name}]", given, KEYS[key.name])
        if key.kind is Kind.TABLES and _fits(given, key):
            for number, table in enumerate(given or [], start=1):
                findings += table_findings(f"{TOP}, [[{key.name}]] number {number}", table, KEYS[key.name])
    return findings


def table_findings(place: str, table: Mapping[str, Any], keys: tuple[Key, ...]) -> list[str]:
    known = {key.name: key for key in keys}
    missing = [key for key in keys if key.required and key.name not in table]
    return [
        *(f"{place}: {key.name} is missing; add {_line_for(key)}." for key in missing),
        *(unknown(place, name, list(known)) for name in table if name not in known),
        *(finding for name in table if name in known for finding in _key_finding(place, known[name], table[name])),
    ]


def unknown(place: str, name: str, known: list[str]) -> str:
    return f"{place}: {name!r} is not known here{did_you_mean(name, known)}"


def did_you_mean(given: str, known: list[str]) -> str:
    """The rest of a sentence: the nearest known name, or all of them."""
    by_folded = {name.casefold(): str(name) for name in known}
    near = get_close_matches(given.casefold(), by_folded, n=1)
    if near:
        return f"; did you mean {by_folded[near[0]]!r}?"
    return f"; write one of: {', '.join(known)}." if known else "; leave it out."


def _key_finding(place: str, key: Key, given: object) -> list[str]:
    if not _fits(given, key):
        return [f"{place}: {key.name} = {given!r} should be {key.kind.value}."]
    if isinstance(given, str) and not given.strip():
        return [f"{place}: {key.name} is empty; write some text or leave the line out."]
    if key.one_of and given not in key.one_of:
        return [f"{place}: {key.name} = {given!r} is not known{did_you_mean(str(given), list(key.one_of))}"]
    if isinstance(given, int | float) and not key.low <= given <= key.high:
        return [f"{place}: {key.name} = {given} should lie between {key.low:g} and {key.high:g}."]
    return []


def _fits(given: object, key: Key) -> bool:
    match key.kind:
        case Kind.TEXT:
            return isinstance(given, str)
        case Kind.NUMBER:
            return isinstance(given, int | float) and not isinstance(given, bool)
        case Kind.WHOLE:
            return isinstance(given, int) and not isinstance(given, bool)
        case Kind.TEXTS:
            return isinstance(given, list) and all(isinstance(text, str) for text in given)
        case Kind.REASONS:
            return isinstance(given, dict) and all(isinstance(text, str) for text in given.values())
        case Kind.TABLE:
            return isinstance(given, dict)
        case Kind.TABLES:
            return isinstance(given, list) and all(isinstance(table, dict) for table in given)


def _line_for(key: Key) -> str:
    """What somebody who forgot the key may write."""
    match key.kind:
        case Kind.TABLE:
            return f"a table that begins with the line [{key.name}]"
        case Kind.TABLES:
            return f"tables that begin with the line [[{key.name}]]"
        case _:
            return f"{key.name} = " + (" or ".join(f'"{word}"' for word in key.one_of) or '"…"')
