"""A project of several folders; every module that is loaded is bundled, with its directory.

Try it::

    cd examples/packaging/my_project
    flyte run app.py pipeline --dataset train.csv
    python app.py
"""

import flyte
from tasks.data_tasks import load_data  # ✅ Bundled
from tasks.ml_tasks import train_model  # ✅ Bundled

# utils modules imported in tasks are also bundled


@flyte.task
def pipeline(dataset: str) -> float:
    data = load_data(dataset)
    accuracy = train_model(data)
    return accuracy


if __name__ == "__main__":
    flyte.init_from_config()
    run = flyte.run(pipeline, dataset="train.csv")
    print(run.url)
