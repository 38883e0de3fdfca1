"""The table: every family of annotations that a task's inputs may have, in the order in which they are tried."""

from __future__ import annotations

from typing import Any

from flytectl_py.values import scalars
from flytectl_py.values.annotations import unwrap
from flytectl_py.values.anything import ANYTHING, OTHER
from flytectl_py.values.choices import ENUM, LITERAL
from flytectl_py.values.conversion import Family
from flytectl_py.values.durations import TIMEDELTA
from flytectl_py.values.files import DIR, FILE
from flytectl_py.values.mappings import DICT
from flytectl_py.values.moments import DATE, DATETIME, TIME
from flytectl_py.values.sequences import LIST, SET, TUPLE
from flytectl_py.values.structures import DATACLASS, NAMED_TUPLE, TYPED_DICT
from flytectl_py.values.tables import LIBRARY_TABLE, TABLE
from flytectl_py.values.texts import DECIMAL, PATH, UUID
from flytectl_py.values.unions import UNION
from flytectl_py.values.validated import PYDANTIC

FAMILIES: tuple[Family, ...] = (
    ANYTHING,
    UNION,
    ENUM,  # before str and int: an enum may derive from them
    LITERAL,
    scalars.BOOL,  # before int, its base
    scalars.INT,
    scalars.FLOAT,
    scalars.STR,
    scalars.BYTES,
    scalars.NONE,
    FILE,  # before dataclasses, which they are
    DIR,
    TABLE,
    LIBRARY_TABLE,
    PYDANTIC,
    DATACLASS,
    NAMED_TUPLE,  # before tuple, its base
    TYPED_DICT,  # before dict, its base
    LIST,
    TUPLE,
    SET,
    DICT,
    DATETIME,  # before date, its base
    DATE,
    TIME,
    TIMEDELTA,
    PATH,
    UUID,
    DECIMAL,
    OTHER,  # takes every annotation
)


def find(annotation: Any) -> tuple[Any, Family]:
    """Return `annotation` unwrapped, and its row."""
    plain = unwrap(annotation)
    return plain, next(family for family in FAMILIES if family.matches(plain))
