"""What a row of the wire's table consists of, and a transfer under way, through which rows reach each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flyteidl2.core.literals_pb2 import Literal
from flyteidl2.core.types_pb2 import LiteralType, TypeStructure

from flytectl_py.values.badvalue import BadValue
from flytectl_py.wire.offload import Offload

T = TypeVar("T")


class Form:
    """One row of the table: a family of annotations, and how its values travel.

    Every function gets the annotation first, without ``Annotated``, and the transfer last.

    :param matches: whether an annotation is of this family.
    :param tag: what names it among the variants of a union; empty where its type has that name already.
    :param type_of: annotation -> its type, for the interface of a task.
    :param write: value -> literal. :param read: literal -> value. Both raise BadValue for what is not theirs.
    """

    __slots__ = ("matches", "read", "tag", "type_of", "write")

    def __init__(
        self,
        *,
        matches: Callable[[Any], bool],
        tag: str,
        type_of: Callable[[Any, Transfer], LiteralType],
        write: Callable[[Any, Any, Transfer], Literal],
        read: Callable[[Any, Literal, Transfer], Any],
    ) -> None:
        self.matches = matches
        self.tag = tag
        self.type_of = type_of
        self.write = write
        self.read = read


class Transfer:
    """One transfer under way.

    :param find: annotation -> the annotation without ``Annotated``, and its row.
    :param offload: see `Offload`; without one, a value that needs it is refused.
    """

    __slots__ = ("_find", "_known", "offload")

    def __init__(self, find: Callable[[Any], tuple[Any, Form]], offload: Offload | None = None) -> None:
        self._find = find
        self._known: dict[tuple[Any, int], tuple[Any, Any]] = {}
        self.offload = offload

    def once(self, make: Callable[[Any], T], annotation: Any) -> T:
        """Return ``make(annotation)``, made once for a whole transfer, which may be of many items of one type."""
        # By identity, since annotations need not be hashable; the annotation is kept so that no other takes its id.
        key = (make, id(annotation))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (annotation, make(annotation))
        return cast("T", known[1])

    def find(self, annotation: Any) -> tuple[Any, Form]:
        """Return the annotation without ``Annotated``, and its row."""
        return self.once(self._find, annotation)

    def type_of(self, annotation: Any) -> LiteralType:
        """Return the type of `annotation`."""
        return self.once(self._type_of, annotation)

    def _type_of(self, annotation: Any) -> LiteralType:
        plain, form = self.find(annotation)
        return form.type_of(plain, self)

    def variant(self, annotation: Any) -> LiteralType:
        """Return the type of `annotation` as one of the variants of a union, which carry the names of their rows."""
        return self.once(self._variant, annotation)

    def _variant(self, annotation: Any) -> LiteralType:
        made = LiteralType()
        made.CopyFrom(self.type_of(annotation))
        tag = self.find(annotation)[1].tag
        if tag:
            made.structure.CopyFrom(TypeStructure(tag=tag))
        return made

    def write(self, annotation: Any, value: Any) -> Literal:
        """Return the literal of `value`.

        :raises BadValue: it is no value of `annotation`, or cannot travel.
        """
        plain, form = self.find(annotation)
        return form.write(plain, value, self)

    def read(self, annotation: Any, literal: Literal) -> Any:
        """Return the value of `literal`.

        :raises BadValue: it is no value of `annotation`.
        """
        plain, form = self.find(annotation)
        return form.read(plain, literal, self)

    def store(self, what: str) -> Offload:
        """Return where large values and files go.

        :raises BadValue: there is no such place; `what` is what would have gone there.
        """
        if self.offload is None:
            raise BadValue(what, "", detail="it must be uploaded, and there is no store to upload it to")
        return self.offload
