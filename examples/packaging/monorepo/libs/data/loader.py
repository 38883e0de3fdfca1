"""Loads rows."""


def load(path: str) -> list[int]:
    """Return a number for each letter of the path."""
    return [ord(letter) for letter in path]
