"""What the figures cost that home, a project's page and all sockets show: before the past was counted, and after."""

import time
from collections.abc import Callable

from game.levels import Project
from game.play.figures import project_progress
from game.science.counting import Counting, recount
from game.store import Store, reading
from tests.scale.ranks import median_ms

TIMES = 30


def report(small: Store, large: Store, project: Project) -> str:
    def ask(store: Store) -> Callable[[], object]:
        def figures() -> None:
            with reading(store) as session:
                project_progress(session, project)

        return figures

    plainly_ms = median_ms(ask(large), 3)
    begun = time.perf_counter()
    for store in (small, large):
        counting = Counting(store, left=0)
        while not counting.count_on(project):
            pass
    counted_s = time.perf_counter() - begun
    small_ms, large_ms = (median_ms(ask(store), TIMES) for store in (small, large))
    begun = time.perf_counter()
    recount(large, project)
    again_s = time.perf_counter() - begun
    return (
        f"figures of the large one: {plainly_ms:.1f} ms while the worker has not counted, then {large_ms:.2f} ms; "
        f"of the small one {small_ms:.2f} ms; {large_ms / small_ms:.2f}×\n"
        f"the worker counted for {counted_s:.1f} s, and an aggregation counts all of it again in {again_s:.1f} s\n"
    )
