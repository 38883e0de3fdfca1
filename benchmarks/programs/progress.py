"""Prints the processor time in microseconds that each of many small tasks took, with progress drawn or without."""

import asyncio
import os
import pty
import subprocess
import sys
import tempfile
import time

import flyte
from flytectl_py.cli.progress import Drawing
from flytectl_py.engines.runner import Runner

env = flyte.TaskEnvironment(name="drawn")


@env.task
async def child(x: int) -> int:
    return sum(range(x % 100))


@env.task
async def parent(children: int) -> float:
    start = time.process_time()
    for at in range(0, children, 1000):
        await asyncio.gather(*(child(x) for x in range(at, at + 1000)))
    return time.process_time() - start


if __name__ == "__main__":
    drawn, children = sys.argv[1] == "drawn", int(sys.argv[2])
    flyte.init()
    with tempfile.TemporaryFile() as screen:
        outer, inner = pty.openpty()
        with subprocess.Popen(["cat"], stdin=outer, stdout=screen, stderr=subprocess.DEVNULL) as reader:
            os.close(outer)
            os.dup2(inner, 2)
            os.close(inner)
            run = Runner(mode="local", watchers=(Drawing(),) if drawn else ()).run(parent, children)
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)  # The last one that has the terminal open: its reader ends.
            reader.wait()
        screen.seek(0)
        if (b"drawn.child" in screen.read()) != drawn:
            raise RuntimeError("nothing was drawn" if drawn else "something was drawn")
    print(run.outputs()[0] / children * 1e6)
