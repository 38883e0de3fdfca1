"""Loads the FILE or DIR of a command, with the options that say how."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.output import settle_output
from flytectl_py.cli.start import user_code
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.project.loaded import Loaded


def load_target(target: str, options: Mapping[str, Any], *, recursive: bool = True) -> Loaded:
    """Load a Python file, or those of a folder, as the settings say that `options` and the configuration give.

    :param target: as it was typed. :param options: those of the command, by name; `root_dir` is the one for loading.
    :param recursive: of a folder, also those of the folders in it.
    :raises UsageError, ModuleLoadError, ConfigError: as loading and the settings do.
    """
    if not target:  # As a path it would be the current folder.
        raise UsageError("FILE is empty", hint="give a .py file, or a folder that holds some")
    from flytectl_py.cli.connecting import settled
    from flytectl_py.project.loader import load
    from flytectl_py.project.root import find_root

    output = settle_output(options)
    explicit = options.get("root_dir")
    settings = settled(options, output, root_dir=explicit, images=options.get("image"))
    root = find_root(Path(target), explicit=Path(explicit) if explicit else None, configured=settings.root_dir)
    output.detail(f"root {root.path} ({root.reason})")
    with user_code():
        return load(Path(target), root, recursive=recursive)
