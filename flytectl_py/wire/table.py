"""The table: every family of annotations and how it travels, in the order in which they are tried."""

from __future__ import annotations

import typing
from typing import Any

from flytectl_py.wire import scalars, structs
from flytectl_py.wire.blobs import DIR, FILE
from flytectl_py.wire.containers import LIST, MAP, UNION
from flytectl_py.wire.forms import Form
from flytectl_py.wire.frames import FRAME, is_frame
from flytectl_py.wire.pickles import PICKLE

FORMS: tuple[Form, ...] = (
    structs.KNOWN,
    UNION,
    scalars.NONE,
    scalars.BOOL,
    scalars.INT,
    scalars.FLOAT,
    scalars.STR,
    scalars.ENUM,
    scalars.DATETIME,
    scalars.DATE,
    scalars.TIMEDELTA,
    LIST,
    MAP,
    FILE,
    DIR,
    FRAME,
    structs.MODEL,
    structs.DATACLASS,
    structs.NAMED_TUPLE,
    structs.TYPED_DICT,  # before dict, its base
    structs.TUPLE,
    structs.DICT,
    PICKLE,  # takes every annotation
)


def find(annotation: Any) -> tuple[Any, Form]:
    """Return the annotation without ``Annotated``, and its row, as a part of another value has it."""
    plain = bare(annotation)
    return plain, next(form for form in FORMS if form.matches(plain))


def find_whole(annotation: Any) -> tuple[Any, Form]:
    """Return the annotation and its row as the whole of an input or output, where a Literal of text has its own."""
    plain = bare(annotation)
    return (plain, scalars.CHOICE) if scalars.is_choice(plain) else find(plain)


def bare(annotation: Any) -> Any:
    """Return X for ``Annotated[X, …]``, unless that says more than X, and the class of None for None."""
    while typing.get_origin(annotation) is typing.Annotated and not _says_more(annotation):
        annotation = annotation.__origin__
    return type(None) if annotation is None else annotation


def _says_more(annotation: Any) -> bool:
    return is_frame(annotation) or structs.known(annotation) is not None
