"""A standard Python package with a src layout; the image holds its dependencies, the bundle its code.

Try it::

    cd examples/packaging/my_package
    flyte run src/my_package/main.py analyze_task --data '[{"value": 1}]'
    PYTHONPATH=src python src/my_package/main.py
"""

import pathlib

import flyte
from my_package.data.loader import fetch_data
from my_package.data.processor import clean_data
from my_package.models.analyzer import analyze

env = flyte.TaskEnvironment(
    name="pipeline",
    image=flyte.Image.from_debian_base().with_uv_project(
        pyproject_file=pathlib.Path(__file__).parent.parent.parent / "pyproject.toml"
    ),
)


@env.task
async def fetch_task(url: str) -> dict:
    return await fetch_data(url)


@env.task
def process_task(raw_data: dict) -> list[dict]:
    return clean_data(raw_data)


@env.task
def analyze_task(data: list[dict]) -> str:
    return analyze(data)


if __name__ == "__main__":
    import flyte.git

    # Set root to project root for proper imports
    flyte.init_from_config(flyte.git.config_from_root(), root_dir=pathlib.Path(__file__).parent.parent.parent)

    # All modules bundled automatically
    run = flyte.run(analyze_task, data=[{"value": 1}, {"value": 2}])
    print(f"Run URL: {run.url}")
