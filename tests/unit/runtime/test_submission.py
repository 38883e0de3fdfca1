from __future__ import annotations

from pathlib import Path

import pytest

import flyte
from flytectl_py.errors import UsageError
from flytectl_py.runtime.arguments import Invocation, read_arguments
from flytectl_py.runtime.places import Places
from flytectl_py.runtime.submission import image_lookup, submission_for
from flytectl_py.wire.arguments import image_cache
from flytectl_py.wire.submission import CodeBundle

fixed = flyte.TaskEnvironment("fixed", image="ghcr.io/acme/base:1")
built = flyte.TaskEnvironment("built", image=flyte.Image.from_debian_base().with_pip_packages("numpy"))


@fixed.task
def one() -> None: ...


@built.task
def two() -> None: ...


def invocation(*more: str) -> Invocation:
    given = ["-i", "in", "-o", "/s/run/a0/1", "-v", "v1", "--run-base-dir", "/s/run", "--project", "p", "--domain", "d"]
    return read_arguments([*given, "--org", "o", *more, "--resolver", "r.R"], {})


def test_a_child_is_submitted_as_its_parent_was(tmp_path: Path) -> None:
    found = submission_for(one, invocation("--tgz", "s3://b/code.tar.gz", "--dest", "/app"), Places({}))
    assert (found.project, found.domain, found.org, found.version) == ("p", "d", "o", "v1")
    assert (found.image, found.bundle) == ("ghcr.io/acme/base:1", CodeBundle("s3://b/code.tar.gz", "/app"))
    assert submission_for(one, invocation(), Places({})).bundle is None


def test_images_that_were_built(monkeypatch: pytest.MonkeyPatch) -> None:
    told = invocation("--image-cache", image_cache({"built": "ghcr.io/acme/built:2"}))
    assert submission_for(two, told, Places({})).image == "ghcr.io/acme/built:2"
    with pytest.raises(UsageError, match=r"which image the environment 'built' of built\.two has"):
        submission_for(two, invocation(), Places({}))
    monkeypatch.setenv("FLYTE_INTERNAL_IMAGE", "ghcr.io/acme/own:3")
    assert submission_for(two, invocation(), Places({})).image == "ghcr.io/acme/own:3"


def test_a_table_of_images_that_cannot_be_read() -> None:
    assert image_lookup("") == {}
    with pytest.raises(UsageError, match="--image-cache cannot be read"):
        image_lookup("not base64!")
