"""Container-based deployment: the code is copied into the image, and no bundle travels.

Try it::

    cd examples/packaging/full_build
    flyte run full_build.py main --n 10
    python full_build.py
"""

import pathlib

import flyte
from dep import helper  # Local module

# Configure environment with source copying
env = flyte.TaskEnvironment(
    name="full_build",
    image=flyte.Image.from_debian_base()
    .with_pip_packages("numpy", "pandas")
    .with_source_folder(src=pathlib.Path(__file__).parent, copy_contents_only=True),
)


@env.task
def square(x: int) -> int:
    return x ** helper.get_exponent()


@env.task
def main(n: int) -> list[int]:
    return list(flyte.map(square, range(n)))


if __name__ == "__main__":
    import flyte.git

    # Initialize with matching root_dir
    flyte.init_from_config(flyte.git.config_from_root(), root_dir=pathlib.Path(__file__).parent)

    # Run with copy_style="none" and explicit version
    run = flyte.with_runcontext(
        copy_style="none",
        version="v1.0.0",  # Explicit version for image tagging
    ).run(main, n=10)

    print(f"Run URL: {run.url}")
    run.wait()
