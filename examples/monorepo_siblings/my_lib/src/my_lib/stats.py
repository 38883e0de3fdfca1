"""Mean and standard deviation."""


def mean(values: list[float]) -> float:
    """Return the arithmetic mean."""
    return sum(values) / len(values)


def std(values: list[float]) -> float:
    """Return the population standard deviation."""
    middle = mean(values)
    return (sum((value - middle) ** 2 for value in values) / len(values)) ** 0.5
