"""Imported inside a task: not bundled automatically."""


def util(x: int) -> int:
    """Return x."""
    return x
