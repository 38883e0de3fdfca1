"""The examples do in processes and in containers what they do here, but for what cannot travel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.conftest import EXAMPLES
from tests.e2e.test_examples import EXPECTED, Example, commands, shows
from tests.support.process import run_process

# The environments are made of packages from the index, the images by a daemon.
pytestmark = pytest.mark.docker

NOT_THE_SAME = {
    "caching/caching.py": "counts what ran in a file beside the code, and each attempt has a folder of its own",
    "data/words.py": "dicts come back in the order of their keys",
    "fanout/fanout.py": "a thousand processes take minutes",
    "inputs/inputs.py": "dicts come back in the order of their keys, and integers have 64 bits",
    "packaging/basic/app.py": "shows that an import inside a function does not travel",
    "packaging/external_image/app.py": "its image goes by a name",
    "packaging/multi_environment/api.py": "its image goes by a name",
    "packaging/multi_module/src/workflows/pipeline.py": "a function without a return annotation returns nothing",
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The cache with the environments, which the examples share."""
    return str(tmp_path_factory.mktemp("cache"))


def _trust() -> dict[str, str | None]:
    """Return what makes uv trust what this machine trusts, and not only what it brings along."""
    return {name: os.environ[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}


@pytest.mark.parametrize("name", [each for each in EXPECTED if each not in NOT_THE_SAME])
def test_an_example_does_the_same_in_processes(name: str, example: Example, cache: str) -> None:
    _run(name, example, "process", {"XDG_CACHE_HOME": cache, **_trust()})


@pytest.mark.parametrize("name", [each for each in EXPECTED if each not in NOT_THE_SAME])
def test_an_example_does_the_same_in_containers(
    name: str, example: Example, around_docker: dict[str, str | None]
) -> None:
    _run(name, example, "docker", around_docker)


def _run(name: str, example: Example, engine: str, variables: dict[str, str | None]) -> None:
    made = example()
    environment = made.environment({"PYTHONPATH": None, **variables})
    if "PATH" in variables:
        environment["PATH"] = os.pathsep.join([made.environment()["PATH"], str(variables["PATH"])])
    runs = 0
    for (folder, command), expected in zip(commands(EXAMPLES / name), EXPECTED[name], strict=True):
        before, flyte, words = command.partition("flyte run ")
        if not flyte:
            continue
        line = f"{before}flyte run --engine {engine} {words}"
        result = run_process(
            ["sh", "-c", line], cwd=Path(made.path.parent, folder), env=environment, timeout=300
        ).expect()
        shows(result, expected)
        runs += 1
    assert runs
