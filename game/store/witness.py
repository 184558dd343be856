"""How the published model is heard, from one aggregation to the next: kept with the aggregation, read by play."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from game.store.tables import Aggregate
from scoring.arrays import Floats
from scoring.audit import judged_by_people_alone
from scoring.voter import Witness, Word, at_its_word


@dataclass(frozen=True)
class MetModel:
    """A published model that an aggregation has met. `witness` is None if it was not worth hearing.

    `worth`: how many answers of the average volunteer its word counts on the average, 0 if it is not heard.
    """

    model_id: int
    version: int
    witness: Witness | None
    worth: float

    def word(self, subject_id: int, prediction: Floats | None) -> Word | None:
        """Of this model's `prediction` (K,) for a subject; None where it is not heard, or where people judge alone."""
        if self.witness is None or prediction is None or judged_by_people_alone(subject_id):
            return None
        return self.witness.word(prediction)


def as_kept(met: MetModel) -> dict[str, Any]:
    """JSON for Aggregate.model."""
    told: dict[str, Any] = {"id": met.model_id, "version": met.version, "worth": met.worth}
    if met.witness is None:
        return told
    return told | {
        "sharpness": met.witness.sharpness,
        "named": met.witness.named.tolist(),
        "common": met.witness.common.tolist(),
        "confusion": met.witness.confusion.tolist(),
        "promised": met.witness.promised.tolist(),
    }


def met_model(row: Aggregate | None) -> MetModel | None:
    """The model that this aggregation met, if there was one."""
    return None if row is None else as_met(row.model)


def as_met(kept: Mapping[str, Any] | None) -> MetModel | None:
    """Of Aggregate.model."""
    if kept is None:
        return None
    return MetModel(kept["id"], kept["version"], _witness(kept) if "sharpness" in kept else None, kept["worth"])


def _witness(kept: Mapping[str, Any]) -> Witness:
    """Aggregations of before models were measured label by label took them at their word."""
    sharpness, named, common = kept["sharpness"], np.array(kept["named"]), np.array(kept["common"])
    if "confusion" not in kept:
        return at_its_word(sharpness, named, common)
    return Witness(sharpness, named, common, np.array(kept["confusion"]), np.array(kept["promised"]))
