"""What the workflows share."""


def process() -> str:
    """Return the result of the process."""
    return "processed"
