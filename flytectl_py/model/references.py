"""How a reference to data stands in a pydantic model of the user's: as an object of its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def reference_schema(
    kind: type[Any],
    fields: Mapping[str, object],
    short: str,
    write: Callable[[Any], dict[str, Any]],
) -> Any:
    """Return the pydantic-core schema of a class of references.

    :param fields: name -> default of what the object holds; `...` where it must be there. All are text.
    :param short: the field that a plain text stands for.
    :param write: value -> the object.
    """
    from pydantic_core import core_schema

    def field(default: object) -> Any:
        text = core_schema.str_schema()
        if default is ...:
            return core_schema.typed_dict_field(text)
        inner = text if isinstance(default, str) else core_schema.nullable_schema(text)
        return core_schema.typed_dict_field(core_schema.with_default_schema(inner, default=default), required=False)

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
        serialization=core_schema.plain_serializer_function_ser_schema(write, return_schema=core_schema.dict_schema()),
    )
