"""Runs under either tool: writes a file of many MiB through a File and reads it back; prints the seconds of both."""

import os
import sys
import time

import flyte
import flyte.io

MIB = 1 << 20
env = flyte.TaskEnvironment(name="data")


@env.task
def through(mib: int, folder: str) -> tuple[float, float]:
    block = bytes(range(256)) * 4096
    file: flyte.io.File[bytes] = flyte.io.File.from_existing_remote(f"{folder}/large.bin")
    start = time.perf_counter()
    with file.open_sync("wb") as out:
        for _ in range(mib):
            out.write(block)
    written = time.perf_counter()
    size = 0
    with file.open_sync("rb") as content:
        while piece := content.read(MIB):
            size += len(piece)
    if size != mib * MIB:
        raise RuntimeError(f"{size} bytes came back")
    seconds = written - start, time.perf_counter() - written
    os.unlink(file.path)
    return seconds


if __name__ == "__main__":
    flyte.init()
    run = flyte.with_runcontext(mode="local").run(through, int(sys.argv[1]), sys.argv[2])
    print(*run.outputs()[:2])
