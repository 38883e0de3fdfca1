"""JSON schemas to annotations: a structure whose class is not here becomes a TypedDict."""

from __future__ import annotations

import types
import typing
from typing import Any

from flyteidl2.core.types_pb2 import LiteralType
from google.protobuf.json_format import MessageToDict

from flytectl_py.wire.structs import Known

Schema = dict[str, Any]

_FORMATS = {
    "date-time": "datetime",
    "date": "date",
    "time": "time",
    "time-delta": "timedelta",
    "duration": "timedelta",
}


_typed_dict: Any = typing.TypedDict  # of a name and fields that are known at run time only


def structure(kind: LiteralType) -> Any:
    """Return the annotation for a structure; ``dict`` where its type has no schema."""
    schema = MessageToDict(kind.metadata)
    if not schema:
        return dict
    made = _Guess(schema.get("$defs", {})).of(schema)
    if typing.get_origin(made) is not tuple and not hasattr(made, "__required_keys__"):
        return dict
    return typing.Annotated[made, Known(kind.SerializeToString(deterministic=True))]


class _Guess:
    """One schema on its way to an annotation."""

    def __init__(self, defs: dict[str, Schema]) -> None:
        self._defs = defs
        self._made: dict[str, Any] = {}
        self._open: set[str] = set()

    def of(self, schema: Schema | bool) -> Any:
        """Return the annotation for one part."""
        if not isinstance(schema, dict):
            return Any
        if "$ref" in schema:
            return self._referred(str(schema["$ref"]).rpartition("/")[2])
        if "const" in schema or "enum" in schema:
            values = schema.get("enum", [schema.get("const")])
            return typing.Literal[tuple(_exact(value, schema) for value in values)]
        if "anyOf" in schema:
            return typing.Union[tuple(self.of(arm) for arm in schema["anyOf"])]  # noqa: UP007  # made at run time
        kind = schema.get("type")
        if kind == "array":
            return self._array(schema)
        if kind == "object":
            return self._object(schema)
        if kind == "string" and schema.get("format") in ("base64", "binary"):
            return bytes
        if schema.get("format") in _FORMATS:
            import datetime as dt

            return getattr(dt, _FORMATS[schema["format"]])
        simple = {"string": str, "integer": int, "number": float, "boolean": bool, "null": types.NoneType}
        return simple.get(str(kind), Any)

    def _referred(self, name: str) -> Any:
        """What holds itself is of any type there."""
        if name in self._made:
            return self._made[name]
        if name in self._open or name not in self._defs:
            return Any
        self._open.add(name)
        self._made[name] = self.of(self._defs[name])
        self._open.discard(name)
        return self._made[name]

    def _array(self, schema: Schema) -> Any:
        if "prefixItems" in schema:
            return tuple[tuple(self.of(each) for each in schema["prefixItems"])]  # type: ignore[misc]
        item = self.of(schema.get("items", True))
        return set[item] if schema.get("uniqueItems") else list[item]  # type: ignore[valid-type]

    def _object(self, schema: Schema) -> Any:
        properties: dict[str, Schema] = schema.get("properties", {})
        title = str(schema.get("title", "Structure"))
        special = self._special(title, schema, properties)
        if special is not None:
            return special
        if "properties" not in schema and schema.get("additionalProperties") is not False:
            key = self.of(schema.get("propertyNames", {"type": "string"}))
            return dict[key, self.of(schema.get("additionalProperties", True))]  # type: ignore[misc, valid-type]
        required = schema.get("required", ())
        fields: dict[str, Any] = {}
        for name, each in properties.items():
            annotation = self.of(each)
            fields[name] = annotation if name in required else typing.NotRequired[annotation]
        for wrapper in ("TypedDictWrapper_", "NamedTupleWrapper_"):
            title = title.removeprefix(wrapper)
        made: Any = _typed_dict(title, fields)
        made.__guessed__ = True
        return made

    def _special(self, title: str, schema: Schema, properties: dict[str, Schema]) -> Any:
        """Return what is more than its fields: a tuple, a file, a folder, a table."""
        from flytectl_py.model import files, tables

        if title == "TupleWrapper_tuple":
            return tuple[tuple(self.of(properties[f"item_{at}"]) for at in range(len(properties)))]  # type: ignore[misc]
        kind = schema.get("x-flyte-type", title.lower())
        if kind in ("file", "dir") and {"path", "format"} <= properties.keys():
            return files.File if kind == "file" else files.Dir
        if kind == "dataframe" and {"uri", "format"} <= properties.keys():
            return tables.DataFrame
        return None


def _exact(value: Any, schema: Schema) -> Any:
    """Return a value that has come through protobuf's Struct, where every number is a float."""
    whole = isinstance(value, float) and value.is_integer() and schema.get("type") != "number"
    return int(value) if whole else value
