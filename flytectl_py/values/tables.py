"""Rows for tables: the path or URI of one that is written; as `flyte.io.DataFrame`, or read, as a library's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flytectl_py.errors import FlyteError
from flytectl_py.values.annotations import class_named, origin_class
from flytectl_py.values.anything import OTHER
from flytectl_py.values.badvalue import BadValue, shown, shown_json
from flytectl_py.values.conversion import Conversion, Family
from flytectl_py.values.files import local_path

A_TABLE = "the path or URI of a table: a Parquet or CSV file, or a folder of Parquet files"
EXAMPLE = "table.parquet"

_reference = class_named("flytectl_py.model.tables", "DataFrame")
_LIBRARIES = (
    class_named("pandas", "DataFrame"),
    class_named("polars", "DataFrame", "LazyFrame"),
    class_named("pyarrow", "Table"),
)


def is_of_a_library(kind: type) -> bool:
    """Whether values of `kind` are tables in memory: of pandas, polars or pyarrow."""
    return any(matches(kind) for matches in _LIBRARIES)


def _at(kind: Any, uri: str, form: str, conversion: Conversion) -> Any:
    """Return the reference to the table at `uri`, which has to be there if that is on this machine."""
    from flytectl_py.model.files import is_remote

    if not uri or "\0" in uri:
        raise BadValue(shown(uri), A_TABLE)
    path = local_path(uri)
    if not is_remote(uri) and not (conversion.world.is_file(path) or conversion.world.is_dir(path)):
        raise BadValue(shown(uri), A_TABLE, detail="there is no such file or folder")
    return kind(uri=uri, format=form)


def _fields(data: Any) -> tuple[str, str]:
    if isinstance(data, str):
        return data, ""
    if isinstance(data, Mapping) and isinstance(data.get("uri"), str) and set(data) <= {"uri", "format"}:
        return data["uri"], str(data.get("format") or "")
    raise BadValue(shown_json(data), A_TABLE)


def _from_text(annotation: Any, text: str, conversion: Conversion) -> Any:
    return _at(origin_class(annotation), text, "", conversion)


def _from_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    uri, form = _fields(data)
    return _at(origin_class(annotation), uri, form, conversion)


def _read_text(annotation: Any, text: str, conversion: Conversion) -> Any:
    return _read(annotation, text, "", conversion)


def _read_json(annotation: Any, data: Any, conversion: Conversion) -> Any:
    uri, form = _fields(data)
    return _read(annotation, uri, form, conversion)


def _read(annotation: Any, uri: str, form: str, conversion: Conversion) -> Any:
    from flytectl_py.model.tables import DataFrame
    from flytectl_py.model.world import the_data

    table = _at(DataFrame, uri, form, conversion)
    try:
        return the_data().load_table(table, origin_class(annotation))
    except (FlyteError, ValueError, OSError) as error:  # pyarrow's own errors are ValueErrors
        raise BadValue(shown(uri), A_TABLE, detail=str(error).partition("\n")[0]) from error


def _to_json(annotation: Any, value: Any, conversion: Conversion) -> Any:
    if not value.written:
        return OTHER.to_json(annotation, value, conversion)
    return {"uri": value.uri, "format": value.format}


def _to_text(annotation: Any, value: Any, conversion: Conversion) -> str:
    return str(value.uri) if value.written else OTHER.to_text(annotation, value, conversion)


def _holds(annotation: Any, value: Any, _conversion: Conversion) -> bool:
    return isinstance(value, origin_class(annotation))


TABLE = Family(
    matches=_reference,
    takes=A_TABLE,
    metavar="TABLE",
    example=lambda _annotation, _conversion: EXAMPLE,
    from_text=_from_text,
    from_json=_from_json,
    holds=_holds,
    to_json=_to_json,
    to_text=_to_text,
)
LIBRARY_TABLE = Family(
    matches=lambda annotation: any(matches(annotation) for matches in _LIBRARIES),
    takes=A_TABLE,
    metavar="TABLE",
    example=lambda _annotation, _conversion: EXAMPLE,
    from_text=_read_text,
    from_json=_read_json,
    holds=_holds,
    to_json=OTHER.to_json,
)
