"""Writes the records of many runs into this folder, as many processes would."""

import pathlib
import sys

import flyte
from flytectl_py.project.state import state_folder
from flytectl_py.records.database import gather_into

env = flyte.TaskEnvironment(name="many")


@env.task
def child(x: int) -> int:
    return x


@env.task
def parent(x: int) -> int:
    return child(x) + child(x + 1)


if __name__ == "__main__":
    flyte.init()
    for number in range(int(sys.argv[1])):
        flyte.with_runcontext(mode="local").run(parent, number)
    gather_into(state_folder(pathlib.Path.cwd()), print)
