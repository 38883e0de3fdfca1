"""Checks run at once, in their order, and one that hangs is left behind."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from flytectl_py.config.settings import resolve
from flytectl_py.engines.doctor import Check, carry_out, configured_push, surroundings, why_build
from flytectl_py.plan.diagnosis import Finding


def finding(name: str) -> Finding:
    return Finding(name, "ok", "")


def test_what_hangs_is_a_finding_and_the_rest_is_there() -> None:
    end, ended = threading.Event(), threading.Event()

    def hang() -> list[Finding]:
        end.wait(60)
        ended.set()
        return [finding("late")]

    found = carry_out(
        [
            Check("first", hang, needed=True, seconds=0.01),
            Check("second", lambda: [finding("a"), finding("b")]),
            Check("third", hang, needed=False, seconds=0.01),
        ]
    )
    end.set()
    ended.wait(60)
    assert [(each.check, each.state) for each in found] == [
        ("first", "missing"),
        ("a", "ok"),
        ("b", "ok"),
        ("third", "warning"),
    ]
    assert "no answer within" in found[0].text


def test_they_run_at_once() -> None:
    meeting = threading.Barrier(2, timeout=60)
    checks = [Check(name, lambda name=name: [finding(f"{name}{meeting.wait() * 0}")]) for name in "ab"]  # type: ignore[misc]
    assert [each.check for each in carry_out(checks)] == ["a0", "b0"]


def test_a_fault_of_a_check_itself_is_raised() -> None:
    def fail() -> list[Finding]:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        carry_out([Check("x", fail)])


def test_why_images_have_to_be_built_here() -> None:
    usual, remote = resolve(), resolve({"endpoint": "https://x"})
    podman, other = (
        resolve({"image_builder": "podman"}),
        resolve({"image_builder": "environment", "endpoint": "https://x"}),
    )
    assert why_build(usual, images=True, declared="") == ""
    assert why_build(usual, images=True, declared="app.py") == "app.py declares an image to build"
    assert why_build(remote, images=True, declared="") == "images have to be built for https://x"
    assert why_build(remote, images=False, declared="") == ""
    assert why_build(podman, images=False, declared="") == "--image-builder says podman"
    assert why_build(other, images=True, declared="app.py") == ""


def test_only_what_is_configured_is_asked() -> None:
    assert configured_push(None, resolve()) == []
    assert configured_push(None, resolve({"image_registry": "ghcr.io/acme"})) == ["ghcr.io/acme/flyte"]
    assert configured_push("r.io/a/", resolve({"image_registry": "ghcr.io/acme"})) == ["r.io/a/flyte"]
    checks = surroundings(resolve(), Path("/x"), build_for="", pushes=["r.io/a/b:1"], stores=["s3://b"])
    names = [each.name for each in checks]
    assert names == ["python", "flyte", "docker", "registry r.io/a/b", "store s3://b", "endpoint", "space"]
