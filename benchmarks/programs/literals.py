"""Prints how many milliseconds two values take to the wire and back: a list of floats, and an untyped dict."""

import asyncio
import random
import sys
import time

from flyteidl2.core.literals_pb2 import Literal

try:
    from flytectl_py.wire.literals import from_literal, to_literal
except ImportError:
    from flyte.types import TypeEngine

    def to_literal(annotation, value):
        return asyncio.run(TypeEngine.to_literal(value, annotation, TypeEngine.to_literal_type(annotation)))

    def from_literal(annotation, literal):
        return asyncio.run(TypeEngine.to_python_value(literal, annotation))


FLOATS, KEYS, ITEMS = (int(word) for word in sys.argv[1:])


def there_and_back(annotation, value):
    """Return the milliseconds that a value takes to bytes and back."""
    began = time.perf_counter()
    written = to_literal(annotation, value).SerializeToString()
    read = from_literal(annotation, Literal.FromString(written))
    took = time.perf_counter() - began
    assert read == value
    return took * 1e3


chance = random.Random(1)
there_and_back(list[float], [1.0])  # imports what is imported late
there_and_back(dict, {"a": 1})
print(there_and_back(list[float], [chance.random() for _ in range(FLOATS)]))
print(there_and_back(dict, {f"key{key}": [chance.random() for _ in range(ITEMS)] for key in range(KEYS)}))
