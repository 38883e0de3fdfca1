"""The examples do in processes and in containers what they do here, but for what cannot travel."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.conftest import EXAMPLES
from tests.e2e.test_examples import EXPECTED, Example, commands, shows
from tests.support.process import run_process

# The environments are made of packages from the index, the images by a daemon.
pytestmark = pytest.mark.docker

FEW = 4
"""Children, where an example has a thousand: each is a process or a container."""


class Fails(str):
    """What a command says on stderr that fails there, as it should."""

    __slots__ = ()


class Otherwise(NamedTuple):
    """What an example does there, and why that is something else.

    :param shown: by its first commands; the others say nothing more. :param words: more words for ``flyte run``.
    """

    why: str
    shown: Sequence[object]
    words: str = ""


OTHERWISE = {
    "caching/caching.py": Otherwise(
        "counts what ran in a file beside the code, and each attempt has a folder of its own", [Fails("ran.txt")]
    ),
    "data/words.py": Otherwise(
        "dicts come back in the order of their keys", ['{"CAT": 3, "ON": 3, "THE": 3}', '{"cat": 3, "on": 3, "the": 3}']
    ),
    "fanout/fanout.py": Otherwise(
        "a thousand processes take minutes",
        [str(sum(n * n for n in range(FEW))), list(range(FEW)), list(range(FEW))],
    ),
    "inputs/inputs.py": Otherwise(
        "integers have 64 bits", [*EXPECTED["inputs/inputs.py"][:2], Fails("an integer of at most 64 bits")]
    ),
    "packaging/basic/app.py": Otherwise(
        "shows that an import inside a function does not travel", [Fails("No module named 'another_module'")]
    ),
    "packaging/external_image/app.py": Otherwise("its image goes by a name", ["20"], "--image my-app-image={image}"),
    "packaging/multi_environment/api.py": Otherwise(
        "its image goes by a name", ['{"status": "success"}'], "--image api-service={image}"
    ),
    "packaging/multi_module/src/workflows/pipeline.py": Otherwise(
        "a function without a return annotation returns nothing", [""]
    ),
}
ONLY_A_BUNDLE = "packaging/basic/app.py"
"""What this one shows is of its bundle, whatever its large image holds."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The cache with the environments, which the examples share."""
    return str(tmp_path_factory.mktemp("cache"))


def _trust() -> dict[str, str | None]:
    """Return what makes uv trust what this machine trusts, and not only what it brings along."""
    return {name: os.environ[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_does_the_same_in_processes(name: str, example: Example, cache: str) -> None:
    _run(name, example, "process", "ghcr.io/acme/base:1", {"XDG_CACHE_HOME": cache, **_trust()})


@pytest.mark.parametrize("name", [each for each in EXPECTED if each != ONLY_A_BUNDLE])
def test_an_example_does_the_same_in_containers(
    name: str, example: Example, own_image: str, around_docker: dict[str, str | None]
) -> None:
    _run(name, example, "docker", own_image, around_docker)


def _run(name: str, example: Example, engine: str, image: str, variables: dict[str, str | None]) -> None:
    made = example()
    environment = made.environment({"PYTHONPATH": None, **variables})
    # `flyte` comes first, whatever else leads somewhere.
    environment["PATH"] = os.pathsep.join([made.environment()["PATH"], environment["PATH"]])
    otherwise = OTHERWISE.get(name)
    written = commands(EXAMPLES / name)
    shown = EXPECTED[name] if otherwise is None else otherwise.shown
    more = "" if otherwise is None else otherwise.words.format(image=image)
    runs = 0
    for (folder, command), expected in zip(written, shown, strict=otherwise is None):
        before, flyte, words = command.partition("flyte run ")
        if not flyte:
            continue
        if name == "fanout/fanout.py":
            words = re.sub(r"--n \d+", f"--n {FEW}", words)
        line = f"{before}flyte run --engine {engine} {more} {words}"
        result = run_process(["sh", "-c", line], cwd=Path(made.path.parent, folder), env=environment, timeout=600)
        if isinstance(expected, Fails):
            assert result.code, result
            assert expected in result.err, result
        else:
            shows(result.expect(), expected)
        runs += 1
    assert runs
