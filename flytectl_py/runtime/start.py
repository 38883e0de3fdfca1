"""Where the program `a0` starts: reads what it is told, runs the attempt, and ends with its exit code.

Exit codes: 0 when the outcome is the task's own, outputs.pb or an error.pb of the user's code, which clusters read; 1
when the code never ran or its outputs could not be kept, with an error.pb that says why; 2 for wrong arguments;
128 + n when signal n ended it.
"""

from __future__ import annotations

import gc
import os
import sys

WARM = "--warm"
"""The one argument of a process that runs several attempts, see `worker`."""


def main() -> None:
    """Run one attempt of one action and end the process."""
    # As in the command line: imports make many objects and no garbage.
    gc.disable()
    code = run(sys.argv[1:])
    for name in ("stdout", "stderr"):
        # The interpreter would end with 120 where the task closed what holds some text yet.
        try:
            getattr(sys, name).flush()
        except (OSError, ValueError, AttributeError):
            setattr(sys, name, None)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run the attempt that `arguments` describe and return the exit code."""
    from flytectl_py.runtime.arguments import usage

    if "--help" in arguments[:1]:
        sys.stdout.write(usage())
        return 0
    if arguments == [WARM]:
        from flytectl_py.runtime.worker import main as work

        work()
        return 0
    from flytectl_py.runtime.once import run_once
    from flytectl_py.runtime.places import Places
    from flytectl_py.runtime.supervisor import Supervisor

    supervisor = Supervisor()
    places = Places(os.environ)
    try:
        return run_once(arguments, places, supervisor, start=supervisor.start)
    finally:
        places.close()
