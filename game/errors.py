"""The one error tree. The text of each error is a sentence that may be shown to anyone."""


class FathomError(Exception):
    """A request that cannot be granted; nothing was changed.

    `text` is a sentence with %(name)s where a value stands, so that it can be translated before the values are put in.
    """

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text % values if values else text)
        self.text = text
        self.values = values


class InvalidInput(FathomError):
    """What was sent cannot be understood or is out of range."""


class NotFound(FathomError):
    """What was asked for does not exist, or is not the asker's to see."""


class NotAllowed(FathomError):
    """The asker is known and may not do this."""


class NotLoggedIn(FathomError):
    """This needs a volunteer, and the request names none."""


class Conflict(FathomError):
    """The request contradicts what is already kept."""


class TooMany(FathomError):
    """Too many requests in too short a time."""


class Unavailable(FathomError):
    """What is kept cannot be reached or written at this moment; the same may be tried again."""


class LevelError(FathomError):
    """A file under levels/ is wrong; the text names the file and the mend."""


class ArtifactError(FathomError):
    """A release or model folder is incomplete, damaged or of another format."""


class TrainingError(FathomError):
    """The trainer cannot work with what it was given."""
