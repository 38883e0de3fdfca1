"""What happens when things go wrong: retries with a growing wait, timeouts, and errors that no retry can heal.

Try it::

    cd examples/reliability
    flyte run reliability.py main
    flyte run reliability.py careful
    flyte run reliability.py forecast
"""

import asyncio
import time
from datetime import timedelta

import flyte
import flyte.errors

env = flyte.TaskEnvironment(name="reliability")


@env.task(retries=flyte.RetryStrategy(count=3, backoff=timedelta(milliseconds=20), backoff_factor=2))
async def flaky(fail_times: int) -> int:
    """Fail on the first attempts; return the number of the attempt that went well."""
    attempt = flyte.ctx().attempt
    if attempt <= fail_times:
        raise ConnectionError(f"the service did not answer attempt {attempt}")
    return attempt


@env.task(retries=3)
async def wrong_input(rows: int) -> int:
    """Say that another attempt would not help."""
    if rows == 0:
        raise flyte.errors.NonRecoverableError("the table is empty")
    return rows


@env.task(timeout=timedelta(milliseconds=200))
async def slow_coroutine(seconds: float) -> str:
    """Take longer than allowed; the attempt is cancelled."""
    await asyncio.sleep(seconds)
    return "done"


@env.task(timeout=timedelta(milliseconds=200))
def slow_function(seconds: float) -> str:
    """Take longer than allowed; the attempt is abandoned on its thread."""
    time.sleep(seconds)
    return "done"


@env.task
async def main() -> int:
    """Succeed in the end: two failures, two waits, then a result."""
    return await flaky(fail_times=2)


@env.task
async def careful() -> str:
    """Handle the failure of a child as any exception."""
    try:
        await wrong_input(rows=0)
    except flyte.errors.NonRecoverableError as error:
        return f"gave up at once: {error}"
    return "went well"


@env.task
async def forecast() -> list[str]:
    """Try slow ways under a time limit and use what there is."""
    found = []
    for source in (slow_coroutine, slow_function):
        try:
            found.append(await source.aio(seconds=0.0))
            found.append(await source.aio(seconds=30.0))
        except flyte.errors.TaskTimeoutError:
            found.append(f"{source.short_name} took too long")
    return found
