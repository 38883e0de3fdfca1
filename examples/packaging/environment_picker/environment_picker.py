"""One program, another environment for each domain.

The domain is known at module level under `flyte run`; a program that is started with plain Python has to call
`flyte.init(domain=…)` before it asks for it.

Try it::

    cd examples/packaging/environment_picker
    flyte run environment_picker.py process --n 5
    flyte run -d staging environment_picker.py process --n 5
    flyte run environment_picker.py process --n 5 --domain production
"""

import flyte


def create_env():
    """Create different environments based on domain."""
    if flyte.current_domain() == "development":
        return flyte.TaskEnvironment(
            name="dev",
            image=flyte.Image.from_debian_base(),
            env_vars={"ENV": "dev", "DEBUG": "true"},
        )
    elif flyte.current_domain() == "staging":
        return flyte.TaskEnvironment(
            name="staging",
            image=flyte.Image.from_debian_base(),
            env_vars={"ENV": "staging", "DEBUG": "false"},
        )
    else:  # production
        return flyte.TaskEnvironment(
            name="prod",
            image=flyte.Image.from_debian_base(),
            env_vars={"ENV": "production", "DEBUG": "false"},
            resources=flyte.Resources(cpu="2", memory="4Gi"),
        )


env = create_env()


@env.task
async def process(n: int) -> int:
    import os

    print(f"Running in {os.getenv('ENV')} environment")
    return n * 2


if __name__ == "__main__":
    flyte.init_from_config()
    run = flyte.run(process, n=5)
    print(run.url)
