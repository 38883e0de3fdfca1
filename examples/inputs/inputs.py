"""One task that takes every family of input, from the command line or from a JSON file.

Try it::

    cd examples/inputs
    flyte run inputs.py main --help
    flyte run inputs.py main --count 3 --weights '[0.5, 1.5]' --when 2026-01-02T03:04:05+01:00 --wait 1h30m
    flyte run inputs.py main --inputs inputs.json
    flyte run inputs.py main --inputs inputs.json --no-dry --color blue --source inputs.json
"""

import datetime
from collections import OrderedDict
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypedDict
from uuid import UUID

import flyte
import flyte.io

env = flyte.TaskEnvironment(name="inputs")


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Model:
    name: str
    rate: float = 0.1
    layers: list[int] = field(default_factory=lambda: [8, 8])


class Point(NamedTuple):
    x: int
    y: int = 0


class Row(TypedDict):
    key: str
    value: float


@env.task
def main(
    count: int,
    weights: list[float],
    when: datetime.datetime,
    wait: datetime.timedelta,
    rate: float = 0.5,
    title: str = "untitled",
    dry: bool = True,
    raw: bytes = b"",
    day: datetime.date = datetime.date(2026, 1, 1),
    at: datetime.time = datetime.time(9, 30),
    color: Color = Color.RED,
    mode: Literal["fast", "exact", 1] = "fast",
    limit: int | None = None,
    seed: int | str = 0,
    pair: tuple[int, str] = (1, "a"),
    tags: set[str] = frozenset(),  # type: ignore[assignment]
    table: dict[str, list[int]] = {},
    model: Model = Model("small"),
    point: Point = Point(0),
    row: Row = Row(key="k", value=1.0),
    folder: Path = Path(),
    ident: UUID = UUID(int=0),
    price: Decimal = Decimal("9.90"),
    source: flyte.io.File | None = None,
    anything: Any = None,
) -> dict[str, str]:
    """Say what every input arrived as.

    Args:
        count: a whole number, as large as you like.
        weights: a list, as JSON.
        when: ISO 8601 with an offset, or `now`, or `today`.
        wait: 90s, 5m, 1h30m, 1:30:00 or PT90S.
        color: a member of an enum, by name or by value.
        model: a dataclass, as JSON; what it leaves out has its default.
        source: a file that must exist.
    """
    return OrderedDict((name, type(value).__name__) for name, value in list(locals().items()))
