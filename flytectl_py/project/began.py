"""When this project was loaded into the process: what changed later may not be what runs."""

from __future__ import annotations

import time
from typing import Final

BEGAN: Final = time.time_ns()
"""Nanoseconds since 1970. `import flyte` sets it, so it is before most of the user's own modules are loaded."""
