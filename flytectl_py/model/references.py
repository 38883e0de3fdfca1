"""How a reference to data stands in a pydantic model of the user's, and in JSON schemas: as an object of its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Fields = Callable[[Any], dict[str, Any]]


class Placing(NamedTuple):
    """The context of a dump whose references are written by `fields`, such as one that sends them to a store first."""

    fields: Fields


def reference_schema(
    kind: type[Any],
    fields: Mapping[str, object],
    short: str,
    write: Fields,
) -> Any:
    """Return the pydantic-core schema of a class of references.

    :param fields: name -> default of what the object holds; `...` where it must be there. All are text.
    :param short: the field that a plain text stands for.
    :param write: value -> the object, unless the dump has a `Placing` for context.
    """
    from pydantic_core import core_schema

    def field(default: object) -> Any:
        text = core_schema.str_schema()
        if default is ...:
            return core_schema.typed_dict_field(text)
        inner = text if isinstance(default, str) else core_schema.nullable_schema(text)
        return core_schema.typed_dict_field(core_schema.with_default_schema(inner, default=default), required=False)

    def written(value: Any, info: Any) -> dict[str, Any]:
        return info.context.fields(value) if isinstance(info.context, Placing) else write(value)

    held = core_schema.typed_dict_schema(
        {name: field(default) for name, default in fields.items()}, cls_name=kind.__name__
    )
    read = core_schema.no_info_after_validator_function(lambda data: kind(**data), held)
    from_json = core_schema.no_info_before_validator_function(
        lambda data: {short: data} if isinstance(data, str) else data, read
    )
    return core_schema.json_or_python_schema(
        json_schema=from_json,
        python_schema=core_schema.union_schema([core_schema.is_instance_schema(kind), from_json]),
        serialization=core_schema.plain_serializer_function_ser_schema(
            written, info_arg=True, return_schema=core_schema.dict_schema()
        ),
        # With a name of its own it is one of the definitions in a JSON schema.
        ref=f"{kind.__module__}.{kind.__qualname__}:{id(kind)}",
    )


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON schema of a ``File``, ``Dir`` or ``DataFrame``, as Flyte's clients know it."""
    text = {"type": "string"}
    optional = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    shared = {"format": {**text, "default": "", "title": "Format"}, "hash": {**optional, "title": "Hash"}}
    if name == "DataFrame":
        return {
            "type": "object",
            "title": name,
            "description": "A tabular data reference backed by a remote file.",
            "properties": {
                **shared,
                "uri": {**optional, "title": "Uri"},
                "format": {**optional, "default": "", "title": "Format"},
            },
            "x-flyte-type": "dataframe",
        }
    return {
        "type": "object",
        "title": name,
        "description": f"A {'directory' if name == 'Dir' else 'file'} reference with an optional format type.",
        "properties": {**shared, "path": {**text, "title": "Path"}, "name": {**optional, "title": "Name"}},
        "required": ["path"],
        "x-flyte-type": name.lower(),
    }
