"""`flyte.config` and `flyte.git` as programs use them."""

from __future__ import annotations

from pathlib import Path

import pytest

import flyte.config
import flyte.git
from flytectl_py.errors import ConfigError


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "repo/sub").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "repo/sub")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_auto_without_any_file_is_empty() -> None:
    assert flyte.config.auto() == flyte.config.Config()
    assert repr(flyte.config.Config()) == "Config()"
    assert repr(flyte.config.PlatformConfig()) == "PlatformConfig(scopes=[])"


def test_auto_takes_paths_texts_and_files(tmp_path: Path) -> None:
    path = write(tmp_path / "c.yaml", "task: {domain: d}\n")
    file = flyte.config.get_config_file(path)
    assert file is not None
    assert flyte.config.get_config_file(file) is file
    for each in (path, str(path), file):
        read = flyte.config.Config.auto(each)
        assert repr(read) == f"Config(task=TaskConfig(domain='d'), source={path!r})"


def test_get_config_file_searches_and_may_find_nothing() -> None:
    assert flyte.config.get_config_file(None) is None
    path = write(Path.cwd() / ".flyte/config.yaml", "task: {domain: d}\n")
    file = flyte.config.get_config_file(None)
    assert file is not None
    assert file.path == path
    with pytest.raises(ConfigError):
        flyte.config.get_config_file("missing.yaml")


def test_with_params_keeps_what_is_not_given() -> None:
    first = flyte.config.Config(
        platform=flyte.config.PlatformConfig(endpoint="h"), task=flyte.config.TaskConfig(domain="d")
    )
    second = first.with_params(task=flyte.config.TaskConfig(project="p"))
    assert (second.platform.endpoint, second.task) == ("h", flyte.config.TaskConfig(project="p"))
    assert first.task.domain == "d"


@pytest.mark.parametrize(
    ("value", "set_"), [(None, 0), ("", 0), (0, 0), ([], 0), ({}, 0), (False, 1), ("x", 1), (1, 1)]
)
def test_set_if_exists(value: object, set_: int) -> None:
    given: dict[str, object] = {}
    assert flyte.config.set_if_exists(given, "k", value) is given
    assert given == ({"k": value} if set_ else {})


def test_config_from_root_reads_the_file_at_the_top_of_the_tree(tmp_path: Path) -> None:
    write(tmp_path / "repo/sub/.flyte/config.yaml", "task: {domain: nearer}\n")
    assert flyte.git.config_from_root() is None  # not in git
    (tmp_path / "repo/.git").mkdir()
    assert flyte.git.config_from_root() is None  # no such file
    top = write(tmp_path / "repo/.flyte/config.yaml", "task: {domain: top}\n")
    read = flyte.git.config_from_root()
    assert read is not None
    assert (read.task.domain, read.source) == ("top", top)
    other = write(tmp_path / "repo/deploy/flyte.yaml", "task: {domain: other}\n")
    read = flyte.git.config_from_root(Path("deploy/flyte.yaml"))
    assert read is not None
    assert read.source == other
