"""Prints the milliseconds that loading a folder took; what is imported for it on the way is part of it."""

import sys
import time
from pathlib import Path

import flyte  # noqa: F401
from flytectl_py.project.loader import load
from flytectl_py.project.root import find_root

folder, expected = Path(sys.argv[1]), int(sys.argv[2])
start = time.perf_counter()
loaded = load(folder, find_root(folder))
seconds = time.perf_counter() - start
found = len(loaded.tasks())
if found != expected:
    sys.exit(f"found {found} tasks")
print(seconds * 1e3)
