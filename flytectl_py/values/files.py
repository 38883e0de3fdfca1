"""Rows for File and Dir: a local path that must exist, or a URI, which is not looked at."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from flytectl_py.values.annotations import class_named, origin_class
from flytectl_py.values.badvalue import BadValue, shown, shown_json
from flytectl_py.values.conversion import Conversion, Family

A_FILE = "the path of a file, or a URI such as s3://bucket/key"
A_DIR = "the path of a folder, or a URI such as s3://bucket/prefix"


def local_path(path: str) -> str:
    """Return a local path, given as it is or as a ``file://`` URI (RFC 8089)."""
    if not path.lower().startswith("file://"):
        return path
    from urllib.parse import unquote

    rest = path[len("file://") :]
    return unquote(rest.removeprefix("localhost"))


def _file_from_text(annotation: Any, text: str, conversion: Conversion) -> Any:
    file = _named(annotation, text, A_FILE)
    if not file.is_remote and not conversion.world.is_file(local_path(text)):
        folder = conversion.world.is_dir(local_path(text))
        raise BadValue(shown(text), A_FILE, detail="that is a folder" if folder else "there is no such file")
    return file


def _dir_from_text(annotation: Any, text: str, conversion: Conversion) -> Any:
    folder = _named(annotation, text, A_DIR)
    if not folder.is_remote and not conversion.world.is_dir(local_path(text)):
        file = conversion.world.is_file(local_path(text))
        raise BadValue(shown(text), A_DIR, detail="that is a file" if file else "there is no such folder")
    return folder


def _named(annotation: Any, text: str, takes: str) -> Any:
    if not text or "\0" in text:
        raise BadValue(shown(text), takes)
    return origin_class(annotation)(text)


def _from_string(annotation: Any, data: Any, conversion: Conversion) -> Any:
    if not isinstance(data, str):
        raise BadValue(shown_json(data), conversion.takes(annotation))
    return conversion.from_text(annotation, data)


def _holds(annotation: Any, value: Any, _conversion: Conversion) -> bool:
    return type(value) is origin_class(annotation)


def _path(_annotation: Any, value: Any, conversion: Conversion) -> str:
    path = str(value.path)
    if not conversion.folder or value.is_remote or path.startswith(("~", "file:")):
        return path
    return str(PurePath(conversion.folder, path))


FILE = Family(
    matches=class_named("flytectl_py.model.files", "File"),
    takes=A_FILE,
    metavar="FILE",
    example=lambda _annotation, _conversion: "data.csv",
    from_text=_file_from_text,
    from_json=_from_string,
    holds=_holds,
    to_json=_path,
    to_text=_path,
)
DIR = Family(
    matches=class_named("flytectl_py.model.files", "Dir"),
    takes=A_DIR,
    metavar="DIR",
    example=lambda _annotation, _conversion: "data/",
    from_text=_dir_from_text,
    from_json=_from_string,
    holds=_holds,
    to_json=_path,
    to_text=_path,
)
