"""What moved between two names, in words."""

from __future__ import annotations

from typing import Any

import pytest

from flytectl_py.plan.changes import (
    bundle_changes,
    cache_changes,
    field_changes,
    image_changes,
    shown,
    version_changes,
)

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("1", "2", ["cpu 1 → 2"]),
        (None, "2", ["cpu 2 added"]),
        (["a"], [], ["cpu a removed"]),
        (False, True, ["cpu no → yes"]),
        (True, None, ["cpu yes → no"]),
        (None, True, ["cpu no → yes"]),
        ("", None, []),
        ({"a": 1}, {"a": 2}, ["cpu a=1 → a=2"]),
        (f"r/x:{DIGEST}", f"r/y:{DIGEST[:32]}", ["cpu r/x:0123456789ab → r/y:0123456789ab"]),
    ],
)
def test_fields(old: Any, new: Any, said: list[str]) -> None:
    assert field_changes({"cpu": old, "same": 1}, {"cpu": new, "same": 1}) == said


def test_values_that_would_break_a_line_are_written_out() -> None:
    assert shown("a\nb\x1b[2J") == r"'a\nb\x1b[2J'"
    assert shown(["ä", 1, None]) == "ä, 1, none"


def test_files_of_a_bundle() -> None:
    before = {"copy style": "all", "files": [["a", False, 1, "1"], ["b", False, 1, "2"], ["c", True, 9, "3"]]}
    now = {"copy style": "all", "files": [["a", True, 2048, "4"], ["c", False, 9, "5"], ["d", False, 1, "6"]]}
    assert bundle_changes(before, now) == [
        "a changed (1 B → 2.0 KiB)",
        "a is executable now",
        "b removed",
        "c changed",
        "c is not executable any more",
        "d added (1 B)",
    ]
    assert bundle_changes(before, {**before, "copy style": "loaded_modules"}) == ["copy style all → loaded_modules"]
    assert bundle_changes(before, before) == []
    assert bundle_changes({**before, "files": None}, now) == ["files, of which there are too many to be kept"]


def layer(by: str, kind: str = "workdir", files: Any = (), **fields: Any) -> dict[str, Any]:
    return {
        "declared_by": by,
        "kind": kind,
        "hash": f"{kind}{fields}{files}",
        "fields": {**fields, **({"files": str(files)} if files else {})},
        "files": list(files),
    }


def image(*layers: dict[str, Any], name: str = "t", **head: Any) -> dict[str, Any]:
    return {
        "name": name,
        "recipe": 1,
        "base": "b",
        "platforms": ["linux/amd64"],
        "python": "3.12",
        "layers": [*layers],
        **head,
    }


def pip(*packages: str, **fields: Any) -> dict[str, Any]:
    return layer("with_pip_packages", "pip", packages=list(packages), **fields)


def apt(*packages: str) -> dict[str, Any]:
    return layer("with_apt_packages", "apt", packages=list(packages))


def commands(*lines: str) -> dict[str, Any]:
    return layer("with_commands", "commands", commands=list(lines))


def env(**variables: str) -> dict[str, Any]:
    return layer("with_env_vars", "env", variables=variables)


FOLDER = ("source_folder", "source-folder")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (image(), image(base="c", python="3.13"), ["base b → c", "python 3.12 → 3.13"]),
        (image(pip("httpx")), image(pip("httpx", "numpy")), ["pip package numpy added"]),
        (image(pip("a", "b==1")), image(pip("b==2")), ["pip package b==1 → b==2", "pip package a removed"]),
        (image(pip("a", "b")), image(pip("b", "a")), ["the order of each pip package"]),
        (image(pip("git+https://x/a")), image(pip("git+https://x/b")), [
            "pip package git+https://x/b added", "pip package git+https://x/a removed",
        ]),
        (image(pip("a", pre=False)), image(pip("a", pre=True)), ["with_pip_packages: pre no → yes"]),
        (image(), image(pip("a", "b")), ["with_pip_packages (a, b) is new"]),
        (image(pip("a")), image(), ["with_pip_packages (a) is gone"]),
        (image(pip("a"), layer("with_workdir", workdir="/a")), image(layer("with_workdir", workdir="/b"), pip("a")), [
            "with_workdir: workdir /a → /b",
        ]),
        (image(pip("a"), pip("b")), image(pip("b"), pip("a")), ["the order of the layers"]),
        (image(apt("git")), image(apt()), ["apt package git removed"]),
        (image(commands("x")), image(commands("x", "y z")), ["command y z added"]),
        (image(env(A="1")), image(env(A="2")), ["variable A 1 → 2"]),
        (image(layer(*FOLDER, [["a", False, 1, "1"]])), image(layer(*FOLDER, [["a", False, 1, "2"]])), [
            "source_folder: a changed",
        ]),
    ],
)  # fmt: skip
def test_images(old: dict[str, Any], new: dict[str, Any], said: list[str]) -> None:
    assert image_changes(old, new) == said


def test_a_layer_of_too_many_files_says_that_its_files_changed() -> None:
    old, new = layer(*FOLDER, [["a", False, 1, "1"]]), layer(*FOLDER, [["a", False, 1, "2"]])
    old["files"] = new["files"] = None
    old["fields"]["files"], new["fields"]["files"] = DIGEST, DIGEST[::-1]
    assert image_changes(image(old), image(new)) == ["source_folder: files 0123456789ab → fedcba987654"]


def version(**parts: Any) -> dict[str, Any]:
    return {"recipe": 1, "bundle": None, "images": {}, "tasks": {}, **parts}


def task(**fields: Any) -> dict[str, Any]:
    return {"sha256": str(fields), "fields": fields}


def test_versions() -> None:
    before = version(
        bundle={"name": "1", "files": [["app.py", False, 1, "1"]]},
        images={"etl": image(pip("httpx"), name="1"), "given": {"name": "r.io/x:1", "given": True}},
        tasks={
            "etl.load": task(**{"resources.cpu": "1", "image": "1", "code": "1"}),
            "etl.old": task(),
            "etl.same": task(),
        },
    )
    now = version(
        bundle={"name": "2", "files": [["app.py", False, 1, "2"]]},
        images={"etl": image(pip("httpx", "numpy"), name="2"), "given": {"name": "r.io/x:2", "given": True}},
        tasks={
            "etl.load": task(**{"resources.cpu": "2", "image": "2", "code": "2"}),
            "etl.same": task(),
            "etl.new": task(),
        },
    )
    assert version_changes(before, now) == [
        "bundle: app.py changed",
        "image etl: pip package numpy added",
        "image given: r.io/x:1 → r.io/x:2",
        "task etl.load: resources.cpu 1 → 2",
        "task etl.old removed",
        "task etl.new added",
    ]
    assert version_changes(before, before) == []


def test_versions_whose_parts_were_too_many_or_were_not_there() -> None:
    many = {"sha256": "1", "fields": None}
    before = version(bundle={"name": "1", "files": None}, tasks={"a": many}, images={"x": image(name="1")})
    now = version(tasks={"a": {**many, "sha256": "2"}})
    assert version_changes(before, now) == ["bundle: removed", "image x: removed", "task a changed"]
    moved = version(bundle={"name": "2", "files": None})
    assert version_changes(version(bundle={"name": "1", "files": None}), moved) == [
        "bundle: files, of which there are too many to be kept"
    ]


def test_caches() -> None:
    before = {"salt": "a", "variables": {"A": "1"}, "code": {"f": "1", "g": "1"}}
    now = {"salt": "", "variables": {"A": "2"}, "code": {"f": "2", "h": "1"}}
    assert cache_changes(before, now) == ["salt a removed", "variable A 1 → 2", "f changed", "h is new", "g is gone"]
    assert cache_changes(before, before) == ["which definitions some names lead to"]
