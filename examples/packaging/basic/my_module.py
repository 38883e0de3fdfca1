"""Imported at module level: bundled."""


class Helper:
    """Transforms numbers."""

    def transform(self, x: int) -> int:
        """Return the number after x, doubled."""
        return 2 * (x + 1)


helper = Helper()
