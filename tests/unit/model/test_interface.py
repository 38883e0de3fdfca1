"""Interfaces: what a signature and its annotations say."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from flytectl_py.errors import DeclarationError
from flytectl_py.model.interface import MISSING, Input, Interface, Output


class Scores(NamedTuple):
    mean: float
    name: str


def test_inputs_in_the_order_of_the_signature() -> None:
    def f(a: int, b: str = "x", /, c: list[int] | None = None, *, d: float, e=1) -> None: ...  # type: ignore[no-untyped-def]

    interface = Interface.of(f)
    assert interface.inputs == (
        Input("a", int, MISSING, True, False),
        Input("b", str, "x", True, False),
        Input("c", list[int] | None, None, True),
        Input("d", float, MISSING, False),
        Input("e", MISSING, 1, False),
    )
    assert [each.name for each in interface.inputs if each.required] == ["a", "d"]
    assert interface.outputs == ()
    assert interface.input("d") == interface.inputs[3]
    assert interface.input("z") is None


def no_note(): ...  # type: ignore[no-untyped-def]
def one() -> int: ...  # type: ignore[empty-body]
def two() -> tuple[int, str]: ...  # type: ignore[empty-body]
def many() -> tuple[int, ...]: ...  # type: ignore[empty-body]
def named() -> Scores: ...  # type: ignore[empty-body]
def plain_tuple() -> tuple: ...  # type: ignore[empty-body, type-arg]
def nothing() -> None: ...


@pytest.mark.parametrize(
    ("function", "outputs"),
    [
        (no_note, [MISSING]),
        (one, [int]),
        (two, [int, str]),
        (many, [tuple[int, ...]]),
        (named, [float, str]),
        (plain_tuple, [tuple]),
        (nothing, []),
    ],
)
def test_outputs(function: Any, outputs: list[Any]) -> None:
    assert Interface.of(function).outputs == tuple(Output(f"o{n}", each) for n, each in enumerate(outputs))


def test_inputs_without_names_are_refused() -> None:
    def star(*args: int) -> None: ...
    def stars(**kwargs: int) -> None: ...

    for function, name in ((star, "args"), (stars, "kwargs")):
        with pytest.raises(DeclarationError, match="names each of its inputs") as caught:
            Interface.of(function)
        assert caught.value.value == name
        assert __file__ in caught.value.where


def test_a_name_that_is_not_there_is_named() -> None:
    def f(x: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(DeclarationError, match=r"'Nowhere' is not defined.*TYPE_CHECKING") as caught:
        Interface.of(f)
    assert caught.value.where.startswith(__file__)
