"""Flyte tasks that load data."""

import flyte
from utils.preprocessing import clean


@flyte.task
def load_data(dataset: str) -> list[float]:
    """Make up the rows of a data set and clean them."""
    return clean([float(len(word)) for word in dataset.split(".")])
