"""The outcome of an action: outputs.pb or error.pb, exactly one of them, whoever comes first."""

from __future__ import annotations

import os
import threading

from flytectl_py.errors import FlyteError
from flytectl_py.runtime.log import tell
from flytectl_py.runtime.places import Places
from flytectl_py.wire.failures import Failure, error_document

OUTPUTS = "outputs.pb"
ERROR = "error.pb"


class Outcome:
    """What this attempt leaves below `folder`. Of task, signal and deadline the first one wins.

    A process that the user's code forks has none, wherever it comes to an end, be it while a module is loaded.
    """

    def __init__(self, places: Places, folder: str) -> None:
        self._places = places
        self._folder = folder
        self._process = os.getpid()
        self._taken = threading.Lock()
        self._settled = threading.Event()

    def succeed(self, outputs: bytes) -> bool:
        """Write outputs.pb; return whether this was the outcome. Where that fails it is no outcome yet.

        :raises FlyteError: the store does not take it.
        """
        if not self._take():
            return False
        try:
            self._places.write(f"{self._folder}/{OUTPUTS}", outputs)
        except BaseException:
            self._taken.release()
            self._forget_outputs()
            raise
        self._settled.set()
        return True

    def fail(self, failure: Failure) -> bool:
        """Write error.pb; return whether this was the outcome. A store that does not take it is told of on stderr."""
        if not self._take():
            return False
        try:
            self._places.write(f"{self._folder}/{ERROR}", error_document(failure).SerializeToString())
        except FlyteError as error:
            tell(f"a0: {failure.code}: {failure.message}\na0: and this cannot be recorded: {error}\n")
        finally:
            self._settled.set()
        return True

    def is_taken(self) -> bool:
        """Whether somebody writes the outcome, or has written it."""
        return self._taken.locked()

    def wait(self, seconds: float) -> bool:
        """Wait until the outcome is written; return whether it is."""
        return self._settled.wait(seconds if os.getpid() == self._process else 0)

    def _take(self) -> bool:
        return os.getpid() == self._process and self._taken.acquire(blocking=False)

    def _forget_outputs(self) -> None:
        """Remove outputs.pb: a write whose answer was lost may have arrived, and error.pb follows."""
        try:
            self._places.remove(f"{self._folder}/{OUTPUTS}")
        except FlyteError as error:
            tell(f"a0: {error}\n")
