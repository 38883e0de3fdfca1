"""Automatic bundling: what is imported at module level travels with the code, what is imported inside a task does not.

Try it::

    cd examples/packaging/basic
    flyte run app.py process_data --x 42
    python app.py
"""

import flyte
from my_module import helper  # ✅ Bundled automatically

env = flyte.TaskEnvironment(
    name="default",
    image=flyte.Image.from_debian_base().with_pip_packages("pandas", "numpy"),
)


@env.task
def process_data(x: int) -> int:
    # This import won't be bundled (lazy load)
    from another_module import util  # ❌ Not bundled automatically

    return helper.transform(x)


if __name__ == "__main__":
    flyte.init_from_config()
    run = flyte.run(process_data, x=42)
    print(run.url)
