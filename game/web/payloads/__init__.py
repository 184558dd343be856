"""Every message that crosses the border, as one type each: what comes in has a parser, the rest a maker."""

from game.web.payloads.consensus import Consensus
from game.web.payloads.incoming import (
    AnswerGiven,
    GuestWanted,
    LeaderboardQuery,
    PictureSent,
    PredictionPath,
    ProjectPath,
    RoundPath,
    RoundWanted,
    parse_answer,
    parse_socket_answer,
    parse_socket_round,
)
from game.web.payloads.models import PublicModel
from game.web.payloads.play import Failure, Guest, Leaderboard, Outcome, Progress, Round
from game.web.payloads.predictions import DeviceModel, Prediction
from game.web.payloads.projects import Me, Model, Models, Project, Projects, ProjectSummary, Release, Releases

__all__ = [
    "AnswerGiven", "Consensus", "DeviceModel", "Failure", "Guest", "GuestWanted", "Leaderboard", "LeaderboardQuery",
    "Me", "Model", "Models", "Outcome", "PictureSent", "Prediction", "PredictionPath", "Progress", "Project",
    "ProjectPath", "ProjectSummary", "Projects", "PublicModel", "Release", "Releases", "Round", "RoundPath",
    "RoundWanted", "parse_answer", "parse_socket_answer", "parse_socket_round",
]  # fmt: skip
