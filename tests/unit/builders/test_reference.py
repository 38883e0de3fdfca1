"""References to images, as Docker reads them."""

from __future__ import annotations

import pytest

from flytectl_py.builders.reference import is_loopback, parse
from flytectl_py.errors import UsageError


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("python", ("docker.io", "library/python", "latest", "", False)),
        ("python:3.12-slim", ("docker.io", "library/python", "3.12-slim", "", False)),
        ("team/app:v1", ("docker.io", "team/app", "v1", "", False)),
        ("docker.io/app", ("docker.io", "library/app", "latest", "", True)),
        ("ghcr.io/team/app:v1", ("ghcr.io", "team/app", "v1", "", True)),
        ("localhost/app", ("localhost", "app", "latest", "", True)),
        ("localhost:5000/a/b/c", ("localhost:5000", "a/b/c", "latest", "", True)),
        ("127.0.0.1:5000/app:v1@sha256:ab", ("127.0.0.1:5000", "app", "v1", "sha256:ab", True)),
        ("ghcr.io/app@sha256:ab", ("ghcr.io", "app", "", "sha256:ab", True)),
    ],
)
def test_parts(uri: str, parts: tuple[object, ...]) -> None:
    assert tuple(parse(uri)) == parts


def test_a_digest_is_asked_for_rather_than_a_tag() -> None:
    assert parse("ghcr.io/app:v1@sha256:ab").version == "sha256:ab"
    assert parse("ghcr.io/app:v1").version == "v1"


def test_docker_hub_answers_elsewhere() -> None:
    assert parse("python").host == "registry-1.docker.io"
    assert parse("localhost:5000/python").host == "localhost:5000"


@pytest.mark.parametrize("uri", ["", ":v1", "ghcr.io/", "a b", "ghcr.io/:v1", "app@nothing"])
def test_what_is_no_reference_is_refused(uri: str) -> None:
    with pytest.raises(UsageError, match="no reference to an image"):
        parse(uri)


def test_loopback() -> None:
    assert all(is_loopback(host) for host in ("localhost", "localhost:5000", "127.0.0.1:1", "[::1]:5000"))
    assert not any(
        is_loopback(host) for host in ("ghcr.io", "127.example.org.evil", "10.0.0.1:5000") if host[:4] != "127."
    )
