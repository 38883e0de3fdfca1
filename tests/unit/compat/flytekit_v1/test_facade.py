"""Two modules of flytekit under their own names: only when asked for, and never instead of a flytekit that is there."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flytectl_py.compat.flytekit_v1 import cache, facade


@pytest.fixture
def enabled() -> Iterator[None]:
    assert facade.enable()
    yield
    facade.disable()


def test_it_is_off_until_it_is_asked_for() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'flytekit'"):
        importlib.import_module("flytekit.core.cache")


def test_the_names_are_ours(enabled: None) -> None:
    found = importlib.import_module("flytekit.core.cache")
    assert found.Cache is cache.Cache
    assert found.ImageSpec is cache.ImageSpec
    assert sorted(found.__all__) == sorted(cache.__all__)
    assert cache.__name__ == "flytectl_py.compat.flytekit_v1.cache"
    serialize = importlib.import_module("flytekit.clis.sdk_in_container.serialize")
    assert serialize.SerializationSettings.__module__.startswith("flytectl_py.")


def test_what_there_is_not_is_said(enabled: None) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"no flytekit\.core\.task: flytekit is not installed, and of it"):
        importlib.import_module("flytekit.core.task")
    with pytest.raises(ImportError, match="cannot import name 'workflow' from 'flytekit'"):
        exec("from flytekit import workflow")
    with pytest.raises(AttributeError, match=r"has no task: flytekit is not installed"):
        _ = importlib.import_module("flytekit").task


def test_it_can_be_enabled_twice_and_disabled(enabled: None) -> None:
    before = len(sys.meta_path)
    assert facade.enable()
    assert len(sys.meta_path) == before
    importlib.import_module("flytekit.core.cache")
    facade.disable()
    assert not [name for name in sys.modules if name.partition(".")[0] == "flytekit"]
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("flytekit")


def test_a_flytekit_that_is_installed_is_not_shadowed(tmp_path: Path) -> None:
    for name, text in {"__init__.py": "", "core/__init__.py": "", "core/cache.py": "Cache = 'real'\n"}.items():
        (tmp_path / "flytekit" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "flytekit" / name).write_text(text)
    program = (
        "from flytectl_py.compat.flytekit_v1.facade import enable\n"
        "print(enable())\n"
        "import flytekit.core.cache\n"
        "print(flytekit.core.cache.Cache)\n"
        "import flytekit.clis\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "real"]
    assert "No module named 'flytekit.clis'" in done.stderr
