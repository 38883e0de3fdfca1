"""A warm container: runs one attempt after the other in one process, as its standard input tells.

Each line of the input is a JSON object: ``arguments`` as on the command line of `a0`, and ``environment`` in addition
to that of the process. Each line of the output is one, too: first ``{"ready": …}``; then ``{"printed": …}``, in base64,
for what an attempt prints, and ``{"code": …}`` when it has ended. A process that ends without that line ended with its
attempt, by a signal or a timeout. At the end of the input it ends.
"""

from __future__ import annotations

import base64
import contextvars
import gc
import json
import os
import sys
import threading
from typing import BinaryIO

from flytectl_py.runtime.places import Places
from flytectl_py.runtime.supervisor import Supervisor

_PIECE = 65536


class Printed:
    """Takes what is printed, by whatever means, and hands it on in pieces."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self._mark = b"\0" + os.urandom(16).hex().encode() + b"\n"
        self._marked = threading.Event()
        self._read, write = os.pipe()
        for descriptor in (1, 2):
            os.dup2(write, descriptor)
        os.close(write)
        threading.Thread(target=self._hand_on, name="flyte-printed", daemon=True).start()

    def settle(self) -> None:
        """Wait until everything that was printed so far has been handed on."""
        sys.stdout.flush()
        sys.stderr.flush()
        self._marked.clear()
        # The mark comes after all that was printed before, whoever holds the other end of the pipe.
        os.write(1, self._mark)
        self._marked.wait()

    def answer(self, said: dict[str, object]) -> None:
        """Write one line of the output."""
        with self._lock:
            self._answers.write(json.dumps(said).encode() + b"\n")
            self._answers.flush()

    def _hand_on(self) -> None:
        held = b""
        while piece := os.read(self._read, _PIECE):
            held += piece
            before, found, after = held.partition(self._mark)
            if found:
                held = after
            else:
                # A mark that has arrived in part stays until the rest of it has.
                start = held.rfind(self._mark[:1])
                start = len(held) if start < 0 or len(held) - start >= len(self._mark) else start
                before, held = held[:start], held[start:]
            if before:
                self.answer({"printed": base64.b64encode(before).decode()})
            if found:
                self._marked.set()


def main() -> None:
    """Run what the input tells, to its end."""
    answers = os.fdopen(os.dup(1), "wb")
    printed = Printed(answers)
    places = Places(os.environ)
    supervisor = Supervisor(printed.settle)
    supervisor.start()
    # Children must not read what is meant for this process.
    orders = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    home, environment = os.getcwd(), dict(os.environ)
    printed.answer({"ready": os.getpid()})
    for line in orders:
        order = json.loads(line)
        os.environ.clear()
        os.environ.update({**environment, **order["environment"]})
        os.chdir(home)
        code = contextvars.Context().run(_attempt, order["arguments"], places, supervisor)
        supervisor.rest()
        printed.settle()
        printed.answer({"code": code})
        # The attempt froze what was there when it began, for a process that ends with it.
        gc.unfreeze()
    places.close()


def _attempt(arguments: list[str], places: Places, supervisor: Supervisor) -> int:
    from flytectl_py.model.dispatch import runs_of_process
    from flytectl_py.runtime.once import run_once

    try:
        return run_once(arguments, places, supervisor)
    finally:
        runs_of_process.clear()
