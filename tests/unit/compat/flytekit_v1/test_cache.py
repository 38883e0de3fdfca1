"""Versions of caches are flytekit's own; see tests/oracle for how its answers were got."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import flyte
from flytectl_py.compat.flytekit_v1 import cache as v1
from flytectl_py.errors import DeclarationError, FlyteError
from flytectl_py.model import cache as v2

VECTORS = json.loads((Path(__file__).parents[3] / "golden" / "flytekit_v1" / "caches.json").read_text(encoding="utf-8"))


class Says:
    def __init__(self, form: str) -> None:
        self.form = form

    def get_version(self, salt: str, params: v1.VersionParameters[Any, Any]) -> str:
        return self.form.format(salt=salt, func=params.func.__name__, image=params.container_image)


def main_function() -> None: ...


def test_every_version_is_flytekits() -> None:
    assert len(VECTORS["cases"]) > 50
    for case in VECTORS["cases"]:
        fields = {**case["fields"], "policies": [Says(form) for form in case["fields"]["policies"]]}
        params = v1.VersionParameters(main_function, case["image"])
        assert v1.Cache(**fields).get_version(params) == case["version"], case


@pytest.mark.parametrize("given", ["y", ("y",)])
def test_ignored_inputs(given: Any) -> None:
    assert v1.Cache("1", ignored_inputs=given).get_ignored_inputs() == ("y",)


def test_one_policy_needs_no_list() -> None:
    params = v1.VersionParameters(main_function)
    assert v1.Cache(policies=Says("x")).get_version(params) == v1.Cache(policies=[Says("x")]).get_version(params)


@pytest.mark.parametrize("given", [{}, {"policies": []}])
def test_neither_version_nor_policy(given: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match="neither version nor policies"):
        v1.Cache(**given)


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ([Says("x"), 3], r"policies\[1\].*it is a int"),
        (7, r"policies\[0\]"),
        ([Says], r"the class Says"),
    ],
)
def test_what_is_no_policy(policies: Any, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        v1.Cache(policies=policies)


def test_a_policy_that_fails_is_named() -> None:
    class Bad:
        def get_version(self, salt: str, params: Any) -> str:
            raise KeyError("x")

    class Odd(Bad):
        def get_version(self, salt: str, params: Any) -> Any:
            return 3

    for policy, said in ((Bad(), "Bad raised KeyError"), (Odd(), "Odd returned a int, no text")):
        with pytest.raises(FlyteError, match=said):
            v1.Cache(policies=policy).get_version(v1.VersionParameters(main_function))


def test_it_is_usable_wherever_a_flyte_cache_is() -> None:
    env = flyte.TaskEnvironment("v1-cache")
    policy = v1.Cache(policies=Says("{salt}{func}"), salt="s", serialize=True, ignored_inputs="y")

    @env.task(cache=policy)  # type: ignore[arg-type]  # by its protocol
    def cached(x: int, y: int) -> int:
        return x

    settled = cached.settings.cache
    assert (settled.behavior, settled.serialize, settled.get_ignored_inputs()) == ("auto", True, ("y",))
    asked = v1.VersionParameters(cached.func)
    assert settled.get_version(v2.VersionParameters(cached.func)) == policy.get_version(asked)
    assert v2.Cache.of(v1.Cache("7")).get_version() == "7"  # type: ignore[arg-type]  # by its protocol


def test_the_names_of_the_module() -> None:
    names = "Cache CachePolicy Generic ImageSpec ParamSpec PodTemplate Protocol TypeVar VersionParameters"
    assert sorted(v1.__all__) == sorted(names.split())
    assert all(hasattr(v1, name) for name in v1.__all__)
