"""The tag of an image: pinned vectors, and pairs that must or must not share one."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from flytectl_py.digest.framing import encode_record
from flytectl_py.digest.image_tag import ImageRecipe, LayerRecipe, files_digest, secret_fields
from flytectl_py.digest.manifest import FileEntry
from flytectl_py.model.secret import MOUNT_PATH, Secret

BASE = "python:3.12-slim-bookworm"
BOTH = ("linux/amd64", "linux/arm64")


def tag(*layers: LayerRecipe, base: str | None = BASE, platforms: tuple[str, ...] = BOTH) -> str:
    return ImageRecipe(base, platforms, None if base is None else (3, 12), layers).tag


# Computed once, and by hand from docs/image-tag.md; they stand there too. A change of any needs a new recipe version.
VECTORS = {
    "no layers": (tag(), "a227cfd51cfb07f83c5444dde6662c90"),
    "one layer": (
        tag(LayerRecipe("apt", {"packages": ["git"], "secrets": []}), platforms=("linux/amd64",)),
        "8e1fb61200620893db0fce85b5ed7b35",
    ),
    "two layers": (
        tag(
            LayerRecipe("flyte", {"distribution": "flytectl-py", "version": "1.2.0"}),
            LayerRecipe("env", {"variables": {"A": "1", "B": "é"}}),
        ),
        "965fa9046146f52374a3c526ae452cc5",
    ),
    "a Dockerfile": (
        tag(LayerRecipe("dockerfile", {"file": "Dockerfile", "files": files_digest([])}), base=None),
        "9e96333fb31d30559703f92d1523e3fa",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name: str) -> None:
    computed, expected = VECTORS[name]
    assert computed == expected


def test_the_tag_is_md5_over_the_records_one_after_another() -> None:
    layer = LayerRecipe("workdir", {"workdir": "/app"})
    head = encode_record("image", {"base": BASE, "platforms": ["linux/amd64"], "python": "3.12", "recipe": 2})
    body = encode_record("workdir", {"workdir": "/app"})
    assert tag(layer, platforms=("linux/amd64",)) == hashlib.md5(head + body, usedforsecurity=False).hexdigest()
    assert layer.hash == hashlib.md5(body, usedforsecurity=False).hexdigest()


def test_the_order_of_platforms_is_no_difference_and_that_of_layers_is() -> None:
    one, two = LayerRecipe("commands", {"commands": ["a"]}), LayerRecipe("commands", {"commands": ["b"]})
    assert tag(platforms=BOTH) == tag(platforms=BOTH[::-1]) != tag(platforms=BOTH[:1])
    assert tag(one, two) != tag(two, one)


def test_files_enter_by_path_executable_bit_size_and_content() -> None:
    entry = FileEntry("a", False, 1, "0" * 64)
    others = [entry._replace(path="b"), entry._replace(executable=True), entry._replace(sha256="1" * 64)]
    assert len({files_digest([each]) for each in (entry, *others)}) == 4
    assert files_digest([entry, others[0]]) == files_digest([others[0], entry])


def test_secrets_enter_by_name_and_place() -> None:
    assert secret_fields([Secret("k", "g"), Secret("k", mount=Path(MOUNT_PATH))]) == [
        {"group": "g", "key": "k", "mount": None, "variable": "G_K"},
        {"group": None, "key": "k", "mount": MOUNT_PATH, "variable": None},
    ]


def test_the_page_has_these_vectors_and_the_bytes_of_the_first() -> None:
    page = (Path(__file__).parents[3] / "docs" / "image-tag.md").read_text(encoding="utf-8")
    assert re.findall(r"\| `([0-9a-f]{32})` \|", page) == [expected for _, expected in VECTORS.values()]
    (written,) = re.findall(r"^(r119:.*)$", page, re.MULTILINE)
    assert hashlib.md5(written.encode(), usedforsecurity=False).hexdigest() == VECTORS["no layers"][1]
