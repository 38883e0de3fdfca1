"""The phases of an action, by the numbers that the protocol gives them."""

from __future__ import annotations

from typing import Final

from flyteidl2.common.phase_pb2 import ActionPhase

QUEUED: Final = int(ActionPhase.Value("ACTION_PHASE_QUEUED"))
INITIALIZING: Final = int(ActionPhase.Value("ACTION_PHASE_INITIALIZING"))
RUNNING: Final = int(ActionPhase.Value("ACTION_PHASE_RUNNING"))
SUCCEEDED: Final = int(ActionPhase.Value("ACTION_PHASE_SUCCEEDED"))
FAILED: Final = int(ActionPhase.Value("ACTION_PHASE_FAILED"))
ABORTED: Final = int(ActionPhase.Value("ACTION_PHASE_ABORTED"))
PAUSED: Final = int(ActionPhase.Value("ACTION_PHASE_PAUSED"))
TIMED_OUT: Final = int(ActionPhase.Value("ACTION_PHASE_TIMED_OUT"))
RECOVERED: Final = int(ActionPhase.Value("ACTION_PHASE_RECOVERED"))

ENDED: Final = frozenset({SUCCEEDED, FAILED, ABORTED, TIMED_OUT, RECOVERED})
ENDED_SQL: Final = f"({', '.join(str(each) for each in sorted(ENDED))})"
"""The same for SQL: ``phase NOT IN …``."""
