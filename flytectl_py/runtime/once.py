"""One attempt from its arguments to its exit code, whatever happens on the way."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flytectl_py.runtime.places import Places
    from flytectl_py.runtime.supervisor import Supervisor

FAILED = 1
WRONG_ARGUMENTS = 2


def run_once(
    arguments: list[str], places: Places, supervisor: Supervisor, start: Callable[[], None] = lambda: None
) -> int:
    """Run one attempt and return its exit code.

    :param start: is called when there is an outcome to look after.
    """
    from flytectl_py.runtime.arguments import outputs_path_in, read_arguments

    folder = outputs_path_in(arguments)
    if not folder:
        sys.stderr.write(
            "a0: --outputs-path is missing, so there is no place for an outcome; a0 --help lists the options\n"
        )
        return WRONG_ARGUMENTS
    from flytectl_py.runtime.attempt import run_attempt
    from flytectl_py.runtime.outcome import Outcome
    from flytectl_py.runtime.supervisor import WRITING_SECONDS

    outcome = Outcome(places, folder)
    supervisor.look_after(outcome)
    start()
    code = WRONG_ARGUMENTS
    try:
        invocation = read_arguments(arguments, os.environ)
        if invocation.umask is not None:
            os.umask(invocation.umask)
        if invocation.hybrid is not None:
            supervisor.leave_interrupts()
        code = FAILED
        code = 0 if run_attempt(invocation, places, outcome, supervisor.end_after) else FAILED
    except BaseException as error:  # noqa: BLE001  every way to end has an outcome
        from flytectl_py.runtime.failing import of_machinery, say

        failure = of_machinery(error)
        if outcome.fail(failure):
            say(failure)
    finally:
        # The supervisor may be writing it.
        outcome.wait(WRITING_SECONDS)
    return code
