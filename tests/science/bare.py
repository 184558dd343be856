"""Files of answers as people send them, for tests of what reads them."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from game.science.bare.reading import Crowd, Wishes, read_crowd

EXPORT = (
    "classification_id,user_name,user_id,user_ip,workflow_id,workflow_name,workflow_version,created_at,gold_standard,"
    "expert,metadata,annotations,subject_data,subject_ids"
).split(",")
SMALL = "task,worker,label\n1,ann,cat\n1,bob,dog\n2,ann,dog\n2,bob,dog\n"


def written(folder: Path, text: str, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def read(path: Path, wishes: Wishes | None = None) -> Crowd:
    return read_crowd(path, wishes or Wishes(), lambda share, text: None)


def said(crowd: Crowd) -> list[tuple[str, str, str]]:
    """(subject, volunteer, label) of every answer, by their names."""
    answers = crowd.answers
    return [
        (crowd.subjects[subject], crowd.volunteers[volunteer], crowd.labels[choice])
        for subject, volunteer, choice in zip(answers.subject, answers.volunteer, answers.choice, strict=True)
    ]


def annotation(task: str, value: Any) -> dict[str, Any]:
    return {"task": task, "task_label": "What is it?", "value": value}


def classification(subject: str, user: str, *annotations: dict[str, Any], **other: str) -> dict[str, str]:
    """One row of a Zooniverse export."""
    metadata = {"started_at": "2024-05-31T17:58:21.000Z", "finished_at": "2024-05-31T17:58:24.500Z"}
    row = dict.fromkeys(EXPORT, "") | {"workflow_id": "7", "user_name": user, "subject_ids": subject}
    return row | {"metadata": json.dumps(metadata), "annotations": json.dumps(annotations)} | other


def export(folder: Path, rows: Iterable[dict[str, str]], headings: Sequence[str] = EXPORT) -> Path:
    path = folder / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, headings)
        writer.writeheader()
        writer.writerows(rows)
    return path
