"""Prints the milliseconds that importing every module of a folder took, with the `flyte` that stands in `plain/`."""

import importlib
import sys
import time
from pathlib import Path

import flyte

folder = Path(sys.argv[1])
names = [".".join(file.relative_to(folder).with_suffix("").parts) for file in sorted(folder.rglob("module_*.py"))]
sys.path.insert(0, str(folder))
start = time.perf_counter()
for name in names:
    importlib.import_module(name)
seconds = time.perf_counter() - start
if len(flyte.tasks) != 2000:
    sys.exit(f"found {len(flyte.tasks)} tasks")
print(seconds * 1e3)
