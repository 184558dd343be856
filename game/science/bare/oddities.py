"""What is odd about volunteers' answers, in words. It measures, it does not accuse: the odd may be honest."""

from __future__ import annotations

import numpy as np

from game.science.bare.judging import Judged
from game.science.bare.table import listed
from scoring.flags import Flag, Kind, find_flags


def flagged(judged: Judged) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of each volunteer (V,) the flags, words with a space between, and the reasons, sentences; empty for most."""
    crowd = judged.crowd
    found = find_flags(
        crowd.answers,
        judged.judgement.log_weight,
        judged.confusion,
        judged.gold,
        weight=judged.copies.weight,
        time_s=crowd.time_ms / 1000,
        copies=judged.copies,
    )
    words: list[list[str]] = [[] for _ in crowd.volunteers]
    reasons: list[list[str]] = [[] for _ in crowd.volunteers]
    for flag in found:
        words[flag.volunteer].append(str(flag.kind))
        reasons[flag.volunteer].append(_reason(flag, judged))
    return tuple(map(" ".join, words)), tuple(map(" ".join, reasons))


def _reason(flag: Flag, judged: Judged) -> str:
    answers = judged.crowd.answers
    given = answers.choice[answers.volunteer == flag.volunteer]
    favourite = judged.crowd.labels[int(np.bincount(given).argmax())]
    informed = f"informedness is {flag.found:.2f}, where {flag.expected:.2f} would pass"
    match flag.kind:
        case Kind.CONSTANT:
            return (
                f"All {flag.n:,} answers are “{favourite}”; an average volunteer would say so of {flag.expected:.0%}."
            )
        case Kind.MOST_COMMON:
            share = f"{flag.found:.0%} of {flag.n:,} answers are “{favourite}”, the commonest label"
            return f"{share}; an average volunteer would say so of {flag.expected:.0%}."
        case Kind.RANDOM:
            return f"The {flag.n:,} answers hardly depend on the subject: {informed}."
        case Kind.FAST:
            return f"{flag.n:,} answers came implausibly fast, and {informed}."
        case Kind.COPIES:
            others = [
                name for name, of in zip(judged.crowd.volunteers, judged.copies.group, strict=True) if of == flag.group
            ]
            others.remove(judged.crowd.volunteers[flag.volunteer])
            evidence = f"the evidence is {flag.found:.1f} nats, which chance rarely brings above {flag.expected:.1f}"
            return f"Answers are more like those of {listed(others)} than the subjects explain: {evidence}."
