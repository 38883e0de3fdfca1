"""Quantities: their sizes, their limits, and what is suggested for what is nearly one."""

from __future__ import annotations

import pytest

from flytectl_py.errors import DeclarationError
from flytectl_py.model.quantity import cpu_millicores, cpu_text, memory_bytes, memory_text


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("1Ki", 1024),
        ("1.5Gi", 1610612736),
        ("2GiB", 2 * 2**30),
        ("2GB", 2 * 10**9),
        ("0.1k", 100),
        ("1.", 1),
        ("1e3", 1000),
        ("12e-1", 2),
        ("3E", 3 * 10**18),
        ("1Ei", 2**60),
        ("0.0001Ki", 1),
    ],
)
def test_memory(text: str, size: int) -> None:
    assert memory_bytes("p", text) == size


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("500m", "'500M'"),
        ("2gi", "'2Gi'"),
        ("2gib", "'2Gi'"),
        ("2K", "'2k'"),
        (2, "'2Gi'"),
        ("x", ""),
        ("", ""),
        ("-1Gi", ""),
        ("0Gi", ""),
        ("1 Gi", ""),
        ("\u0661Gi", ""),
        ("1Zi", ""),
        (True, ""),
        (None, ""),
    ],
)
def test_what_is_no_memory(value: object, meant: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        memory_bytes("Resources(memory=…)", value)
    assert caught.value.parameter == "Resources(memory=…)"
    assert repr(value) in str(caught.value)
    assert "512Mi" in caught.value.message
    assert caught.value.hint == (f"did you mean {meant}?" if meant else "")


@pytest.mark.parametrize(
    ("value", "millicores", "text"),
    [(1, 1000, "1"), (0.5, 500, "500m"), (0.1, 100, "100m"), ("500m", 500, "500m"), ("2", 2000, "2"), (1e-05, 1, "1m")],
)
def test_cpu(value: float | str, millicores: int, text: str) -> None:
    assert cpu_millicores("p", value) == millicores
    assert cpu_text(value) == text


@pytest.mark.parametrize("value", [0, -1, 0.0, "x", "1Gi", "m", float("nan"), float("inf"), True, None, [1]])
def test_what_is_no_cpu(value: object) -> None:
    with pytest.raises(DeclarationError, match="500m"):
        cpu_millicores("p", value)


def test_kubernetes_spells_units_without_b() -> None:
    assert [memory_text(each) for each in ("2GiB", "2Gi", "7")] == ["2Gi", "2Gi", "7"]
