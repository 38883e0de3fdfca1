"""Prints the milliseconds that importing every module of a folder took, with the `flyte` that stands in `plain/`."""

import importlib
import sys
import time
from pathlib import Path

import flyte

if hasattr(flyte, "init"):
    sys.exit(f"{flyte.__file__} is the real one")
folder, expected = Path(sys.argv[1]), int(sys.argv[2])
names = [".".join(file.relative_to(folder).with_suffix("").parts) for file in sorted(folder.rglob("module_*.py"))]
sys.path.insert(0, str(folder))
start = time.perf_counter()
for name in names:
    importlib.import_module(name)
seconds = time.perf_counter() - start
found = sum(each.startswith("task_") for name in names for each in vars(sys.modules[name]))
if found != expected:
    sys.exit(f"found {found} tasks")
print(seconds * 1e3)
