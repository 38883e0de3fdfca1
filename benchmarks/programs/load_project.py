"""Prints the milliseconds that loading a folder took; what is imported for it on the way is part of it."""

import sys
import time
from pathlib import Path

import flyte  # noqa: F401
from flytectl_py.project.loader import load
from flytectl_py.project.root import find_root

folder = Path(sys.argv[1])
start = time.perf_counter()
loaded = load(folder, find_root(folder))
tasks = loaded.tasks()
seconds = time.perf_counter() - start
if len(tasks) != 2000:
    sys.exit(f"found {len(tasks)} tasks")
print(seconds * 1e3)
