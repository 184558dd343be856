"""What every outgoing message has in common."""

from pydantic import BaseModel, ConfigDict


class Outgoing(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
