"""Root directory, use case 3: a monorepo with libraries and services, namespace packages all of them.

Try it::

    cd examples/packaging/monorepo
    flyte run services/ml_service/workflows.py predict --path rows.csv
    cd services/ml_service
    flyte run workflows.py predict --path rows.csv
"""

import pathlib

import flyte
from libs.data import loader  # Import from monorepo root
from libs.models import predictor

# Set root to monorepo/ to include libs/
flyte.init_from_config(root_dir=pathlib.Path(__file__).parent.parent.parent)


@flyte.task
def predict(path: str) -> float:
    """Load the rows of a path and predict from them."""
    return predictor.predict(loader.load(path))
