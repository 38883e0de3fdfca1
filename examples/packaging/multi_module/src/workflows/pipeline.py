"""Root directory, use case 1: a project with several modules below src/, rooted at the project.

Try it::

    cd examples/packaging/multi_module
    flyte run src/workflows/pipeline.py my_task
"""

import pathlib

import flyte
from utils.helpers import process  # Relative import from project root

# Set root to project root (not src/)
flyte.init_from_config(root_dir=pathlib.Path(__file__).parent.parent.parent)


@flyte.task
def my_task():
    return process()
