"""One run: play under load, kill, let everybody finish, and look at every row."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

from sqlalchemy import select

from game.store import reading
from game.store.tables import Job
from tests.faults.checks import Answers, broken_consensus, broken_play, kept_answers
from tests.faults.kills import Kill, Stuck, by_kind, kill_under_load, n_by_part, wait_for_everybody
from tests.faults.parts import Redis
from tests.faults.players import Crowd, Played
from tests.faults.points import broken_leaderboards, broken_points
from tests.faults.stage import Stage, opened_stage

N_CLIENTS, PAUSE_S = 16, 0.15
# Play goes on for some rounds after the last kill.
QUIET_S = 2.0
ANSWERS_A_S = 100
SECONDS_A_KILL = 8
SHOWN_FINDINGS = 10


@dataclass(frozen=True)
class Result:
    shape: str
    duration_s: float
    kills: list[Kill]
    answers: Answers
    played: Played
    findings: list[str]
    jobs: list[str]

    @property
    def good(self) -> bool:
        return not (self.answers.lost or self.answers.doubled or self.findings)


def run(
    shape: str,
    shared_data: Path,
    n_kills: int,
    seed: int,
    *,
    n_subjects: int,
    spared: Collection[str] = (),
    say: Callable[[str], object] = lambda _: None,
) -> Result:
    """`spared`: parts that are not killed."""
    rng = Random(f"{seed} {shape}")
    n_volunteers = 4 * N_CLIENTS + n_kills * SECONDS_A_KILL * ANSWERS_A_S // 100
    with opened_stage(shape, shared_data, n_volunteers=n_volunteers, n_subjects=n_subjects) as stage:
        crowd = Crowd(stage, N_CLIENTS, PAUSE_S, rng)
        kills, findings, begun = [], [], time.monotonic()
        with crowd.playing():
            try:
                for one in kill_under_load(stage, crowd, sorted(stage.parts.keys() - spared), n_kills, rng):
                    kills.append(one)
                    say(f"{' and '.join(one.kinds)}: everybody plays again after {one.everybody_s:.1f} s\n")
                time.sleep(QUIET_S)
                wait_for_everybody(crowd, time.monotonic())
            except Stuck as stuck:
                findings.append(str(stuck))
        duration_s = time.monotonic() - begun
        stage.parts["worker"].end()
        say("Every row is looked at …\n")
        answers = kept_answers(stage, crowd.played)
        findings += broken_play(stage, crowd.played) + broken_points(stage)
        redis = stage.parts.get("Redis")
        if isinstance(redis, Redis):
            findings += broken_leaderboards(stage, redis.url)
        findings += broken_consensus(stage)
        return Result(shape, duration_s, kills, answers, crowd.played, findings, _jobs(stage))


def report(result: Result) -> str:
    played, answers = result.played, result.answers
    named = ", ".join(f"{kind} {n}" for kind, n in sorted(n_by_part(result.kills).items()))
    lines = [
        f"{result.shape}: {sum(n_by_part(result.kills).values())} kills in {result.duration_s:.0f} s ({named})",
        f"answers acknowledged {answers.n_acknowledged}, sent again {played.n_retried} times "
        f"({dict(played.faults.most_common())}), lost {len(answers.lost)}, doubled {len(answers.doubled)}",
        f"{'killed':16} {'n':>3}   {'first answer: median, worst':>28}   {'everybody: median, worst':>28}",
    ]
    for kind, some in by_kind(result.kills).items():
        first, everybody = ([getattr(one, name) for one in some] for name in ("first_s", "everybody_s"))
        told = (f"{median(one):20.2f} {max(one):5.2f} s" for one in (first, everybody))
        lines.append(f"{kind:16} {len(some):>3}   {'   '.join(told)}")
    lines += [f"jobs: {', '.join(result.jobs) or 'none'}", f"findings: {len(result.findings) or 'none'}"]
    lines += [f"  lost: {key}" for key in answers.lost[:SHOWN_FINDINGS]]
    lines += [f"  doubled: {key}" for key in answers.doubled[:SHOWN_FINDINGS]]
    lines += [f"  {one}" for one in result.findings[:SHOWN_FINDINGS]]
    return "\n".join(lines) + "\n"


def _jobs(stage: Stage) -> list[str]:
    with reading(stage.world.store) as session:
        found = session.scalars(select(Job).where(Job.reason != "").order_by(Job.id)).all()
        return [f"{job.kind} {job.state}{f' ({job.text})' if job.state == 'failed' else ''}" for job in found]
