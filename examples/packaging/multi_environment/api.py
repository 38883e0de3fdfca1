"""One program, another image for each place it is deployed to.

Try it::

    cd examples/packaging/multi_environment
    flyte run api.py api_call --endpoint /health
    ENV=staging python api.py
"""

import os

import flyte

# Code references image by name
env = flyte.TaskEnvironment(
    name="api",
    image=flyte.Image.from_ref_name("api-service"),
)


@env.task
def api_call(endpoint: str) -> dict:
    # Implementation
    return {"status": "success"}


if __name__ == "__main__":
    flyte.init_from_config()

    # Determine image based on environment
    environment = os.getenv("ENV", "dev")
    image_uri = {
        "dev": "myregistry.com/api-service:dev",
        "staging": "myregistry.com/api-service:staging",
        "prod": "myregistry.com/api-service:v1.2.3",
    }[environment]

    run = flyte.with_runcontext(
        copy_style="none",
        images={"api-service": image_uri},
    ).run(api_call, endpoint="/health")
    print(run.url)
