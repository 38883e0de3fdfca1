"""What every project uses."""


def shared_function(name: str) -> str:
    """Greet."""
    return f"shared hello, {name}"
