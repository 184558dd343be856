"""How much of a model is taught anew: words that command line, trainer and metrics.json share."""

from enum import StrEnum


class Way(StrEnum):
    """From nothing to everything taught anew; AUTO tries them and takes what is better by more than chance."""

    AUTO = "auto"
    DIRECT = "direct"
    FROZEN = "frozen"
    LAST_BLOCK = "last-block"
    ALL = "all"
