"""What a volunteer may see of herself, and anyone of a project: all of it from completed rounds."""

from dataclasses import dataclass
from datetime import datetime

from game.levels import Choice, Level, Project
from game.play.belief import in_force
from game.play.gold import choice_counts_of, judged_choices, label_counts_of
from game.play.rounds import ShownRound, open_levels
from game.play.standings import Leaderboard, Period, leaderboard, points_of
from game.play.told import Told, tell
from game.store import Session, beliefs, counts, rounds, subjects
from scoring import confusion, unlocking


@dataclass(frozen=True)
class Recall:
    """How often a choice is recognised on gold, with its interval, all in [0, 1]; `n` gold answers."""

    choice: Choice
    share: float | None
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class LevelFigures:
    """`needed` is the lower bound that every choice must reach; `holding_back` is the choice furthest from it."""

    level: Level
    recalls: tuple[Recall, ...]
    n_gold: int
    needed: float
    holding_back: Choice | None


@dataclass(frozen=True)
class Summary:
    """A completed round."""

    points: int
    n_labels: int
    n_abstentions: int
    total_points: int
    figures: LevelFigures
    opened: tuple[Level, ...]
    standings: Leaderboard
    told: tuple[Told, ...]


@dataclass(frozen=True)
class Progress:
    """`n_retired` of `n_subjects` have their consensus; gold is in neither."""

    n_subjects: int
    n_retired: int
    n_classifications: int
    n_volunteers: int


@dataclass(frozen=True)
class OwnFigures:
    """A volunteer's own figures in one project. `reliability` in [0, 1]; None before her first completed round."""

    project: Project
    points: int
    n_rounds: int
    reliability: float | None
    open_levels: tuple[Level, ...]


def level_figures(session: Session, project: Project, volunteer_id: int, level: Level) -> LevelFigures:
    row = subjects.project_row(session, project.slug)
    project_id = 0 if row is None else row.id
    gold_counts = choice_counts_of(session, volunteer_id, project_id, level)
    low, high = confusion.recall_bounds(gold_counts, unlocking.Z)
    recalls = []
    for place, choice in enumerate(level.choices):
        n = int(gold_counts[place].sum())
        share = float(gold_counts[place, place]) / n if n else None
        recalls.append(Recall(choice, share, float(low[place]), float(high[place]), n))
    judged = judged_choices(session, project_id, level)
    holding = unlocking.holding_back(gold_counts, unlocking.UnlockRule(level.recall, level.n_gold), judged)
    return LevelFigures(
        level,
        tuple(recalls),
        int(gold_counts.sum()),
        level.recall,
        None if holding is None else level.choices[holding],
    )


def round_summary(session: Session, shown: ShownRound, volunteer_id: int, now: datetime) -> Summary | None:
    """None while the round is not complete."""
    found = rounds.round_by_code(session, shown.code)
    if found is None or found[0].completed_at is None:
        return None
    row = found[0]
    answers = rounds.answers_of_round(session, row.id).values()
    n_labels = sum(answer.choice is not None for answer in answers)
    opened = rounds.unlocked_since(session, volunteer_id, row.project_id, row.started_at)
    return Summary(
        points=row.points or 0,
        n_labels=n_labels,
        n_abstentions=len(answers) - n_labels,
        total_points=points_of(session, shown.project, volunteer_id),
        figures=level_figures(session, shown.project, volunteer_id, shown.level),
        opened=tuple(level for level in shown.project.levels if level.key in opened),
        standings=leaderboard(session, shown.project, Period.WEEK, volunteer_id, now),
        told=tell(session, shown.project, shown.level, row),
    )


def project_progress(session: Session, project: Project) -> Progress:
    row = subjects.project_row(session, project.slug)
    if row is None:
        return Progress(0, 0, 0, 0)
    n, n_retired = counts.settled(session, row.id, project.choice_sets[-1])
    answered = counts.answered(session, row.id)
    return Progress(n, n_retired, answered.n_classifications, answered.n_volunteers)


def own_figures(session: Session, project: Project, volunteer_id: int) -> OwnFigures:
    row = subjects.project_row(session, project.slug)
    opened = tuple(open_levels(session, project, volunteer_id))
    if row is None:
        return OwnFigures(project, 0, 0, None, opened)
    points = beliefs.points_of_volunteer(session, volunteer_id, row.id)
    n_rounds = rounds.n_completed(session, volunteer_id, row.id)
    return OwnFigures(project, points, n_rounds, _reliability(session, project, row.id, volunteer_id), opened)


def _reliability(session: Session, project: Project, project_id: int, volunteer_id: int) -> float | None:
    """From her gold in completed rounds, not from the last aggregation, which knows answers of the round at hand."""
    pooled = in_force(session, project, project_id).pooled
    of_gold = label_counts_of(session, project, volunteer_id, project_id, pooled)
    return confusion.reliability(confusion.empirical_bayes(of_gold, pooled)) if of_gold.any() else None
