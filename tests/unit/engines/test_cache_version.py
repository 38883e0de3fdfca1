"""The version of a task, its image's part of it, and what is remembered of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import flyte
from flytectl_py.engines.cache_history import CacheHistory, changes, parts_of
from flytectl_py.engines.cache_version import auto_version, image_tag_of, task_version
from flytectl_py.errors import InvalidImageError
from flytectl_py.model.task import Task

LIMIT = 1


def task(cache: Any = "auto", **environment: Any) -> Task[..., Any]:
    env = flyte.TaskEnvironment("versions", cache=cache, **environment)

    @env.task
    def main(x: int, y: int = LIMIT) -> int:
        return x

    return main


def version(root: Path, **environment: Any) -> str:
    return task_version(task(**environment), root)


def test_the_image_counts_by_its_tag(tmp_path: Path) -> None:
    base = flyte.Image.from_debian_base(python_version=(3, 12))
    images = ["img:1", "img:2", base, base.with_pip_packages("rich"), "auto"]
    tags = [image_tag_of(task(image=image).environment, tmp_path) for image in images]
    assert tags[:2] == ["img:1", "img:2"]
    assert [len(tag) for tag in tags[2:]] == [32] * 3
    versions = [version(tmp_path, image=image) for image in images[:4]]
    assert len({*versions}) == 4
    same = base.clone(name="other", registry="registry.example")
    assert version(tmp_path, image=same) == versions[2]


def test_an_image_that_cannot_be_planned_has_no_version(tmp_path: Path) -> None:
    broken = flyte.Image.from_debian_base().with_requirements(tmp_path / "none.txt")
    with pytest.raises(InvalidImageError):
        version(tmp_path, image=broken)
    assert version(tmp_path, image=broken, cache=flyte.Cache("auto", version_override="1")) == "1"


def test_variables_count_and_resources_do_not(tmp_path: Path) -> None:
    found = [version(tmp_path, image="i", env_vars=each) for each in (None, {"A": "1"}, {"A": "2"})]
    assert len(set(found)) == 3
    assert version(tmp_path, image="i", resources=flyte.Resources(cpu=2), description="d") == found[0]


def test_auto_version_is_what_the_cache_says() -> None:
    assert auto_version(task(cache="disable"), "tag") == ""
    assert auto_version(task(cache=flyte.Cache("auto", version_override="v1")), "tag") == "v1"
    one, other = auto_version(task(), "one"), auto_version(task(), "other")
    assert one != other
    assert len(one) == 64


def test_what_changed_is_told(tmp_path: Path) -> None:
    history = CacheHistory(tmp_path / "cache")
    before = task(image="img:1", env_vars={"A": "1", "B": "1"})
    assert history.before(before) is None
    parts = parts_of(before, tmp_path)
    assert changes(None, parts) == ()
    history.remember(before, parts.version, tmp_path)
    kept = history.before(before)
    assert (kept.subject, kept.name, kept.by, kept.parts) == (before.name, parts.version, "run", parts.document())
    assert changes(history.before(before), parts) == ()
    after = task(cache=flyte.Cache("auto", salt="s", ignored_inputs="y"), image="img:2", env_vars={"A": "2", "C": "1"})
    assert changes(history.before(after), parts_of(after, tmp_path)) == (
        "salt s added",
        "image img:1 → img:2",
        "inputs x, y → x",
        "ignored_inputs y added",
        "variable A 1 → 2",
        "variable B 1 removed",
        "variable C 1 added",
    )
    fixed = task(cache=flyte.Cache("auto", version_override="1"))
    told = changes(history.before(fixed), parts_of(fixed, tmp_path))
    assert "version_override 1 added" in told


def test_a_history_that_is_damaged_or_cannot_be_written_is_none(tmp_path: Path) -> None:
    main = task(image="img:1")
    history = CacheHistory(tmp_path / "cache")
    history.remember(main, "1", tmp_path)
    (file,) = (tmp_path / "cache" / "last").iterdir()
    for damage in ("", "[]", '{"format": 0}', '{"format": 1, "parts": []}'):
        file.write_text(damage)
        assert history.before(main) is None
    (tmp_path / "file").touch()
    CacheHistory(tmp_path / "file").remember(main, "1", tmp_path)
