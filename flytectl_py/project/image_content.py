"""Whether an environment's image holds a file of the user's that lies outside the root."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from flytectl_py.model.environment import Environment
from flytectl_py.model.image import Image
from flytectl_py.model.layers import (
    Commands,
    Layer,
    PipPackages,
    PoetryProject,
    Requirements,
    SourceFile,
    SourceFolder,
    UvProject,
    UvScript,
)
from flytectl_py.model.ported_layers import CopiedPath, CopiedSource
from flytectl_py.plan.import_check import Held


def image_holds(environment: Environment, file: str, module: str) -> Held:
    """Return whether the image of `environment` has `file` (absolute), the source of the top-level `module`.

    A layer may copy it, install the project that it belongs to, or install a distribution of its name. Of an image
    that is given by URI, by name or as a Dockerfile nobody here knows what is in it, nor what a shell command makes.
    """
    image = environment.image
    if not isinstance(image, Image):
        return "missing" if image == "auto" else "unknown"
    anchor = os.path.dirname(environment.place.file)
    if any(_brings(layer, anchor, file, module) for layer in image._layers):
        return "held"
    from_us = image.base_image is not None and image.base_image.startswith("python:")
    return "missing" if from_us and not any(isinstance(each, Commands) for each in image._layers) else "unknown"


def _brings(layer: Layer, anchor: str, file: str, module: str) -> bool:
    match layer:
        case SourceFolder(src=src):
            return _within(file, _real(anchor, src))
        case SourceFile(src=src):
            return os.path.realpath(file) == _real(anchor, src)
        case CopiedPath(src=src) | CopiedSource(src=src):
            there = _real(anchor, src)
            return os.path.realpath(file) == there or _within(file, there)
        case PipPackages(packages=packages, extra_args=extra):
            return _named(" ".join((*packages, extra or "")), anchor, file, module)
        case Requirements(file=listed):
            text = re.sub(r"(?m)(?:^|\s)#.*$", "", _text(_real(anchor, listed)))
            return _named(text, os.path.dirname(_real(anchor, listed)), file, module)
        case UvScript(script=script):
            header = re.search(r"(?ms)^# /// script$(.*?)^# ///$", _text(_real(anchor, script)))
            return header is not None and _named(header[1], anchor, file, module)
        case UvProject(pyproject=pyproject, project_install_mode=mode):
            return _project(_real(anchor, pyproject), mode == "install_project", file, module)
        case PoetryProject(pyproject=pyproject, project_install_mode=mode):
            return _project(_real(anchor, pyproject), mode == "install_project", file, module)
    return False


def _project(pyproject: str, installed: bool, file: str, module: str) -> bool:
    """Whether a project, or one that it takes from a path beside it, holds `file`."""
    folder = os.path.dirname(pyproject)
    if installed and _within(file, folder):
        return True
    import tomllib

    try:
        table = tomllib.loads(_text(pyproject))
    except tomllib.TOMLDecodeError:
        return False  # Building the image says what is wrong with it.
    dependencies = [each for each in _at(table, "project", "dependencies", default=[]) if isinstance(each, str)]
    if _named("\n".join(dependencies), folder, file, module):
        return True
    sources = _at(table, "tool", "uv", "sources", default={})
    poetry = _at(table, "tool", "poetry", "dependencies", default={})
    for each in (*sources.values(), *poetry.values()):
        path = each.get("path") if isinstance(each, dict) else None
        # What runs from where it is stays there, unless the project is installed as a whole.
        stays = isinstance(each, dict) and (each.get("editable") or each.get("develop")) and not installed
        if isinstance(path, str) and not stays and _within(file, _real(folder, path)):
            return True
    return False


def _named(requirements: str, folder: str, file: str, module: str) -> bool:
    """Whether a list of requirements names a distribution like `module`, or a path that holds `file`."""
    wanted = _normal(module)
    for word in re.split(r"[\s,'\"]+", requirements):
        name = re.split(r"[\[<>=!~;@]", word)[0]
        if name and _normal(name) == wanted:
            return True
        path = word.rpartition("file://")[2] if "file://" in word else word
        if path.startswith((".", "/")) and len(path) > 1 and _within(file, _real(folder, path.partition("[")[0])):
            return True
    return False


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _within(file: str, folder: str) -> bool:
    return os.path.realpath(file).startswith(os.path.join(folder, ""))


def _real(anchor: str, path: str) -> str:
    """Return the real path of a layer's file; a relative one counts from `anchor`, or the current folder."""
    there = os.path.join(anchor, path)
    return os.path.realpath(there if os.path.exists(there) else os.path.abspath(path))


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # Building the image says what is wrong with it.


def _at(table: Any, *keys: str, default: Any) -> Any:
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table if isinstance(table, type(default)) else default
