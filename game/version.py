"""Which version of the code wrote a row or a file."""

from importlib import metadata

CODE_VERSION = metadata.version("fathom")
