"""A local dependency of full_build.py."""


class Helper:
    """Knows the exponent."""

    def get_exponent(self) -> int:
        """Return the exponent."""
        return 2


helper = Helper()
