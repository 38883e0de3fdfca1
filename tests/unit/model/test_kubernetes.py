"""Names, labels and annotations as Kubernetes takes them."""

from __future__ import annotations

import pytest

import flyte
from flytectl_py.errors import DeclarationError
from flytectl_py.model.kubernetes import is_name, wrong_annotation, wrong_label


@pytest.mark.parametrize(
    ("key", "value"),
    [("team", "search"), ("a", ""), ("acme.com/team_x.y", "A-1_2.b"), ("k" * 63, "v" * 63), ("0", "0")],
)
def test_labels_that_can_be(key: str, value: str) -> None:
    assert wrong_label({key: value}) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("", "x"), ("team", "two words"), ("team", "-x"), ("team", "x."), ("k" * 64, "x"), ("k", "v" * 64),
        ("/team", "x"), ("a/b/c", "x"), ("Acme.com/team", "x"), ("a..b/team", "x"), ("tëam", "x"), ("team", "x\n"),
    ],
)  # fmt: skip
def test_labels_that_cannot_be(key: str, value: str) -> None:
    assert wrong_label({"fine": "x", key: value}) is not None


def test_annotations_hold_any_text_up_to_a_size() -> None:
    assert wrong_annotation({"a": "two words, and more…\n" * 1000}) is None
    assert wrong_annotation({"a": "x" * 200_000, "b": "x" * 70_000}) is not None
    assert wrong_annotation({"a b": "x"}) is not None


def test_names_of_objects() -> None:
    assert all(is_name(each) for each in ("robot", "a.b-c", "x" * 253))
    assert not any(is_name(each) for each in ("", "Robot", "a_b", "-a", "a.", "x" * 254))


def test_pod_templates_are_checked_where_they_are_written() -> None:
    flyte.PodTemplate(labels={"team": "search"}, annotations={"note": "any text"})
    with pytest.raises(DeclarationError, match="two words"):
        flyte.PodTemplate(labels={"team": "two words"})
    with pytest.raises(DeclarationError, match="annotations"):
        flyte.PodTemplate(annotations={"a b": "x"})
