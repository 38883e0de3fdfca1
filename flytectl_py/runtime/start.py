"""Where the program `a0` starts: reads what it is told, runs the attempt, and ends with its exit code.

Exit codes: 0 when the outcome is the task's own, outputs.pb or an error.pb of the user's code, which clusters read; 1
when the code never ran or its outputs could not be kept, with an error.pb that says why; 2 for wrong arguments;
128 + n when signal n ended it.
"""

from __future__ import annotations

import gc
import os
import sys

FAILED = 1
WRONG_ARGUMENTS = 2


def main() -> None:
    """Run one attempt of one action and end the process."""
    # As in the command line: imports make many objects and no garbage.
    gc.disable()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the attempt that `arguments` describe and return the exit code."""
    from flytectl_py.runtime.arguments import outputs_path_in, read_arguments, usage

    if "--help" in arguments[:1]:
        sys.stdout.write(usage())
        return 0
    folder = outputs_path_in(arguments)
    if not folder:
        sys.stderr.write(
            "a0: --outputs-path is missing, so there is no place for an outcome; a0 --help lists the options\n"
        )
        return WRONG_ARGUMENTS
    from flytectl_py.runtime.attempt import run_attempt
    from flytectl_py.runtime.outcome import Outcome
    from flytectl_py.runtime.places import Places
    from flytectl_py.runtime.supervisor import WRITING_SECONDS, Supervisor

    places = Places(os.environ)
    outcome = Outcome(places, folder)
    supervisor = Supervisor(outcome)
    supervisor.start()
    code = WRONG_ARGUMENTS
    try:
        invocation = read_arguments(arguments, os.environ)
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
        places.close()
    return code
