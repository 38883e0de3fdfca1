"""What the words of `flyte bundle` stand for: code, archives, URIs, folders, or the last bundle."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.loading import load_target
from flytectl_py.cli.output import keep_stdout
from flytectl_py.digest.manifest import Manifest
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.engines.bundle_imports import Code
    from flytectl_py.engines.bundling import Request

LAST = "last"


def code_of(target: str, options: Mapping[str, Any]) -> Code:
    """Load `target` and return its code."""
    from flytectl_py.engines.bundle_imports import Code
    from flytectl_py.engines.bundling import check_root

    check_root(root_of(target, options))  # Before anything in it is walked or run.
    keep_stdout()
    loaded = load_target(target, options)
    return Code(loaded.root.path, loaded.root.import_paths, loaded.target, loaded.environments, dict(sys.modules))


def request_of(options: Mapping[str, Any], *, everything: bool = False) -> Request:
    """Return what the options want of a bundle."""
    from flytectl_py.engines.bundling import Request

    return Request(
        options.get("copy_style", "auto"), tuple(options.get("include", ())), os.getcwd(), everything=everything
    )


def manifest_of(word: str, options: Mapping[str, Any], root: Path | None) -> Manifest:
    """Return the files of a bundle.

    A Python file stands for the bundle that would be made of it; a folder for the files in it that no rule leaves out.

    :param root: where `last` is looked for, besides the current folder and those above it.
    """
    from flytectl_py.engines.bundling import plan_bundle, plan_folder
    from flytectl_py.project.unloading import unloaded_again
    from flytectl_py.storage.extract import verify

    if word == LAST:
        return _last(root)
    if word.endswith(".py"):
        with unloaded_again():  # The other side may have modules of the same names.
            return plan_bundle(code_of(word, options), request_of(options)).manifest
    if Path(word).is_dir():
        return plan_folder(Path(word).absolute()).manifest
    with archive_of(word) as archive:
        return verify(archive)


def root_of(word: str, options: Mapping[str, Any]) -> Path:
    """Return the root of a Python file's project."""
    from flytectl_py.config import settings as config
    from flytectl_py.project.root import find_root

    explicit = options.get("root_dir")
    settings = config.set_flags(options.get("config"), root_dir=explicit)
    return find_root(Path(word), explicit=Path(explicit) if explicit else None, configured=settings.root_dir).path


def _last(root: Path | None) -> Manifest:
    from flytectl_py.engines.bundle_history import last_bundle

    here = Path.cwd()
    for folder in (*([root] if root else []), here, here / "src", *here.parents):
        found = last_bundle(folder)
        if found is not None:
            return found
    raise UsageError("there is no last bundle of this project", hint="make one: flyte bundle FILE", where=LAST)


@contextmanager
def archive_of(word: str) -> Iterator[Path]:
    """Give the archive of that path, or the one at that URI, which is fetched and kept while the block runs."""
    from flytectl_py.storage.registry import is_uri, open_store

    if not is_uri(word):
        yield Path(word)
        return
    import tempfile

    place, _, key = word.rpartition("/")
    with tempfile.TemporaryDirectory(prefix="flyte-bundle-") as folder, open_store(place) as store:
        file = Path(folder, key or "bundle.tar.gz")
        with file.open("wb") as out:
            store.get(key, out)
        yield file
