"""Every table, by domain: people, subjects, play, beliefs, publications."""

from game.store.columns import Table
from game.store.tables.beliefs import (
    Aggregate,
    AnswerCount,
    Consensus,
    Opening,
    OpeningCount,
    Prediction,
    Reliability,
)
from game.store.tables.people import Token, Volunteer
from game.store.tables.play import (
    Classification,
    Round,
    RoundSubject,
    Standing,
    TutorialSeen,
    Unlock,
    Withdrawal,
)
from game.store.tables.publications import Decision, Job, Model, Release
from game.store.tables.subjects import ExpertLabel, Image, Project, Subject

__all__ = [
    "Aggregate", "AnswerCount", "Classification", "Consensus", "Decision", "ExpertLabel", "Image", "Job", "Model",
    "Opening", "OpeningCount", "Prediction", "Project", "Release", "Reliability", "Round", "RoundSubject", "Standing",
    "Subject", "Table", "Token", "TutorialSeen", "Unlock", "Volunteer", "Withdrawal",
]  # fmt: skip
