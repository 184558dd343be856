"""Any number of ids or codes as one parameter: a statement's text, and what is prepared for it, stays the same."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, String, Text, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine


class Listed(TypeDecorator[Sequence[Any]]):
    """An array where the database has them, else JSON."""

    impl = Text
    cache_ok = True

    def __init__(self, of: type[BigInteger] | type[String] = BigInteger) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(self.of()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        values = list(value or ())
        return values if dialect.name == "postgresql" else json.dumps(values)


class among(FunctionElement[bool]):  # noqa: N801
    """`among(column, bindparam(name, type_=Listed()))`: whether the column's value is one of those listed."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> "among":
        """SQLite has no booleans, and SQLAlchemy would compare this with 1, which no index understands."""
        return self


@compiles(among, "sqlite")
def _of_json(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(among, "postgresql")
def _of_array(element: among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} = ANY({values})"


def over_listed(written: str) -> dict[str, TextClause]:
    """Dialect → a statement with {listed} in place of the parameter `ids` as rows: `listed.value`."""
    rows = {"sqlite": "json_each(:ids) AS listed", "postgresql": "unnest(:ids) AS listed(value)"}
    ids = bindparam("ids", type_=Listed())
    return {name: text(written.format(listed=listed)).bindparams(ids) for name, listed in rows.items()}
