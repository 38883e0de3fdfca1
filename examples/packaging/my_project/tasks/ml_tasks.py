"""Flyte tasks that train."""

import flyte
from utils.models import fit


@flyte.task
def train_model(data: list[float]) -> float:
    """Train on the data and return the accuracy."""
    return fit(data)
