"""The canonical encoding, value by value."""

from __future__ import annotations

import pytest

from flytectl_py.digest.framing import encode, encode_record
from flytectl_py.errors import UsageError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, b"n0:"),
        (True, b"b1:1"),
        (False, b"b1:0"),
        (0, b"i1:0"),
        (-12, b"i3:-12"),
        (2**70, b"i22:1180591620717411303424"),
        ("", b"s0:"),
        ("é", b"s2:\xc3\xa9"),
        (b"\0\1", b"x2:\0\1"),
        ([], b"l0:"),
        (["a", 1], b"l8:s1:ai1:1"),
        ({"b": None, "a": [True]}, b"m18:s1:al4:b1:1s1:bn0:"),
    ],
)
def test_values(value: object, expected: bytes) -> None:
    assert encode(value) == expected  # type: ignore[arg-type]


def test_a_tuple_is_a_list() -> None:
    assert encode((1, 2)) == encode([1, 2])


def test_a_record_has_a_kind_and_fields_in_the_order_of_their_names() -> None:
    assert encode_record("pip", {"b": 1, "a": "x"}) == b"r22:s3:pips1:as1:xs1:bi1:1"
    assert encode_record("pip", {"a": "x", "b": 1}) == encode_record("pip", {"b": 1, "a": "x"})


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (1, "1"), ("1", b"1"), (["a", "b"], ["ab"]), ([], {}), ("", None), ([["a"], "b"], ["a", ["b"]])],
)
def test_what_looks_alike_differs(one: object, other: object) -> None:
    assert encode(one) != encode(other)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1.5, {1}, object(), {1: "a"}])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot encode"):
        encode(value)  # type: ignore[arg-type]


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(UsageError, match="not valid Unicode"):
        encode("\udcff")
