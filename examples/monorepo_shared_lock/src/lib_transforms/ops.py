"""Transformations of columns of numbers."""


def normalize(values: list[float]) -> list[float]:
    """Scale values to the range from 0 to 1; equal values all become 0."""
    if not values:
        return []
    low, high = min(values), max(values)
    if low == high:
        return [0.0 for _ in values]
    return [(value - low) / (high - low) for value in values]
