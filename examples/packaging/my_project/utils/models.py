"""Business logic: models."""


def fit(values: list[float]) -> float:
    """Return the share of values above 3."""
    return sum(value > 3 for value in values) / len(values)
