"""The CSV files of a release: one description of each column writes both the file and its entry in dictionary.md."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import compress
from pathlib import Path
from typing import Any, NamedTuple

from game.levels import Project, SubjectKind
from scoring.arrays import Masks

# Name → what stands in it, row after row.
Columns = Mapping[str, Sequence[Any]]

_AS_THEY_ARE = {str, int, type(None)}
_NUMBERS = {float, type(None)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sheet:
    """`columns`: name → meaning, in their order. Where `complete_only`, the public edition must not have it."""

    file: str
    meaning: str
    columns: Mapping[str, str]
    complete_only: bool = False

    def lines(self, columns: Columns) -> list[str]:
        """Of rows as columns of equal length. Raises ValueError for other columns than the sheet's: that is our own
        mistake."""
        if columns.keys() != self.columns.keys():
            raise ValueError(f"{self.file}: {sorted(columns.keys() ^ self.columns.keys())}")
        return _lines(zip(*(_cells(columns[name]) for name in self.columns), strict=True))


def sheets(project: Project) -> tuple[Sheet, ...]:
    points = project.subject_kind is SubjectKind.POINT
    found = (_consensus(project), CLASSIFICATIONS, VOLUNTEERS, CONFUSION, SUBJECTS, GOLD, MACHINE)
    return (*found, CORALNET) if points else found


class OpenSheet:
    """A file that rows are added to; `n_rows` counts them. It is closed by whoever uses it as a context."""

    def __init__(self, folder: Path, sheet: Sheet) -> None:
        self.sheet, self.n_rows = sheet, 0
        self._file = (folder / sheet.file).open("w", encoding="utf-8", newline="")
        self._file.writelines(_lines([sheet.columns]))

    def __enter__(self) -> "OpenSheet":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, lines: Sequence[str], shown: Masks | None = None) -> None:
        """The sheet's own lines, or those of them that are `shown`."""
        self._file.write("".join(lines if shown is None else compress(lines, shown.tolist())))
        self.n_rows += len(lines) if shown is None else int(shown.sum())


def dictionary(project: Project, files: Iterable[Sheet]) -> str:
    """Markdown: what every column of every file means, and how a label follows from the files."""
    parts = [_HEAD.format(title=project.title), *(_entry(sheet) for sheet in files), _EXPLANATION]
    return "\n".join(parts)


def milliseconds(at: datetime) -> int:
    """Since 1970-01-01, UTC."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _lines(rows: Iterable[Iterable[Any]]) -> list[str]:
    lines: list[str] = []
    csv.writer(_Lines(lines.append), lineterminator="\n").writerows(rows)
    return lines


class _Lines(NamedTuple):
    """What csv takes for a file: it writes a line at a time."""

    write: Callable[[str], object]


def _cells(column: Sequence[Any]) -> Sequence[Any]:
    """Whole columns of one kind are told in one go."""
    kinds = set(map(type, column))
    if kinds <= _AS_THEY_ARE:
        return column
    if kinds <= _NUMBERS:
        return [None if value is None else f"{value:.8g}" for value in column]
    return [_cell(value) for value in column]


def _cell(value: Any) -> Any:
    """None is written as nothing."""
    if isinstance(value, float):
        return f"{value:.8g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


def _entry(sheet: Sheet) -> str:
    lines = [f"| `{name}` | {meaning} |" for name, meaning in sheet.columns.items()]
    return "\n".join([f"## {sheet.file}", "", sheet.meaning, "", "| column | meaning |", "|---|---|", *lines, ""])


_SUBJECT = "the subject's code, the same in every file and in every release"
_PLACE = {
    "subject": _SUBJECT,
    "image": "SHA-256 of the stored image",
    "name": "file name of the image when it was imported",
    "row": "pixels of the stored image from its top, 0-based; empty for a whole image",
    "column": "pixels of the stored image from its left, 0-based; empty for a whole image",
}

CLASSIFICATIONS = Sheet(
    "classifications.csv",
    "One row an answer, in the order in which they were given. Answers that were taken back are left out.",
    {
        "classification": "the answer's code",
        "subject": _SUBJECT,
        "volunteer": "the volunteer's pseudonym",
        "level": "the level at which it was given; its choices were on offer",
        "choice": "code of the label or group that was given; empty for an abstention",
        "abstention": "cant_tell or bad_image; empty for a choice",
        "shown_ms": "how long the subject was shown, in milliseconds, as the browser says",
        "given_ms": "when it was given: milliseconds since 1970-01-01, UTC",
        "gold": "hidden or teaching if the subject was gold, otherwise empty",
        "level_version": "changes whenever what the level offers does",
        "code_version": "version of the code that took the answer",
    },
)
VOLUNTEERS = Sheet(
    "volunteers.csv",
    "One row a volunteer with an answer in this edition. A deleted account keeps its answers under an empty name.",
    {
        "volunteer": "pseudonym",
        "role": "volunteer, educator, scientist or operator",
        "simulated": "yes for a programme that plays, no for a person",
        "n": "answers in this edition, abstentions included",
        "n_gold": "labels given to hidden gold, whose true label experts know; also gold that this edition lacks",
        "reliability": "mean of the diagonal of the confusion matrix, from 0 to 1; empty if no label was ever given",
        "informedness": "the same corrected for chance: 0 is guessing, 1 is no mistake",
        "copies": "number of a group whose answers are too alike to be independent; empty for everybody else",
    },
)
CONFUSION = Sheet(
    "confusion.csv",
    "What each volunteer's answers are worth: her confusion matrix, estimated from all answers of this release.",
    {
        "volunteer": "pseudonym",
        "true": "code of the true label",
        "given": "code of the label given",
        "p": "probability that she gives this label when that one is true; sums to 1 over the labels given",
    },
)
SUBJECTS = Sheet(
    "subjects.csv",
    "One row a subject, whether anybody has judged it or not.",
    {
        **_PLACE,
        "photograph": "what the image was cut out of: it is held out and drawn as a whole; empty if it is the image",
        "site": "where the photograph was taken; empty if nobody said",
    },
    complete_only=True,
)
GOLD = Sheet(
    "gold.csv",
    "Subjects whose true label experts gave and that are gold in the game.",
    {
        "subject": _SUBJECT,
        "label": "code of the experts' label",
        "use": "teaching (explains itself after the answer) or hidden (measures)",
    },
    complete_only=True,
)
MACHINE = Sheet(
    "machine.csv",
    "Machine-accepted: subjects that nobody has judged, named by the public model alone because the project lets it "
    "where it is so sure. They are no consensus; no model is to be trained or judged by them.",
    {
        **_PLACE,
        "label": "code of the label that the model gives",
        "confidence": "that label's probability, as sharp as volunteers and gold bear it out",
        "model": "version of the model",
    },
)
CORALNET = Sheet(
    "coralnet.csv",
    "CoralNet's own form: the experts' label of gold, and the consensus where it is sure enough to retire a subject.",
    {
        "Name": "file name of the image when it was imported",
        "Row": "pixels from the top, 0-based",
        "Column": "pixels from the left, 0-based",
        "Label": "code of the label",
    },
)


def _consensus(project: Project) -> Sheet:
    return Sheet(
        "consensus.csv",
        "One row a subject: what volunteers, weighted by their reliability, believe it to be. The complete edition has "
        "every subject; the public one has those that left play, and teaching gold. Experts' labels are not in it, and "
        "the model has no part in it but in the two columns that say so.",
        {
            **_PLACE,
            "label": "code of the most probable label; empty if nobody gave one",
            "confidence": "that label's calibrated probability",
            **{f"p_{label.code}": f"calibrated probability of {label.name}" for label in project.labels},
            "group": "code of the most probable group of labels; empty in a project without groups",
            "group_confidence": "that group's calibrated probability",
            "label_with_model": "the most probable label if the public model counts as one voice more; empty where it "
            "was not heard",
            "confidence_with_model": "that label's probability; never to be learned from: a model would hear itself",
            "n": "answers that name a label or a group",
            "agreement": "share of these that contain the consensus label",
            "status": "open, retired, machine_accepted (see machine.csv), or gold (which never retires)",
            "reason": "why it retired (confident, contested, bad_image), or the use of gold",
        },
    )


_HEAD = """# Data dictionary: {title}

All files are CSV in UTF-8 with one heading line; an empty cell means that there is nothing to say.
`manifest.json` names every file with its SHA-256, the labels and groups with their codes, and the versions.
"""

_EXPLANATION = """## How a label follows from these files

For a subject take every answer of `classifications.csv` that is no abstention. An answer that names a group stands for
every label in it; one whose code the manifest does not list counts for nothing. An answer's share s is 1; if k
volunteers of one group of copies gave the same answer to the subject, it is 1/k for each of them. With P from
`confusion.csv`, and with the prior and the redundancy ρ that the manifest has under `weights`,

    w(t) = prior(t) · Π over answers of (Σ over labels l in the answer of P(volunteer, true = t, given = l)) ^ s
    m    = Σ over answers of s · max(0, (K · Σ over labels t of P(volunteer, t, t) / K - 1) / (K - 1))
    p(t) ∝ w(t) ^ (1 / (1 + ρ·m))

over the K labels t. This is `p_…` in `consensus.csv`: Dawid and Skene (1979) with smoothed matrices, in which gold has
its experts' label. What makes a picture hard makes it hard for everyone, so m informed answers are worth m / (1 + ρ·m)
independent ones; ρ is fitted on gold, so that a stated probability comes true as often as it says.

The public model has no part in `p_…`: it learns from them. Beside them it counts as one voice more when it is decided
which subjects leave play (`status`), and in the two columns `…_with_model`. With what the manifest has under `model`,
and g the label that it thinks most probable,

    P(t | model) ∝ common(t) · (p(t) / named(t)) ^ sharpness · confusion(t, g) / promised(t, g)

where p(t) is at least .0001: its probabilities as sharp as answers and gold bear them out, common(t) how common labels
are, named(t) how often it names each, and its confusion matrix on hidden gold against the one that such probabilities
promise. Then

    p_with_model(t) ∝ p(t) · (.99 · P(t | model) / common(t) + .01) ^ .7

One subject in twenty, by lot, is judged without it.
"""
