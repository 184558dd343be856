"""The command that needs no database: consensus on a file of answers."""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from game.cli.desk import Progress, shown_progress
from game.errors import InvalidInput
from game.science.bare import sheets, writing
from game.science.bare.beside import no_gold, read_gold, read_predictions
from game.science.bare.explaining import explain, summary
from game.science.bare.features import read_features
from game.science.bare.judging import Judged, Model, judge_crowd, learning, predicting
from game.science.bare.reading import Crowd, Keep, Wishes, read_crowd
from game.science.bare.volunteers import Volunteers, volunteers
from scoring.arrays import Ints

FILE = click.Path(path_type=Path)
SCREEN = Path("-")
PATIENCE_S = 2.0
# The same file gives the same consensus, whenever it is asked.
SEED = 1


@dataclass(frozen=True)
class Asked:
    """The command's options, by their names; `people` is --volunteers."""

    answers: Path
    gold: Path | None
    predictions: Path | None
    features: Path | None
    feature_ids: Path | None
    out: Path | None
    people: Path | None
    explain: str | None
    labels: str | None
    keep: str | None
    zooniverse_task: str | None

    @property
    def read(self) -> list[Path]:
        named = (self.answers, self.gold, self.predictions, self.features, self.feature_ids)
        return [path for path in named if path is not None]

    @property
    def written(self) -> list[Path]:
        return [path for path in (self.out, self.people) if path is not None and path != SCREEN]

    @property
    def on_screen(self) -> bool:
        """Without a place for it the consensus is shown, unless an explanation is."""
        return self.out == SCREEN or (self.out is None and self.explain is None)


@click.command()
@click.argument("answers", type=FILE)
@click.option("--gold", type=FILE, help="Experts' labels: task,label.")
@click.option("--predictions", type=FILE, help="A model's probabilities: task and a column for every label.")
@click.option("--features", type=FILE, help="What a model is to learn from: .npy, row i for task i, or .npz.")
@click.option("--feature-ids", type=FILE, help="Whose the rows of --features are: one id a line.")
@click.option("--out", type=FILE, help="Where the consensus goes, .csv or .parquet; without it, the screen.")
@click.option("--volunteers", "people", type=FILE, help="Where what is known of volunteers goes, .csv or .parquet.")
@click.option("--explain", metavar="SUBJECT", help="Show who said what of this subject, with which weight.")
@click.option("--labels", metavar="A,B,…", help="All labels, in their order; any other is an error.")
@click.option("--keep", type=click.Choice([str(keep) for keep in Keep]), help="Which of repeated answers counts.")
@click.option("--zooniverse-task", metavar="TASK", help="Which question of an export, TASK or WORKFLOW:TASK.")
def consensus(**options: Any) -> None:
    """The consensus on a file of answers, without a database.

    ANSWERS is CSV or Parquet with the columns task,worker,label[,time_ms] or subject,volunteer,label[,time_ms], or a
    Zooniverse classification export.
    """
    asked = Asked(**options)
    _check(asked)
    with shown_progress() as progress:
        judged = _judge(asked, _Patience(progress))
    people = volunteers(judged)
    shown = [explain(judged, asked.explain.strip())] if asked.explain is not None else []
    if asked.on_screen:
        shown.insert(0, writing.text(sheets.consensus_columns(judged)).rstrip("\n"))
    _write(asked, judged, people)
    _say(summary(judged, people))
    _show("\n\n".join(shown))


class _Patience:
    """Progress for those who have waited for a while; the impatient see nothing."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._begun_at = progress, time.monotonic()

    def __call__(self, share: float, text: str) -> None:
        if time.monotonic() - self._begun_at > PATIENCE_S:
            self._progress.show(share, text)


def _check(asked: Asked) -> None:
    if asked.predictions is not None and asked.features is not None:
        raise InvalidInput("Give either --predictions or --features: one model votes.")
    if asked.feature_ids is not None and asked.features is None:
        raise InvalidInput("--feature-ids says whose the rows of --features are, which is not given.")
    writing.check_places(asked.written, asked.read)


def _judge(asked: Asked, progress: _Patience) -> Judged:
    labels = None if asked.labels is None else _labels(asked.labels)
    wishes = Wishes(None if asked.keep is None else Keep(asked.keep), labels, asked.zooniverse_task)
    crowd = read_crowd(asked.answers, wishes, progress)
    _say(crowd.notes)
    gold = no_gold(crowd) if asked.gold is None else read_gold(asked.gold, crowd)
    _say(gold.notes)
    model = _model(asked, crowd, gold.labels)
    progress(1.0, f"read; {len(crowd.answers.subject):,} answers are weighed")
    return judge_crowd(crowd, gold.labels, model)


def _model(asked: Asked, crowd: Crowd, gold: Ints) -> Model | None:
    if asked.predictions is not None:
        predictions = read_predictions(asked.predictions, crowd)
        _say(predictions.notes)
        return predicting(predictions.probabilities, gold)
    if asked.features is not None:
        features = read_features(asked.features, asked.feature_ids, crowd)
        _say(features.notes)
        return learning(features.rows, crowd, np.random.default_rng(SEED))
    return None


def _say(sentences: Iterable[str]) -> None:
    """Beside the screen's table: a pipe gets the table alone."""
    for sentence in sentences:
        click.echo(sentence, err=True)


def _labels(listed: str) -> tuple[str, ...]:
    """Raises InvalidInput for labels that are empty or listed twice."""
    labels = tuple(label.strip() for label in next(csv.reader([listed], skipinitialspace=True), []))
    if not all(labels) or len(set(labels)) < len(labels) or len(labels) < 2:
        raise InvalidInput(f"--labels is “{listed}”; it should list at least two labels, each once: cat,dog.")
    return labels


def _write(asked: Asked, judged: Judged, people: Volunteers) -> None:
    files = {}
    if asked.out is not None and asked.out != SCREEN:
        files[asked.out] = sheets.consensus_columns(judged)
    if asked.people is not None:
        files[asked.people] = sheets.volunteer_columns(judged, people)
    writing.write_all(files)


def _show(text: str) -> None:
    """Whoever reads the screen may stop reading, as `head` does; that is no error."""
    if not text:
        return
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


COMMANDS = (consensus,)
