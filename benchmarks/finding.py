"""One measured figure beside what is claimed of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.measure import Spread, ratios


@dataclass(frozen=True)
class Finding:
    """Values of ours and of what it is compared with, taken in turns, and the claim.

    :param ours, other: as many of one as of the other; those of one index were taken one after the other.
    :param against: what `other` is.
    :param judged: what the claim is about: ``ratio`` (the median of the ratios pair by pair) or ``ours`` (the median).
    :param limit: the most that it may be; None where nothing is claimed.
    """

    name: str
    unit: str
    ours: Sequence[float]
    other: Sequence[float]
    against: str
    judged: Literal["ratio", "ours"] = "ratio"
    limit: float | None = None

    @property
    def ratio(self) -> Spread:
        """Ours / other, pair by pair."""
        return Spread.of(ratios(self.ours, self.other))

    @property
    def holds(self) -> bool | None:
        """Whether the claim holds; None where nothing is claimed."""
        if self.limit is None:
            return None
        figure = self.ratio.median if self.judged == "ratio" else Spread.of(self.ours).median
        return figure <= self.limit

    @property
    def claim(self) -> str:
        """The claim as text; empty where nothing is claimed."""
        if self.limit is None:
            return ""
        return f"<= {self.limit:g}" + (f" {self.unit}" if self.judged == "ours" else " x")

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain JSON: the raw values too, in the order in which they were taken."""
        return {
            "name": self.name,
            "unit": self.unit,
            "against": self.against,
            "ours": {**vars(Spread.of(self.ours)), "values": list(self.ours)},
            "other": {**vars(Spread.of(self.other)), "values": list(self.other)},
            "ratio": vars(self.ratio),
            "judged": self.judged,
            "limit": self.limit,
            "holds": self.holds,
        }
