"""The consensus of a project: our EM beside the textbook's loops over answers."""

from collections.abc import Callable, Iterator

import numpy as np

from scoring.dawid_skene import Answers, fit

N_SUBJECTS, N_VOLUNTEERS, N_ANSWERS, N_LABELS, ITERATIONS = 1_000, 50, 5_000, 4, 5


def pairs() -> Iterator[tuple[str, Callable[[], object], str, Callable[[], object]]]:
    answers = drawn()
    yield (
        f"EM, {ITERATIONS} iterations, {N_ANSWERS:,} answers", lambda: ours(answers),
        "loops over the answers in Python", lambda: loops(answers),
    )  # fmt: skip


def drawn() -> Answers:
    rng = np.random.default_rng(0)
    true = rng.integers(N_LABELS, size=N_SUBJECTS)
    subject, volunteer = rng.integers(N_SUBJECTS, size=N_ANSWERS), rng.integers(N_VOLUNTEERS, size=N_ANSWERS)
    given = np.where(rng.random(N_ANSWERS) < 0.7, true[subject], rng.integers(N_LABELS, size=N_ANSWERS))
    return Answers(subject, volunteer, given, np.eye(N_LABELS, dtype=np.bool_))


def ours(answers: Answers) -> object:
    gold = np.full(N_SUBJECTS, -1)
    return fit(answers, N_SUBJECTS, N_VOLUNTEERS, gold, n_iterations=ITERATIONS, tolerance=0.0)


def loops(answers: Answers) -> object:
    """Dawid and Skene (1979) written down as it is read."""
    rows = list(zip(answers.subject.tolist(), answers.volunteer.tolist(), answers.choice.tolist(), strict=True))
    posterior = [[1 / N_LABELS] * N_LABELS for _ in range(N_SUBJECTS)]
    for subject, _, given in rows:
        posterior[subject][given] += 1
    for _ in range(ITERATIONS):
        counts = [[[0.1] * N_LABELS for _ in range(N_LABELS)] for _ in range(N_VOLUNTEERS)]
        for subject, volunteer, given in rows:
            for true in range(N_LABELS):
                counts[volunteer][true][given] += posterior[subject][true] / sum(posterior[subject])
        posterior = [[1.0] * N_LABELS for _ in range(N_SUBJECTS)]
        for subject, volunteer, given in rows:
            for true in range(N_LABELS):
                posterior[subject][true] *= counts[volunteer][true][given] / sum(counts[volunteer][true])
    return posterior
