"""The column types that tables share."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, Integer, String
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import JSON, TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware UTC time, kept as milliseconds since 1970 so that both databases order and compare it alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // timedelta(milliseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(milliseconds=value)


class Table(DeclarativeBase):
    type_annotation_map: ClassVar = {datetime: Instant, list[Any]: JSON, dict[str, Any]: JSON}


# SQLite numbers rows by itself only where the key is its own INTEGER type.
BigKey = BigInteger().with_variant(Integer(), "sqlite")

Id = Annotated[int, mapped_column(BigKey, primary_key=True)]
Code = Annotated[str, mapped_column(String(32), unique=True)]
Short = Annotated[str, mapped_column(String(64))]
ProjectId = Annotated[int, mapped_column(ForeignKey("projects.id"))]
SubjectId = Annotated[int, mapped_column(ForeignKey("subjects.id"))]
VolunteerId = Annotated[int, mapped_column(ForeignKey("volunteers.id"))]
RoundId = Annotated[int, mapped_column(ForeignKey("rounds.id"))]
