"""Where the `flyte` process starts: as little as possible, as fast as possible.

Imports make many objects and no garbage. So the collector is off while they are made, and never looks at them again,
not even when the process ends: that is more than a tenth of the time of a short command.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

COMPLETE = "_complete"
"""The command that the scripts of `flyte completion` call at each TAB. It is for them alone, so no help names it."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    gc.disable()
    if sys.argv[1:2] == [COMPLETE]:
        from flytectl_py.cli.complete import main as complete

        complete(sys.argv[2:])
        return
    try:
        from flytectl_py.cli.app import main as run_command_line
    except KeyboardInterrupt:
        # The same words as later, when there is what writes them.
        if "--json" in sys.argv:
            error = '{"code": "Interrupted", "message": "interrupted", "hint": "", "where": ""}'
            sys.stdout.write(f'{{"error": {error}}}\n')
        else:
            sys.stderr.write("error: interrupted\n")
        sys.exit(130)
    run_command_line()


@contextmanager
def user_code() -> Iterator[None]:
    """Let the collector work in the block; what was imported before the block stays out of its sight."""
    gc.freeze()
    gc.enable()
    try:
        yield
    finally:
        gc.disable()
