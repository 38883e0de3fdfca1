"""Both approaches in one program: development tasks travel as a bundle, production tasks live in their image.

Try it::

    cd examples/packaging/hybrid
    flyte run hybrid.py experimental_task --x 5
    flyte run hybrid.py stable_task --x 5
    python hybrid.py
"""

import pathlib

import flyte

# Fast iteration for development tasks
dev_env = flyte.TaskEnvironment(
    name="dev",
    image=flyte.Image.from_debian_base().with_pip_packages("pandas"),
    # Code bundling (default)
)

# Immutable containers for production tasks
prod_env = flyte.TaskEnvironment(
    name="prod",
    image=flyte.Image.from_debian_base()
    .with_pip_packages("pandas")
    .with_source_folder(pathlib.Path(__file__).parent, copy_contents_only=True),
    # Requires copy_style="none"
)


@dev_env.task
def experimental_task(x: int) -> int:
    # Rapid development with code bundling
    return x * 2


@prod_env.task
def stable_task(x: int) -> int:
    # Production with embedded code
    return x**2


if __name__ == "__main__":
    flyte.init_from_config(root_dir=pathlib.Path(__file__).parent)

    # Use code bundling for dev task
    dev_run = flyte.run(experimental_task, x=5)

    # Use container-based for prod task
    prod_run = flyte.with_runcontext(
        copy_style="none",
        version="v1.0.0",
    ).run(stable_task, x=5)
    print(dev_run.url, prod_run.url)
