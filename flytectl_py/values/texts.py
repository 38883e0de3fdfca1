"""Rows for classes whose values are one text: Path, UUID, Decimal."""

from __future__ import annotations

import sys
from typing import Any

from flytectl_py.values.annotations import class_named
from flytectl_py.values.badvalue import BadValue, shown, shown_json
from flytectl_py.values.conversion import Conversion, Family

A_PATH = "a path"
A_UUID = "a UUID"
A_DECIMAL = "a decimal number"


def _of_class(annotation: Any, value: Any, _conversion: Conversion) -> bool:
    return type(value) is annotation


def _text(_annotation: Any, value: Any, _conversion: Conversion) -> str:
    return str(value)


def _path_from_text(annotation: Any, text: str, _conversion: Conversion) -> Any:
    try:
        return annotation(text)
    except (ValueError, NotImplementedError) as error:  # NotImplementedError: a WindowsPath elsewhere
        raise BadValue(shown(text), A_PATH, detail=str(error)) from None


def _path_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    if not isinstance(data, str):
        raise BadValue(shown_json(data), A_PATH)
    return _path_from_text(annotation, data, conversion)


def _path_holds(annotation: Any, value: Any, _conversion: Conversion) -> bool:
    # Path() makes a PosixPath or a WindowsPath, PurePath() a PurePosixPath or a PureWindowsPath.
    pathlib = sys.modules["pathlib"]
    made = {pathlib.Path: (pathlib.PosixPath, pathlib.WindowsPath)}
    made[pathlib.PurePath] = (pathlib.PurePosixPath, pathlib.PureWindowsPath)
    return type(value) is annotation or type(value) in made.get(annotation, ())


PATH = Family(
    matches=class_named("pathlib", "PurePath"),
    takes=A_PATH,
    metavar="PATH",
    example=lambda _annotation, _conversion: "folder/file.txt",
    from_text=_path_from_text,
    from_json=_path_from_json,
    holds=_path_holds,
    to_json=_text,
    to_text=_text,
)


def _uuid_from_text(annotation: Any, text: str, _conversion: Conversion) -> Any:
    try:
        return annotation(text.strip())
    except ValueError:
        raise BadValue(shown(text), A_UUID) from None


def _uuid_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    if not isinstance(data, str):
        raise BadValue(shown_json(data), A_UUID)
    return _uuid_from_text(annotation, data, conversion)


UUID = Family(
    matches=class_named("uuid", "UUID"),
    takes=A_UUID,
    metavar="UUID",
    example=lambda _annotation, _conversion: "123e4567-e89b-12d3-a456-426614174000",
    from_text=_uuid_from_text,
    from_json=_uuid_from_json,
    holds=_of_class,
    to_json=_text,
    to_text=_text,
)


def _decimal_from_text(annotation: Any, text: str, _conversion: Conversion) -> Any:
    try:
        return annotation(text)
    except (ArithmeticError, ValueError):
        raise BadValue(shown(text), A_DECIMAL) from None


def _decimal_from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    """A string keeps every digit; a number is taken as it is written."""
    if isinstance(data, bool) or not isinstance(data, str | int | float):
        raise BadValue(shown_json(data), A_DECIMAL)
    if isinstance(data, int):
        return annotation(data)
    return _decimal_from_text(annotation, data if isinstance(data, str) else repr(data), conversion)


DECIMAL = Family(
    matches=class_named("decimal", "Decimal"),
    takes=A_DECIMAL,
    metavar="DECIMAL",
    example=lambda _annotation, _conversion: "12.50",
    from_text=_decimal_from_text,
    from_json=_decimal_from_json,
    holds=_of_class,
    to_json=_text,
    to_text=_text,
)
