"""What strategies earn: points per minute of people who look, of people who do not, and of rings that spot gold.

The engine's own pure functions deal out gold and pay. Time is assumed, and said: somebody who looks takes 5 seconds an
answer. Whoever does not look takes 2.5, the fastest pace that is paid in full and so the best one, or races at 0.5.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.arrays import Floats, Ints
from scoring.confusion import wilson
from scoring.points import FASTEST_S, LATEST_GOLD, NEWEST_GOLD, round_points
from scoring.selection import n_gold_in_round
from tests.scoring.crowds import one_coin

ROUND_SIZE = 10
TEACHING_IN_FIRST_ROUND = 2  # It is gold that is explained, and never counts.
LOOKING_S, RACING_S = 5.0, 0.5
COMMON = 0.8  # The share of the most common label where labels are skewed.
N_PLAYERS = 400
SPANS_MIN = (5, 30)
RING = 5
POOL = 2_000  # Hidden gold of a project; rings are shown for other sizes too.

# From the number of a round to what a player says of gold in it: (K, K) [true, given].
Confusion = Callable[[int], Floats]


@dataclass(frozen=True)
class Setting:
    """A project of K labels, the first of which has this share of the gold; None where gold asks for all alike."""

    n_labels: int
    common: float | None

    @property
    def name(self) -> str:
        return f"K={self.n_labels} {'alike' if self.common is None else 'skewed'}"

    @property
    def shares(self) -> Floats:
        rest = (1 - (self.common or 0)) / (self.n_labels - 1)
        return np.array([self.common or 0, *[rest] * (self.n_labels - 1)])


@dataclass(frozen=True)
class Strategy:
    name: str
    seconds: float
    confusion: Callable[[Setting], Confusion]


SETTINGS = tuple(Setting(n_labels, common) for n_labels in (2, 3, 6) for common in (None, COMMON))


def honest(reliability: float) -> Strategy:
    return Strategy(f"honest {reliability}", LOOKING_S, lambda of: lambda _: one_coin(reliability, of.n_labels))


def one_answer(name: str, label: int) -> Strategy:
    return Strategy(name, FASTEST_S, lambda of: lambda _: np.eye(of.n_labels)[[label] * of.n_labels])


def guessing(name: str, seconds: float) -> Strategy:
    return Strategy(name, seconds, lambda of: lambda _: at_random(of))


def at_random(of: Setting) -> Floats:
    return np.full((of.n_labels, of.n_labels), 1 / of.n_labels)


def knowing(share: Callable[[int], float]) -> Callable[[Setting], Confusion]:
    """Answers with a reliability of 0.8 to this share of the gold, by round, and at random to all other subjects."""
    return lambda of: lambda played: share(played) * one_coin(0.8, of.n_labels) + (1 - share(played)) * at_random(of)


def copying(n_gold: int = POOL) -> Strategy:
    """Says what a leader said, who looks and has half an hour's start, where she met the subject.

    What is published does not help: of hidden gold and of subjects in play nothing is.
    """
    head_start, pace = 30 * 60 / (ROUND_SIZE * LOOKING_S), FASTEST_S / LOOKING_S
    return Strategy(
        "copy the crowd", FASTEST_S, knowing(lambda played: min(1, gold_met(head_start + pace * played) / n_gold))
    )


def colluding(n_gold: int = POOL) -> Strategy:
    """A ring that races and notes every subject: those that were shown twice before are gold, and are looked at."""

    def recognised(played: int) -> float:
        showings = RING * gold_met(played) / n_gold  # Mean of a Poisson number for each gold subject.
        return float(1 - np.exp(-showings) * (1 + showings))

    return Strategy("gold-spotting ring", RACING_S, knowing(recognised))


def gold_met(n_rounds: float) -> float:
    """Expected hidden gold of one player in so many rounds; a little more in the end, at the floor of 8 %."""
    n_answers = np.arange(round(ROUND_SIZE * n_rounds))
    return float(np.maximum(0.08, 5 / np.maximum(n_answers, 10)).sum())


NINE = (
    honest(0.95),
    honest(0.8),
    honest(0.6),
    guessing("random", FASTEST_S),
    one_answer("constant", -1),
    one_answer("most common label", 0),
    copying(),
    guessing("racing", RACING_S),
    colluding(),
)
HONEST = 1  # The place of honest 0.8 among them.


def play(confusion: Confusion, of: Setting, seconds: float, n_rounds: int, rng: np.random.Generator) -> Ints:
    """Points (n_rounds, N_PLAYERS) of people who play like this, each a newcomer."""
    gold = Gold(of)
    earned = np.zeros((n_rounds, N_PLAYERS), dtype=np.int64)
    for played in range(n_rounds):
        n_gold = n_gold_in_round(ROUND_SIZE * played, ROUND_SIZE, rng)
        n_hidden = n_gold - TEACHING_IN_FIRST_ROUND if played == 0 else n_gold
        thresholds = confusion(played).cumsum(axis=1)[:, :-1]
        for true in gold.asked(n_hidden, rng):
            gold.add(true, (rng.random((N_PLAYERS, 1)) > thresholds[true]).sum(axis=1))
        earned[played] = round_points(ROUND_SIZE, ROUND_SIZE, ROUND_SIZE * seconds, gold.newest, gold.latest)
    return earned


class Gold:
    """Everyone's answers to hidden gold, as counts (N_PLAYERS, K, K) [true, given]: of all, the newest, the latest."""

    def __init__(self, of: Setting) -> None:
        self.of = of
        self.met: list[tuple[Ints, Ints]] = []
        self.all, self.newest, self.latest = np.zeros((3, N_PLAYERS, of.n_labels, of.n_labels))

    def asked(self, n: int, rng: np.random.Generator) -> Ints:
        """True labels (n, N_PLAYERS) of a round's gold: the widest interval first, as in play, or as they come."""
        if self.of.common is not None:
            return rng.choice(self.of.n_labels, size=(n, N_PLAYERS), p=self.of.shares)
        low, high = wilson(np.diagonal(self.all, axis1=1, axis2=2), self.all.sum(axis=2))
        order = np.lexsort((rng.random(low.shape), low - high), axis=1)
        return order[:, np.arange(n) % self.of.n_labels].T

    def add(self, true: Ints, given: Ints) -> None:
        everyone = np.arange(N_PLAYERS)
        self.met.append((true, given))
        for counts, n in ((self.all, len(self.met)), (self.newest, NEWEST_GOLD), (self.latest, LATEST_GOLD)):
            counts[everyone, true, given] += 1
            if len(self.met) > n:
                forgotten = self.met[-n - 1]
                counts[everyone, forgotten[0], forgotten[1]] -= 1


def points_per_minute(earned: Ints, seconds: float, minutes: float) -> float:
    """Of an average player, over the first minutes; a round that the time cuts counts in part."""
    total = np.concatenate([[0.0], earned.mean(axis=1).cumsum()])
    return float(np.interp(60 * minutes / (ROUND_SIZE * seconds), np.arange(len(total)), total)) / minutes


def n_rounds_in(minutes: float, seconds: float) -> int:
    return int(np.ceil(60 * minutes / (ROUND_SIZE * seconds)))


def earnings(strategies: Sequence[Strategy], settings: Sequence[Setting], rng: np.random.Generator) -> Floats:
    """(spans, strategies, settings) points per minute."""
    found = np.zeros((len(SPANS_MIN), len(strategies), len(settings)))
    for row, strategy in enumerate(strategies):
        for column, of in enumerate(settings):
            n_rounds = n_rounds_in(max(SPANS_MIN), strategy.seconds)
            earned = play(strategy.confusion(of), of, strategy.seconds, n_rounds, rng)
            found[:, row, column] = [points_per_minute(earned, strategy.seconds, span) for span in SPANS_MIN]
    return found


def table() -> str:
    rng = np.random.default_rng(1)
    found = earnings(NINE, SETTINGS, rng)
    lines = []
    for span, block in zip(SPANS_MIN, found, strict=True):
        lines.append(heading(f"points per minute, first {span} minutes", SETTINGS))
        for strategy, values in zip(NINE, block, strict=True):
            lines.append(line(f"{strategy.name:24}{strategy.seconds:4.1f} s/answer", values, block[HONEST]))
    alike = [column for column, of in enumerate(SETTINGS) if of.common is None]
    settings = [SETTINGS[column] for column in alike]
    lines.append(heading(f"who tries harder, {max(SPANS_MIN)} minutes", settings))
    for name, values in harder(settings, rng):
        lines.append(line(name, values, found[-1, HONEST, alike]))
    return "\n".join(lines) + "\n"


def harder(settings: Sequence[Setting], rng: np.random.Generator) -> Iterator[tuple[str, Floats]]:
    """Points per minute, (settings,) each: what is left to those who know the rule."""
    for n_gold in (500, 1_000):
        yield f"ring of {RING} and {n_gold:,} gold", earnings([colluding(n_gold)], settings, rng)[-1, 0]
    yield "looked for 50 rounds, then not", np.array([after_looking(of, rng) for of in settings])
    yield "starts over, best account", np.array([starting_over(of, rng) for of in settings])


def after_looking(of: Setting, rng: np.random.Generator) -> float:
    """Points per minute of the first half-hour at random after 50 rounds of looking with a reliability of 0.8."""
    n_rounds = n_rounds_in(max(SPANS_MIN), FASTEST_S)
    earned = play(
        lambda played: one_coin(0.8, of.n_labels) if played < 50 else at_random(of), of, FASTEST_S, 50 + n_rounds, rng
    )
    return points_per_minute(earned[50:], FASTEST_S, max(SPANS_MIN))


def starting_over(of: Setting, rng: np.random.Generator) -> float:
    """Points per minute of the best account of guests who guess, and leave an account when a round pays nothing."""
    n_rounds = n_rounds_in(max(SPANS_MIN), FASTEST_S)
    total = play(lambda _: at_random(of), of, FASTEST_S, n_rounds, rng).cumsum(axis=0)
    stalled = np.diff(total, axis=0, append=total[-1:]) == 0
    lengths = stalled.argmax(axis=0) + 2  # The round that pays nothing is played too.
    best = []
    for _ in range(N_PLAYERS):
        accounts = rng.integers(N_PLAYERS, size=n_rounds)
        begun = lengths[accounts].cumsum() - lengths[accounts]
        ends = np.minimum(lengths[accounts], n_rounds - begun)[begun < n_rounds]
        best.append(total[ends - 1, accounts[begun < n_rounds]].max())
    return float(np.mean(best)) / max(SPANS_MIN)


def heading(title: str, settings: Sequence[Setting]) -> str:
    return f"{title:39}" + "".join(f"{of.name:>15}" for of in settings)


def line(name: str, values: Floats, honest_values: Floats) -> str:
    """Points per minute, and the share of what somebody earns who looks with a reliability of 0.8."""
    cells = "".join(f"{value:7.1f} {100 * value / of:5.1f} %" for value, of in zip(values, honest_values, strict=True))
    return f"  {name:37}{cells}"


if __name__ == "__main__":
    sys.stdout.write(table())
