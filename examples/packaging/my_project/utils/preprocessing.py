"""Business logic: cleaning."""


def clean(values: list[float]) -> list[float]:
    """Leave out what is negative."""
    return [value for value in values if value >= 0]
