"""What the two dialects of JSON schema have in common, in which the types of structures are written."""

from __future__ import annotations

import abc
import re
import typing
from typing import Any, ClassVar

from flytectl_py.values import scalars, structures
from flytectl_py.values.annotations import arms_of, origin_class, type_name
from flytectl_py.values.anything import ANYTHING
from flytectl_py.values.badvalue import BadValue
from flytectl_py.values.choices import ENUM, LITERAL
from flytectl_py.values.conversion import Family
from flytectl_py.values.files import DIR, FILE
from flytectl_py.values.mappings import DICT
from flytectl_py.values.moments import DATE, DATETIME, TIME
from flytectl_py.values.sequences import LIST, SET, TUPLE
from flytectl_py.values.texts import PATH, UUID
from flytectl_py.values.unions import UNION
from flytectl_py.values.validated import PYDANTIC
from flytectl_py.wire.forms import Transfer
from flytectl_py.wire.plain_writing import Style, Writing, find

Schema = dict[str, Any]


def model_schema(annotation: Any) -> Schema:
    from flytectl_py.wire import validated

    return validated.schema_of(annotation)


def _text(form: str) -> Schema:
    return {"type": "string", "format": form}


SIMPLE: dict[Family, Schema] = {
    ANYTHING: {},
    scalars.BOOL: {"type": "boolean"},
    scalars.INT: {"type": "integer"},
    scalars.FLOAT: {"type": "number"},
    scalars.STR: {"type": "string"},
    scalars.NONE: {"type": "null"},
    DATETIME: _text("date-time"),
    DATE: _text("date"),
    TIME: _text("time"),
    PATH: _text("path"),
    UUID: _text("uuid"),
}


class Dialect(abc.ABC):
    """What both dialects have in common: the schema of each family of annotations."""

    style: Style
    simple: ClassVar[dict[Family, Schema]]

    def __init__(self, transfer: Transfer) -> None:
        self.transfer = transfer
        self.defs: dict[str, Schema] = {}
        self.names: dict[str, Any] = {}

    def of(self, annotation: Any) -> Schema:
        """Return the schema of one part.

        :raises BadValue: it cannot travel inside a structure.
        """
        plain, family = find(annotation)
        if family in self.simple:
            return dict(self.simple[family])
        if family is UNION:
            return {"anyOf": [self.of(arm) for arm in arms_of(plain)]}
        if family in (LIST, SET, TUPLE):
            return self._array(plain, family)
        if family in (FILE, DIR):
            return self.blob(plain)
        if family is PYDANTIC:
            return self._model(plain)
        rows = {
            DICT: self.dict_of,
            ENUM: self.enum_of,
            LITERAL: self.literal_of,
            structures.DATACLASS: self.dataclass_of,
            structures.NAMED_TUPLE: self.named_tuple_of,
            structures.TYPED_DICT: self.typed_dict_of,
        }
        if family not in rows:
            raise BadValue("", "", detail=f"a {type_name(plain)} cannot travel inside a structure")
        return rows[family](plain)

    def _array(self, plain: Any, family: Family) -> Schema:
        arguments = typing.get_args(plain)
        if family is TUPLE and typing.get_origin(plain) is not None and Ellipsis not in arguments:
            return self.fixed([self.of(each) for each in arguments])
        schema: Schema = {"type": "array", **self.items_of((*arguments, Any)[0])}
        return {**schema, "uniqueItems": True} if family is SET else schema

    def _model(self, plain: Any) -> Schema:
        schema = model_schema(plain)
        self.defs.update(schema.pop("$defs", {}))
        self.defs[plain.__name__] = schema
        return {"$ref": f"#/$defs/{plain.__name__}"}

    def default(self, annotation: Any, value: Any) -> Schema:
        """Return ``{"default": …}``, or nothing where the default has no form."""
        if find(annotation)[1] in (FILE, DIR):
            return {}
        try:
            written = Writing(self.style._replace(names=False), self.transfer).write(annotation, value)
        except BadValue:
            return {}
        if isinstance(written, bytes):
            import base64

            return {"default": base64.encodebytes(written).decode()}
        return {"default": written}

    def refer(self, annotation: Any, schema: Schema) -> Schema:
        """Keep a definition under the name of its type, and return the reference to it."""
        name = self.name_of(annotation)
        self.defs[name] = schema
        return {"$ref": f"#/$defs/{name}"}

    def name_of(self, annotation: Any) -> str:
        """Return a name for a type, its own if no other has that."""
        name = re.sub(r"[^a-zA-Z0-9._-]", "_", type_name(annotation))
        if self.names.setdefault(name, annotation) == annotation:
            return name
        return f"{origin_class(annotation).__module__.replace('.', '__')}__{name}"

    @abc.abstractmethod
    def fixed(self, items: list[Schema]) -> Schema:
        """Return the schema of an array with these items."""

    @abc.abstractmethod
    def items_of(self, item: Any) -> Schema:
        """Return what says of an array which items it has."""

    @abc.abstractmethod
    def dict_of(self, plain: Any) -> Schema:
        """Return the schema of a dict."""

    @abc.abstractmethod
    def enum_of(self, plain: Any) -> Schema:
        """Return the schema of an enum."""

    @abc.abstractmethod
    def literal_of(self, plain: Any) -> Schema:
        """Return the schema of a Literal."""

    @abc.abstractmethod
    def dataclass_of(self, plain: Any) -> Schema:
        """Return the schema of a dataclass that is a part of another type."""

    @abc.abstractmethod
    def named_tuple_of(self, plain: Any) -> Schema:
        """Return the schema of a NamedTuple that is a part."""

    @abc.abstractmethod
    def typed_dict_of(self, plain: Any) -> Schema:
        """Return the schema of a TypedDict that is a part."""

    @abc.abstractmethod
    def blob(self, plain: Any) -> Schema:
        """Return the schema of a File, Dir or DataFrame."""
