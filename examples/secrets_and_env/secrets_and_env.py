"""Settings and secrets as environment variables, each environment its own, also while both run at once.

Locally a secret comes from an environment variable named after it, or from a file below `.flyte/secrets`.

Try it::

    cd examples/secrets_and_env
    DB_PASSWORD=hunter2 API_KEY=abc123 flyte run secrets_and_env.py main
    DB_PASSWORD=hunter2 API_KEY=abc123 flyte run -e LEVEL=debug secrets_and_env.py main
"""

import asyncio
import os

import flyte

database = flyte.TaskEnvironment(
    name="database",
    env_vars={"LEVEL": "info", "HOST": "db.internal"},
    secrets=[flyte.Secret("password", group="db")],
)
service = flyte.TaskEnvironment(
    name="service",
    env_vars={"LEVEL": "warning", "HOST": "api.internal"},
    secrets=flyte.Secret("api-key", as_env_var="SERVICE_TOKEN"),
)
env = flyte.TaskEnvironment(name="secrets", depends_on=[database, service])


@database.task
async def query() -> str:
    """Show what the database's tasks see."""
    await asyncio.sleep(0)
    length = len(os.environ["DB_PASSWORD"])
    return f"{os.environ['HOST']} {os.environ['LEVEL']} password of {length}, token: {'SERVICE_TOKEN' in os.environ}"


@service.task
async def call() -> str:
    """Show what the service's tasks see."""
    await asyncio.sleep(0)
    length = len(os.environ["SERVICE_TOKEN"])
    return f"{os.environ['HOST']} {os.environ['LEVEL']} token of {length}"


@env.task
async def main() -> list[str]:
    """Run both at the same time."""
    return list(await asyncio.gather(query(), call()))
