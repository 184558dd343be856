"""Tables of annotations: what each row asks for, or in words why it is refused."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path, PurePosixPath

from game.errors import InvalidInput
from game.levels import Project

MAX_NAME_BYTES = 255
# Programs that know only floating numbers write 12.0 for 12.
_PIXELS = re.compile(r"([0-9]{1,9})(\.0*)?")

# What a subject is of: (file, row, column); row and column are None for a whole image.
Spot = tuple[str, int | None, int | None]


@dataclass(frozen=True)
class Refused:
    line: int
    reason: str


@dataclass(frozen=True)
class Annotation:
    """`label` is an index 0…K-1, None where the row names none; `photograph` what the picture was cut out of."""

    line: int
    spot: Spot
    label: int | None
    photograph: str | None = None
    site: str | None = None

    @property
    def whole(self) -> str:
        """What is held out together, if anything of it is."""
        return self.photograph or self.spot[0]


@dataclass(frozen=True)
class Columns:
    """The headings of a table; `row` and `column` are None where subjects are whole images."""

    file: str
    label: str
    row: str | None = None
    column: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in (self.file, self.row, self.column, self.label) if name is not None)


@dataclass(frozen=True)
class Annotations:
    taken: tuple[Annotation, ...]
    refused: tuple[Refused, ...]


CORALNET = Columns("Name", "Label", "Row", "Column")
# A table that has these says it for itself; of others the project's expressions read the pictures' names.
PHOTOGRAPH, SITE = "photograph", "site"


def read_annotations(project: Project, path: Path, columns: Columns) -> Annotations:
    """Raises InvalidInput if the file is no CSV table with these columns; further ones are passed over, but
    PHOTOGRAPH and SITE."""
    judged = [_judged(project, columns, line, cells) for line, cells in _rows(path, columns.names, (PHOTOGRAPH, SITE))]
    refused = [row for row in judged if isinstance(row, Refused)]
    taken = [row for row in judged if isinstance(row, Annotation)]
    contradicting = _contradictions(taken)
    lines = {row.line for row in contradicting}
    return Annotations(tuple(row for row in taken if row.line not in lines), (*refused, *contradicting))


def _judged(project: Project, columns: Columns, line: int, cells: Mapping[str, str]) -> Annotation | Refused:
    file, label = cells[columns.file], cells[columns.label]
    reason = _fault_of_name(file) or _fault_of_label(project, label) or _fault_of_whence(cells)
    if reason is not None:
        return Refused(line, reason)
    index = project.label_index(label) if label else None
    whence = _whence(project, file, cells)
    if columns.row is None or columns.column is None:
        return Annotation(line, (file, None, None), index, *whence)
    pixels = [_PIXELS.fullmatch(cells[name]) for name in (columns.row, columns.column)]
    if pixels[0] is None or pixels[1] is None:
        wrong = columns.row if pixels[0] is None else columns.column
        return Refused(line, f"{wrong} is “{cells[wrong]}”: it must be a whole number of pixels from the top left.")
    return Annotation(line, (file, int(pixels[0][1]), int(pixels[1][1])), index, *whence)


def annotation_of_package(project: Project, line: int, file: str) -> Annotation:
    return Annotation(line, (file, None, None), None, *_whence(project, file, {}))


def _whence(project: Project, file: str, cells: Mapping[str, str]) -> tuple[str | None, str | None]:
    """The photograph and the site, as far as they are known."""
    told = cells.get(PHOTOGRAPH), cells.get(SITE)
    return told[0] or project.imports.photograph_of(file), told[1] or project.imports.site_of(file)


def _fault_of_name(file: str) -> str | None:
    if not file:
        return "No picture is named."
    if len(file.encode()) > MAX_NAME_BYTES or "\0" in file:
        return f"The picture's name is longer than {MAX_NAME_BYTES} bytes or holds a character that no file can have."
    if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
        return f"“{file}” lies outside the folder of pictures."
    return None


def _fault_of_whence(cells: Mapping[str, str]) -> str | None:
    for column in (PHOTOGRAPH, SITE):
        if len(cells.get(column, "").encode()) > MAX_NAME_BYTES or "\0" in cells.get(column, ""):
            return f"The {column} is longer than {MAX_NAME_BYTES} bytes or holds a character that no name can have."
    return None


def _fault_of_label(project: Project, label: str) -> str | None:
    for refused, why in project.imports.refused.items():
        if refused.casefold() == label.casefold():
            return f"“{label}” is refused: {why}."
    if label and project.label_index(label) is None:
        return f"The project has no label “{label}”."
    return None


def _contradictions(taken: Iterable[Annotation]) -> list[Refused]:
    """Rows that give the same spot different labels: nobody knows which one is right, so none is taken."""
    at: dict[Spot, list[Annotation]] = {}
    for row in taken:
        at.setdefault(row.spot, []).append(row)
    return [
        Refused(row.line, f"Lines {_listed(same)} give the same place different labels.")
        for same in at.values()
        if len({row.label for row in same if row.label is not None}) > 1
        for row in same
    ]


def _listed(same: list[Annotation]) -> str:
    *first, last = (str(row.line) for row in same)
    return f"{', '.join(first)} and {last}"


def _rows(path: Path, names: tuple[str, ...], welcome: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by the wanted names, and by those `welcome` ones that are there), stripped; headings match in any
    case."""
    reader = csv.reader(StringIO(_text(path), newline=""))
    try:
        heading = [cell.strip().casefold() for cell in next(reader, [])]
        missing = [name for name in names if name.casefold() not in heading]
        if missing:
            raise InvalidInput(
                f"{path.name}, line 1: the heading should name {', '.join(names)}; {', '.join(missing)} is missing."
            )
        present = (*names, *(name for name in welcome if name in heading and name not in names))
        place = {name: heading.index(name.casefold()) for name in present}
        for cells in reader:
            if any(cell.strip() for cell in cells):
                padded = [*cells, *[""] * (len(heading) - len(cells))]
                yield reader.line_num, {name: padded[at].strip() for name, at in place.items()}
    except csv.Error as problem:
        raise InvalidInput(f"{path.name}, line {reader.line_num}, is no CSV: {problem}.") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise InvalidInput(f"{path} cannot be read: {problem.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path.name} is not UTF-8 text; save it as UTF-8.") from None
