"""Root directory, use case 2: utilities that several projects share, in a folder beside them.

Try it::

    cd examples/packaging/workspace
    flyte run project/app.py my_task --name workspace
    flyte run project/app.py --name shared-utilities my_task
"""

import pathlib

import flyte
from shared.common import shared_function  # Import from parent directory

# Set root to workspace/ to include shared/
flyte.init_from_config(root_dir=pathlib.Path(__file__).parent.parent)


@flyte.task
def my_task(name: str = "world") -> str:
    """Call the shared function."""
    return shared_function(name)
