"""Runs commands for as long as any process holds a shared lock on a file, however those processes end.

Called as ``python keeper.py FILE STATE COMMANDS`` with a JSON list of ``{"command": […], "log": "…", "after": [[…]]}``;
`after` are commands that are run, while everything else still runs, before the end. STATE is a file that is removed
when the end begins.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys


def main() -> int:
    users, state, commands = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    children = []
    with open(users, "r+") as lock:
        for each in commands:
            with open(each["log"], "wb") as log:
                child = subprocess.Popen(
                    each["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=each.get("environment")
                )
            children.append(child)
        # Granted when the last user is gone, and kept to the end: who comes now waits, and then starts anew.
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(state)
        for each in commands:
            for command in each.get("after", []):
                quiet = subprocess.DEVNULL
                subprocess.run(command, env=each.get("environment"), stdout=quiet, stderr=quiet, check=False)
        for child in reversed(children):
            child.terminate()
        for child in children:
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
