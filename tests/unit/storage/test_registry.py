"""Opening stores by URI."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from flytectl_py.errors import NotReadyError, UnknownNameError, UsageError
from flytectl_py.storage import registry
from flytectl_py.storage.api import StoreOptions
from flytectl_py.storage.memory import MemoryStore
from flytectl_py.storage.registry import open_store, schemes


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("some/folder", "LocalStore"),
        ("/some/folder", "LocalStore"),
        ("file:///some/folder", "LocalStore"),
        ("memory://x", "MemoryStore"),
        ("s3://bucket/prefix", "S3Store"),
        ("S3://bucket/prefix", "S3Store"),
        ("gs://bucket", "GCSStore"),
        ("az://container/x", "AzureStore"),
        ("abfss://container@account.dfs.core.windows.net/x", "AzureStore"),
    ],
)
def test_the_scheme_chooses_the_class(uri: str, kind: str) -> None:
    assert type(open_store(uri)).__name__ == kind


def test_objects_stand_below_the_uri(tmp_path: Path) -> None:
    assert open_store("s3://bucket/prefix/").uri("a/b") == "s3://bucket/prefix/a/b"
    assert open_store("gs://bucket").uri("a") == "gs://bucket/a"
    assert open_store(tmp_path.as_uri()).uri("a") == str(tmp_path / "a")


def test_a_scheme_that_nobody_has() -> None:
    with pytest.raises(UnknownNameError, match="no kind of store 's3a'; known: abfs, ") as caught:
        open_store("s3a://bucket")
    assert "did you mean 's3'?" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("uri", ["", "s3://", "gs:///key", "az://", "s3://bucket/x?versionId=1", "file://host/x"])
def test_what_names_no_place(uri: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(uri)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("uri", "module", "extra"), [("s3://b", "s3fs", "s3"), ("gs://b", "gcsfs", "gcs"), ("az://b", "adlfs", "azure")]
)
def test_a_missing_extra_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, uri: str, module: str, extra: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(NotReadyError) as caught:
        open_store(uri).head("x")
    assert caught.value.hint == f"pip install 'flytectl-py[{extra}]'"
    assert caught.value.exit_code == 3


def test_others_register_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    def points(*, group: str) -> list[EntryPoint]:
        assert group == "flytectl_py.storage"
        good = EntryPoint("mine", "flytectl_py.storage.memory:MemoryStore", group)
        return [good, EntryPoint("broken", "no_such_module:Store", group), EntryPoint("s3", "evil:Store", group)]

    monkeypatch.setattr("importlib.metadata.entry_points", points)
    assert isinstance(open_store("mine://x"), MemoryStore)
    assert {"mine", "s3"} <= set(schemes())
    with pytest.raises(NotReadyError, match="no_such_module"):
        open_store("broken://x")
    assert type(open_store("s3://bucket")).__name__ == "S3Store"


def test_options_reach_the_store() -> None:
    options = StoreOptions(attempts=1)
    store = open_store("memory://x", options)
    assert isinstance(store, MemoryStore)
    assert store.options is options


def test_every_built_in_class_is_there() -> None:
    from importlib import import_module

    for target in registry.BUILT_IN.values():
        module, _, name = target.partition(":")
        assert hasattr(import_module(module), name)


def test_opening_imports_nothing_heavy() -> None:
    code = """
import sys
from flytectl_py.storage.registry import open_store
heavy = {"fsspec", "s3fs", "gcsfs", "adlfs", "aiohttp", "botocore", "ssl", "asyncio", "importlib.metadata"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
open_store("memory://x")
heavy -= {"ssl"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
open_store("s3://bucket/prefix")
heavy -= {"asyncio"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-S", "-c", code], check=True, cwd=Path(__file__).resolve().parents[3])
