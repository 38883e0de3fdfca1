"""The JSON schema of a structure, for its type: in one dialect for dataclasses, in pydantic's for all others."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import typing
from typing import Any, ClassVar

from flytectl_py.values import scalars, structures
from flytectl_py.values.annotations import arms_of, is_anything, origin_class, unwrap
from flytectl_py.values.badvalue import BadValue
from flytectl_py.values.conversion import Family
from flytectl_py.values.durations import TIMEDELTA
from flytectl_py.values.table import find
from flytectl_py.values.texts import DECIMAL
from flytectl_py.values.validated import PYDANTIC
from flytectl_py.wire.blobs import part_schema
from flytectl_py.wire.forms import Transfer
from flytectl_py.wire.plain_writing import DATACLASSES, MODELS
from flytectl_py.wire.schema_dialect import SIMPLE, Dialect, Schema, model_schema


def schema_of(annotation: Any, transfer: Transfer) -> Schema | None:
    """Return the schema of a dataclass, model, tuple, NamedTuple or TypedDict; None where a part has none."""
    plain, family = find(annotation)
    try:
        if family is PYDANTIC:
            return model_schema(plain)
        if family is structures.DATACLASS:
            return DataclassDialect(transfer).whole(plain)
        return ModelDialect(transfer).whole(plain)
    except BadValue:
        return None


class DataclassDialect(Dialect):
    """Structures stand where they are used, unless they hold themselves."""

    style = DATACLASSES
    simple: ClassVar[dict[Family, Schema]] = {
        **SIMPLE,
        scalars.BYTES: {"type": "string", "format": "base64"},
        TIMEDELTA: {"type": "number", "format": "time-delta"},
        DECIMAL: {"type": "string", "format": "decimal"},
    }

    def __init__(self, transfer: Transfer) -> None:
        super().__init__(transfer)
        self._open: list[Any] = []
        self._recursive: list[Any] = []

    def whole(self, annotation: Any) -> Schema:
        """Return the schema of a dataclass that is the whole of a value."""
        schema = self.dataclass_of(annotation)
        return {**schema, "$defs": self.defs} if self.defs else schema

    def dataclass_of(self, plain: Any) -> Schema:
        if plain in self._open:
            if self.name_of(plain) not in self.defs:
                self._recursive.append(plain)
            return {"$ref": f"#/$defs/{self.name_of(plain)}"}
        self._open.append(plain)
        properties: dict[str, Schema] = {}
        required = []
        hints = structures.hints_of(plain)
        for field in dataclasses.fields(origin_class(plain)):
            if not field.init:
                continue
            hint = hints.get(field.name, Any)
            properties[field.name] = self.of(hint)
            if field.default is not dataclasses.MISSING:
                properties[field.name].update(self.default(hint, field.default))
            elif field.default_factory is dataclasses.MISSING:
                required.append(field.name)
        self._open.remove(plain)
        schema = _object(properties, required, title=origin_class(plain).__name__)
        if plain not in self._recursive:
            return schema
        # The first time only: where it stands again, it is written out again, as other clients do.
        self._recursive = [each for each in self._recursive if each != plain]
        return self.refer(plain, schema)

    def fixed(self, items: list[Schema]) -> Schema:
        if not items:
            return {"type": "array", "maxItems": 0}
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}

    def items_of(self, item: Any) -> Schema:
        return {} if is_anything(unwrap(item)) else {"items": self.of(item)}

    def dict_of(self, plain: Any) -> Schema:
        schema: Schema = {"type": "object"}
        arguments = typing.get_args(plain)
        if len(arguments) == 1:  # Counter[X]
            arguments = (*arguments, int)
        for name, each in zip(("propertyNames", "additionalProperties"), arguments, strict=False):
            if not is_anything(unwrap(each)):
                schema[name] = self.of(each)
        return schema

    def enum_of(self, plain: Any) -> Schema:
        return {"enum": [member.value for member in plain]}

    def literal_of(self, plain: Any) -> Schema:
        values = _literal_values(plain)
        return {"enum": values} if len(values) > 1 else {"const": values[0]}

    def named_tuple_of(self, plain: Any) -> Schema:
        hints = structures.hints_of(plain)
        kind = origin_class(plain)
        items = []
        for name in kind._fields:
            given = kind._field_defaults
            item = self.of(hints.get(name, Any))
            items.append({**item, **self.default(hints.get(name, Any), given[name])} if name in given else item)
        return self.fixed(items)

    def typed_dict_of(self, plain: Any) -> Schema:
        slots = structures.slots_of(plain)
        properties = {slot.name: self.of(slot.annotation) for slot in slots}
        return _object(properties, [slot.name for slot in slots if slot.required])

    def blob(self, plain: Any) -> Schema:
        return {key: value for key, value in part_schema(plain).items() if not key.startswith("x-")}


def _object(properties: dict[str, Schema], required: list[str], **more: Any) -> Schema:
    schema: Schema = {"type": "object", "additionalProperties": False, **more}
    if properties:
        schema["properties"] = properties
    if required:
        schema["required"] = required
    return schema


class ModelDialect(Dialect):
    """As pydantic writes it: structures and enums are definitions, and fields have titles."""

    style = MODELS
    simple: ClassVar[dict[Family, Schema]] = {
        **SIMPLE,
        scalars.BYTES: {"type": "string", "format": "binary"},
        TIMEDELTA: {"type": "string", "format": "duration"},
        DECIMAL: {"anyOf": [{"type": "number"}, {"type": "string"}]},
    }

    def whole(self, annotation: Any) -> Schema:
        """Return the schema of a tuple, NamedTuple or TypedDict that is the whole of a value."""
        kind = origin_class(annotation)
        if hasattr(kind, "__required_keys__"):
            schema = self._typed_dict(annotation)
        else:
            named = hasattr(kind, "_fields")
            hints = structures.hints_of(annotation) if named else {}
            parts = (
                {name: hints.get(name, Any) for name in kind._fields}
                if named
                else {f"item_{at}": each for at, each in enumerate(typing.get_args(annotation))}
            )
            # Defaults of a NamedTuple do not count: it always travels with all of its fields.
            properties = {name: self._titled(name, each) for name, each in parts.items()}
            title = f"NamedTupleWrapper_{kind.__name__}" if named else "TupleWrapper_tuple"
            schema = {"type": "object", "properties": properties, "required": list(parts), "title": title}
        return {**schema, "$defs": self.defs} if self.defs else schema

    def _titled(self, name: str, annotation: Any) -> Schema:
        """Return the schema of a field, with a title unless it is a definition or None."""
        schema = self.of(annotation)
        besides_none = [each for each in schema.get("anyOf", [schema]) if each != {"type": "null"}]
        if len(besides_none) == 1 and "$ref" in besides_none[0]:
            return schema
        return {**schema, "title": name.title().replace("_", " ").strip()}

    def dataclass_of(self, plain: Any) -> Schema:
        kind = origin_class(plain)
        name = self.name_of(plain)
        if name in self.defs:
            return {"$ref": f"#/$defs/{name}"}
        self.defs[name] = {}  # it may hold itself
        properties = {}
        required = []
        fields = {field.name: field for field in dataclasses.fields(kind)}
        for slot in structures.slots_of(plain):
            if slot.computed:
                continue
            schema = self._titled(slot.name, slot.annotation)
            field = fields.get(slot.name)
            default = getattr(kind, slot.name, dataclasses.MISSING) if field is None else field.default
            if default is not dataclasses.MISSING:
                schema.update(self.default(slot.annotation, default))
            properties[slot.name] = schema
            if slot.required:
                required.append(slot.name)
        schema = {"type": "object", "properties": properties, "title": kind.__name__}
        if required:
            schema["required"] = required
        if kind.__doc__ and not kind.__doc__.startswith(f"{kind.__name__}("):  # which dataclasses write by themselves
            schema["description"] = inspect.cleandoc(kind.__doc__)
        return self.refer(plain, schema)

    def fixed(self, items: list[Schema]) -> Schema:
        schema = {"type": "array", "minItems": len(items), "maxItems": len(items)}
        return {**schema, "prefixItems": items} if items else schema

    def items_of(self, item: Any) -> Schema:
        return {"items": self.of(item)}

    def dict_of(self, plain: Any) -> Schema:
        key, value = (*typing.get_args(plain), Any, Any)[:2]
        if len(typing.get_args(plain)) == 1:  # Counter[X]
            value = int
        schema: Schema = {"type": "object", "additionalProperties": self.of(value) or True}
        names = self.of(key)
        if "$ref" in names or (names.get("type") == "string" and len(names) > 1):
            schema["propertyNames"] = {name: each for name, each in names.items() if name != "type"}
        return schema

    def enum_of(self, plain: Any) -> Schema:
        schema: Schema = {
            "enum": list(plain.__members__),
            "title": plain.__name__,
            **_type_of([m.value for m in plain]),
        }
        said = plain.__dict__.get("__doc__")
        if said and said != "An enumeration.":
            schema["description"] = inspect.cleandoc(said)
        return self.refer(plain, schema)

    def literal_of(self, plain: Any) -> Schema:
        values = _literal_values(plain)
        return {**({"enum": values} if len(values) > 1 else {"const": values[0]}), **_type_of(values)}

    def named_tuple_of(self, plain: Any) -> Schema:
        hints = structures.hints_of(plain)
        kind = origin_class(plain)
        items = []
        for name in kind._fields:
            hint = hints.get(name, Any)
            item = self._titled(name, hint)
            if name in kind._field_defaults:
                item.update(self.default(hint, kind._field_defaults[name]))
            items.append(item)
        required = len(items) - len(kind._field_defaults)
        return self.refer(plain, {"type": "array", "prefixItems": items, "minItems": required, "maxItems": len(items)})

    def typed_dict_of(self, plain: Any) -> Schema:
        schema = self._typed_dict(plain)
        self.defs[schema["title"]] = schema
        return {"$ref": f"#/$defs/{schema['title']}"}

    def _typed_dict(self, plain: Any) -> Schema:
        properties = {}
        required = []
        for slot in structures.slots_of(plain):
            if slot.required:
                properties[slot.name] = self._titled(slot.name, slot.annotation)
                required.append(slot.name)
                continue
            arms = [unwrap(arm) for arm in arms_of(slot.annotation)]
            optional = slot.annotation if type(None) in arms else unwrap(slot.annotation) | None
            properties[slot.name] = {**self._titled(slot.name, optional), "default": None}
        title = f"TypedDictWrapper_{origin_class(plain).__name__}"
        schema: Schema = {"type": "object", "properties": properties, "title": title}
        return {**schema, "required": required} if required else schema

    def blob(self, plain: Any) -> Schema:
        schema = part_schema(plain)
        self.defs[schema["title"]] = schema
        return {"$ref": f"#/$defs/{schema['title']}"}


def _literal_values(plain: Any) -> list[Any]:
    return [each.value if isinstance(each, enum.Enum) else each for each in typing.get_args(plain)]


def _type_of(values: list[Any]) -> Schema:
    """Return what JSON calls the type of all these values, if it is one."""
    kinds = {type(value) for value in values}
    if len(kinds) != 1:
        return {}
    kind = kinds.pop()
    names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
    if kind not in names:
        kind = next((each for each in (str, int, float) if issubclass(kind, each)), object)
    return {"type": names[kind]} if kind in names else {}
