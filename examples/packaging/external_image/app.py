"""An image that is built elsewhere: the code names it, and whoever runs the code says which one it is.

Try it::

    cd examples/packaging/external_image
    flyte run app.py process --x 10
    python app.py
"""

import flyte

env = flyte.TaskEnvironment(
    name="external",
    image=flyte.Image.from_ref_name("my-app-image"),  # Reference name
)


@env.task
def process(x: int) -> int:
    return x * 2


if __name__ == "__main__":
    flyte.init_from_config()

    # Pass actual image URI at deploy/run time
    run = flyte.with_runcontext(
        copy_style="none",
        images={"my-app-image": "myregistry.com/my-app:v1.2.3"},
    ).run(process, x=10)
    print(run.url)
