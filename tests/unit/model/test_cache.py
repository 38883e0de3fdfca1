"""Caching: requests, versions, and what a version depends on."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Token
from datetime import timedelta
from typing import Any

import pytest

from flytectl_py.errors import DeclarationError, NotReadyError
from flytectl_py.model import world
from flytectl_py.model.cache import Cache, CodePolicy, FunctionBodyPolicy, VersionParameters


class Sources:
    """A world in which every function has the text that the test gives it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def source_of(self, function: Callable[..., Any]) -> str:
        return self.text

    def code_version(self, function: Callable[..., Any]) -> str:
        return f"all of {self.text}"

    def is_file(self, path: str) -> bool:
        return False

    def is_dir(self, path: str) -> bool:
        return False


BY_BODY = Cache("auto", policies=FunctionBodyPolicy())


def version(text: str, cache: Cache = BY_BODY, **given: Any) -> str:
    token: Token[world.World | None] = world.current_world.set(Sources(text))
    try:
        return cache.get_version(VersionParameters(version, **given))
    finally:
        world.current_world.reset(token)


BODY = "@env.task(retries=1)\ndef f(x: int) -> int:\n    return x\n"


def test_requests_of_every_form() -> None:
    cache = Cache("auto", salt="s")
    assert Cache.of(cache) is cache
    assert [Cache.of(each).is_enabled() for each in ("auto", "override", "disable")] == [True, True, False]
    assert Cache.of("auto") == Cache("auto")


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("on", "auto"),
        (True, "auto"),
        ("atuo", "auto"),
        (False, "disable"),
        ("disabled", "disable"),
        ("force", "override"),
    ],
)
def test_what_is_no_request(value: Any, meant: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        Cache.of(value)
    assert caught.value.hint == f"did you mean '{meant}'?"
    with pytest.raises(DeclarationError, match=r"Cache\(behavior=…\)"):
        Cache(value)


def test_the_version_follows_the_body_and_nothing_around_it() -> None:
    assert version(BODY) == version(BODY.replace("@env.task(retries=1)\n", ""))
    assert version(BODY) == version("".join(f"    {line}\n" for line in BODY.splitlines()))
    assert version(BODY) != version(BODY.replace("return x", "return x + 1"))
    assert version(BODY) != version(BODY, Cache("auto", policies=FunctionBodyPolicy(), salt="s"))


def test_blanks_inside_a_text_count() -> None:
    text = 'def f():\n    return """a{}\n    b"""\n'
    assert version(text.format("")) != version(text.format(" "))


def test_the_version_is_the_same_forever() -> None:
    assert version(BODY) == "30b45da0fa8ec69e5714b292e80a291e03c2b1c51d6147f3e80cb251988e7a76"


def test_by_default_it_follows_the_code_the_variables_the_image_and_the_salt() -> None:
    auto = Cache("auto")
    versions = [
        version("a", auto),
        version("b", auto),
        version("a", Cache("auto", salt="s")),
        version("a", auto, image="img:1"),
        version("a", auto, image="img:2"),
        version("a", auto, variables={"A": "1"}),
        version("a", auto, variables={"A": "2"}),
        version("a", auto, variables={"A": "1", "B": ""}),
    ]
    assert len(set(versions)) == len(versions)
    assert version("a", auto, variables={"A": "1", "B": "2"}) == version("a", auto, variables={"B": "2", "A": "1"})
    assert version("a", auto) == version("a", Cache("auto", policies=CodePolicy()))


def test_a_policy_of_flyte_1_finds_what_it_asks_for() -> None:
    class OfImage:
        def get_version(self, salt: str, params: VersionParameters) -> str:
            assert callable(params.func)
            return f"{params.container_image} {params.pod_template} {params.pod_template_name}"

    given = {"image": "img:1", "pod_template_name": "large"}
    assert version("a", Cache("auto", policies=[OfImage()]), **given) == "img:1 None large"


def test_a_given_version_needs_no_function() -> None:
    assert Cache("auto", version_override="v1").get_version() == "v1"
    assert Cache("disable").get_version() == ""
    with pytest.raises(DeclarationError, match="version_override"):
        Cache("auto").get_version()


def test_policies_of_the_users_own() -> None:
    class Fixed:
        def __init__(self, text: str) -> None:
            self.text = text

        def get_version(self, salt: str, params: VersionParameters) -> str:
            return f"{self.text}{salt}"

    assert version(BODY, Cache("auto", policies=Fixed("p"), salt="!")) == "p!"
    several = [version(BODY, Cache("auto", policies=[Fixed(a), Fixed(b)])) for a, b in (("ab", "c"), ("a", "bc"))]
    assert several[0] != several[1]


def test_without_a_world_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world._installed, "world", None)
    with pytest.raises(NotReadyError, match="may read files"):
        Cache("auto").get_version(VersionParameters(version))


def test_sequences_have_one_form() -> None:
    assert Cache("auto", ignored_inputs="a").get_ignored_inputs() == ("a",)
    assert Cache("auto", ignored_inputs=["a", "b"]) == Cache("auto", ignored_inputs=("a", "b"))  # type: ignore[arg-type]
    assert Cache("auto", max_age=60).max_age == timedelta(minutes=1)
    assert len({Cache("auto"), Cache("auto")}) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"ignored_inputs": 1},
        {"policies": 1},
        {"version_override": ""},
        {"salt": None},
        {"max_age": -1},
        {"policies": Sources},
    ],
)
def test_a_wrong_cache(given: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError) as caught:
        Cache("auto", **given)
    assert next(iter(given)) in caught.value.parameter
