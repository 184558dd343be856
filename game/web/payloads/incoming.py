"""What comes in, one type a message, with its parser beside it. Unknown fields are refused, not ignored."""

from typing import Annotated, Any, Literal, TypeVar, cast

from flask_openapi3.models.file import FileStorage
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema
from werkzeug.datastructures import FileStorage as Upload

from game.errors import InvalidInput
from game.play.classify import MAX_SHOWN_MS, Answer
from game.store.tables.play import Abstention
from game.web.errors import validation_message


def _whole(given: Any) -> Any:
    """JSON has one kind of number: 900.0 is as whole as 900."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


def _digits(given: Any) -> Any:
    """A form knows nothing but text."""
    return int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else given


def _is_file(given: Any) -> Any:
    if not isinstance(given, Upload):
        raise ValueError("Send the picture as a file")
    return given


MAX_SIDE_PX = 65_535

M = TypeVar("M", bound=BaseModel)

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,64}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
ChoiceCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]
Pixel = Annotated[int, Field(ge=0, le=MAX_SIDE_PX), BeforeValidator(_digits)]
Picture = Annotated[FileStorage, BeforeValidator(_is_file)]
LevelKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]


class Incoming(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


# The document's own maker reads this key; pydantic does not know it.
_MAY_BE_ABSENT = cast(ConfigDict, {"openapi_extra": {"required": False}})


class ProjectPath(Incoming):
    slug: Slug


class PredictionPath(Incoming):
    slug: Slug
    prediction: Code


class RoundPath(Incoming):
    round: Code


class LeaderboardQuery(Incoming):
    period: Literal["week", "all"] = "week"


class GuestWanted(Incoming):
    """Nothing at all: a guest says nothing about herself."""

    model_config = _MAY_BE_ABSENT


class RoundWanted(Incoming):
    """Without a level: the highest that is open."""

    model_config = _MAY_BE_ABSENT

    level: LevelKey | None = None


class PictureSent(Incoming):
    """A form with a picture: JPEG, PNG or WebP. `row` and `column` name the point, in stored pixels from the top left;
    without them the model looks at the middle, or at all of it where it judges whole pictures."""

    picture: Picture
    row: Pixel | SkipJsonSchema[None] = None
    column: Pixel | SkipJsonSchema[None] = None


_EITHER: JsonDict = {
    "oneOf": [
        {
            "required": ["label"],
            "properties": {"label": {"type": "string"}, "abstention": {"type": "null"}},
        },
        {
            "required": ["abstention"],
            "properties": {"abstention": {"type": "string"}, "label": {"type": "null"}},
        },
    ]
}


class AnswerGiven(Incoming):
    """`id` is made by the sender and names the answer: sent again, it is kept once. `label` is a choice's code."""

    model_config = ConfigDict(json_schema_extra=_EITHER)

    id: Key
    subject: Code
    label: ChoiceCode | None = None
    abstention: Literal["cant_tell", "bad_image"] | None = None
    shown_ms: Annotated[int, Field(ge=0, le=MAX_SHOWN_MS), BeforeValidator(_whole)]

    @model_validator(mode="after")
    def _one_of_both(self) -> "AnswerGiven":
        if (self.label is None) == (self.abstention is None):
            raise ValueError("An answer has either a label or an abstention")
        return self


class SocketAnswer(AnswerGiven):
    round: Code


class SocketRoundWanted(RoundWanted):
    project: Slug


def parse_answer(given: AnswerGiven) -> Answer:
    abstention = None if given.abstention is None else Abstention(given.abstention)
    return Answer(given.id, given.subject, given.label, abstention, given.shown_ms)


def parse_socket_answer(message: object) -> tuple[str, Answer]:
    """The round's code, and the answer. Raises InvalidInput."""
    given = _socket_message(SocketAnswer, message)
    return given.round, parse_answer(given)


def parse_socket_round(message: object) -> tuple[str, str | None]:
    """The project's slug, and the level's key. Raises InvalidInput."""
    given = _socket_message(SocketRoundWanted, message)
    return given.project, given.level


def _socket_message(kind: type[M], message: object) -> M:
    try:
        return kind.model_validate(message)
    except ValidationError as error:
        raise InvalidInput(validation_message(error)) from None
