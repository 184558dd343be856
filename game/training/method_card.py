"""How the model was taught and which other ways were tried, in plain words and as a small table, for the model card."""

from collections.abc import Mapping
from typing import Any

from game.artifacts.ways import Way

NAMES = {
    Way.DIRECT: "another model as it is",
    Way.FROZEN: "frozen layers, a new head",
    Way.LAST_BLOCK: "the last block taught too",
    Way.ALL: "all layers taught",
}


def method_told(metrics: Mapping[str, Any]) -> list[str]:
    """Paragraphs in Markdown; nothing for metrics of before there was a choice."""
    told = metrics.get("method")
    if not told:
        return []
    [chosen] = [one for one in told["ways"] if one["chosen"]]
    by_itself = "Chosen by what the crowd says of images that were left out; the hold-out had no say."
    how = by_itself if told["asked"] == Way.AUTO else "The operator asked for it."
    rows = [f"{'way':<28}{'loss':>7}{'agrees':>9}", *(_row(one) for one in told["ways"])]
    reasons = [f"- {_capital(NAMES[Way(one['way'])])}: {one['why']}." for one in told["ways"] if one["why"]]
    table = "\n".join(rows)
    return [
        f"How much it took over from elsewhere: {NAMES[Way(chosen['way'])]}. {how} Loss: how surprised it is by the "
        "crowd's labels of images that it has not learned from, less is better. Agrees: how often it says the same.",
        f"```\n{table}\n```",
        "\n".join(reasons),
    ]


def _row(one: Mapping[str, Any]) -> str:
    figures = ("–", "–") if one["loss"] is None else (f"{one['loss']:.3f}", f"{one['accuracy']:.3f}")
    mark = "  ← chosen" if one["chosen"] else ""
    return f"{NAMES[Way(one['way'])]:<28}{figures[0]:>7}{figures[1]:>9}{mark}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
