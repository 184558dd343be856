"""Tells a project's room what has changed: at most once a second, and never while somebody waits for an answer."""

import threading

import socketio

from game.errors import Unavailable
from game.levels import Project
from game.play.classify import Outcome
from game.play.figures import project_progress
from game.play.standings import Period, leaderboard, renew_ranks
from game.store import Store, reading
from game.web import payloads
from game.web.context import now
from game.web.own_time import OwnTime

PAUSE_S = 1.0
# Counting takes the longer the more there is to count: of the processor it may take this share.
SHARE = 0.02


def room_of(slug: str) -> str:
    return f"project {slug}"


class Announcer:
    """Remembers which projects have something to tell: the first change starts a task that waits for the rest."""

    def __init__(self, server: socketio.Server, store: Store, projects: dict[str, Project]) -> None:
        self._server = server
        self._store = store
        self._projects = projects
        self._lock = threading.Lock()
        self._waiting: dict[str, bool] = {}
        self._pauses_s: dict[str, float] = {}
        self._renewing = False

    def announce(self, slug: str, outcome: Outcome) -> None:
        """Called after the commit. A completed round moves the leaderboard too."""
        with self._lock:
            begun = slug in self._waiting
            self._waiting[slug] = self._waiting.get(slug, False) or outcome.completed
        if not begun:
            self._server.start_background_task(self._tell, self._projects[slug])

    def renew_ranks(self) -> None:
        """Called when Redis has lost its leaderboards: they are made again at once, not after the next round."""
        with self._lock:
            begun, self._renewing = self._renewing, True
        if not begun:
            self._server.start_background_task(self._renew_all)

    def _renew_all(self) -> None:
        try:
            for project in self._projects.values():
                with reading(self._store) as session:
                    renew_ranks(session, project, now())
        except Unavailable:
            # Whoever misses them next asks again.
            pass
        self._server.sleep(PAUSE_S)
        with self._lock:
            self._renewing = False

    def _tell(self, project: Project) -> None:
        self._server.sleep(self._pauses_s.get(project.slug, PAUSE_S))
        with self._lock:
            completed = self._waiting.pop(project.slug)
        room = room_of(project.slug)
        own = OwnTime()
        try:
            with own:
                progress, boards = self._news(project, completed)
        except Unavailable:
            # The next answer that is kept tells it.
            return
        self._pauses_s[project.slug] = max(PAUSE_S, own.seconds / SHARE)
        self._server.emit("progress", progress.model_dump(mode="json"), to=room)
        for board in boards:
            self._server.emit("leaderboard", board.model_dump(mode="json"), to=room)

    def _news(self, project: Project, completed: bool) -> tuple[payloads.Progress, list[payloads.Leaderboard]]:
        with reading(self._store) as session:
            if completed:
                renew_ranks(session, project, now())
            progress = payloads.Progress.of(project, project_progress(session, project))
            boards = [
                payloads.Leaderboard.of(project, leaderboard(session, project, period, None, now()))
                for period in (Period if completed else ())
            ]
        return progress, boards
