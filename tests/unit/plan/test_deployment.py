"""Which environments are deployed together, in which order, and the version that names them."""

from __future__ import annotations

import pytest

import flyte
from flytectl_py.errors import DuplicateEnvironmentError, UsageError
from flytectl_py.model.registry import Registry, current_registry
from flytectl_py.plan.deployment import checked_version, closure, derived_version, is_image_tag


def test_what_is_depended_on_comes_first_and_once() -> None:
    leaf = flyte.TaskEnvironment("leaf")
    left = flyte.TaskEnvironment("left", depends_on=[leaf])
    right = flyte.TaskEnvironment("right", depends_on=[leaf])
    top = flyte.TaskEnvironment("top", depends_on=[right, left])
    assert [each.name for each in closure([top, leaf])] == ["leaf", "right", "left", "top"]
    assert [each.name for each in closure([left])] == ["leaf", "left"]


def test_a_circle_is_named_from_where_it_begins() -> None:
    first = flyte.TaskEnvironment("first")
    second = flyte.TaskEnvironment("second", depends_on=[first])
    first.add_dependency(second)
    outside = flyte.TaskEnvironment("outside", depends_on=[second])
    with pytest.raises(UsageError, match="second → first → second") as caught:
        closure([outside])
    assert caught.value.where.startswith(__file__)


def test_a_long_chain_is_no_recursion() -> None:
    chain = [flyte.TaskEnvironment("e0")]
    for number in range(1, 3000):
        chain.append(flyte.TaskEnvironment(f"e{number}", depends_on=[chain[-1]]))
    assert closure([chain[-1]]) == tuple(chain)


def test_two_of_one_name_cannot_be_deployed_together() -> None:
    one = flyte.TaskEnvironment("same")
    current_registry.set(Registry())
    other = flyte.TaskEnvironment("same")
    with pytest.raises(DuplicateEnvironmentError, match="two environments of this deployment are named 'same'"):
        closure([one, other])


def test_a_name_that_no_cluster_takes_is_refused() -> None:
    with pytest.raises(UsageError, match="64 characters"):
        closure([flyte.TaskEnvironment("e" * 64)])
    assert len(closure([flyte.TaskEnvironment("e" * 63)])) == 1


def test_the_version_of_known_content_stays() -> None:
    assert derived_version("b" * 64, ["flyte:1"], [b"one", b"two"]) == "84f5a1dd29fdffc298ac702b3f9e6f7f"


def test_order_is_no_part_of_the_version_and_all_else_is() -> None:
    version = derived_version("b", ["x", "y"], [b"1", b"2"])
    assert version == derived_version("b", ["y", "x", "x"], [b"2", b"1"])
    others = {
        derived_version("", ["x", "y"], [b"1", b"2"]),
        derived_version("b", ["x"], [b"1", b"2"]),
        derived_version("b", ["x", "y"], [b"1"]),
        derived_version("b", ["x", "y"], [b"1", b"2", b"2"]),
    }
    assert version not in others
    assert len(others) == 4


@pytest.mark.parametrize("version", ["v1", "1.2.3", "a" * 63, "release/2026-01", "1.0+local"])
def test_versions_that_a_cluster_takes(version: str) -> None:
    assert checked_version(version, "--version") == version


@pytest.mark.parametrize("version", ["", " ", "a b", "a" * 64, "é", "a\n"])
def test_versions_that_no_cluster_takes(version: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_version(version, "--version")
    assert caught.value.where == "--version"


def test_image_tags() -> None:
    assert is_image_tag("1.2.3")
    assert not is_image_tag("release/1")
    assert not is_image_tag("-1")
