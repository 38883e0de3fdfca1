"""What a text is made of: code that a cached task of another file reaches."""


def words(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()
