"""Bundle the folder that this program lies in, as a dry run does that keeps the bundle; prints the seconds it took.

The same code under both tools: `flyte` is whichever of them is installed. The argument is the folder for the bundle.
"""

import contextlib
import sys
import time
from pathlib import Path

import app  # type: ignore[import-not-found]  # lies beside this program once it is copied

import flyte

root = Path(__file__).resolve().parent
start = time.perf_counter()
with contextlib.redirect_stdout(sys.stderr):  # what a tool tells of its progress is not the figure
    flyte.init(root_dir=root)
    context = flyte.with_runcontext(mode="remote", copy_style="all", dry_run=True, copy_bundle_to=Path(sys.argv[1]))
    context.run(app.main, x=1)
print(time.perf_counter() - start)
