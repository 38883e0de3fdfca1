"""Prints how many milliseconds two values take to the wire and back: a list of floats, and an untyped dict."""

import asyncio
import importlib
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from flyteidl2.core.literals_pb2 import Literal

FLOATS, KEYS, ITEMS = (int(word) for word in sys.argv[1:])


def converters() -> tuple[Callable[[Any, Any], Literal], Callable[[Any, Literal], Any]]:
    """Return what makes a literal of an annotation and a value, and a value of an annotation and a literal."""
    try:
        ours = importlib.import_module("flytectl_py.wire.literals")
    except ModuleNotFoundError:
        engine = importlib.import_module("flyte.types").TypeEngine
        return (
            lambda annotation, value: asyncio.run(
                engine.to_literal(value, annotation, engine.to_literal_type(annotation))
            ),
            lambda annotation, literal: asyncio.run(engine.to_python_value(literal, annotation)),
        )
    return ours.to_literal, ours.from_literal


TO_LITERAL, FROM_LITERAL = converters()


def there_and_back(annotation: Any, value: Any) -> float:
    """Return the milliseconds that a value takes to bytes and back."""
    began = time.perf_counter()
    written = TO_LITERAL(annotation, value).SerializeToString()
    read = FROM_LITERAL(annotation, Literal.FromString(written))
    took = time.perf_counter() - began
    assert read == value
    return took * 1e3


chance = random.Random(1)
there_and_back(list[float], [1.0])  # imports what is imported late
there_and_back(dict, {"a": 1})
print(there_and_back(list[float], [chance.random() for _ in range(FLOATS)]))
print(there_and_back(dict, {f"key{key}": [chance.random() for _ in range(ITEMS)] for key in range(KEYS)}))
