"""What each environment's image was made of when it was last built: a hint, so that a change can be told."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from flytectl_py.engines.image_planning import PlannedImage

_FORMAT = 1


class ImageHistory:
    """One file of layers by environment. Missing or damaged it counts as empty; it is only ever replaced as a whole.

    :param file: None where nothing can be remembered.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._known: dict[str, Any] = {}
        self._changed = False
        if file is not None:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                read = json.loads(file.read_bytes())
                if read["format"] == _FORMAT:
                    self._known = dict(read["environments"])

    @classmethod
    def of(cls, root: Path) -> ImageHistory:
        """Return the history of the project with that root."""
        return cls(root / ".flyte" / "state" / "images.json")

    def changes(self, image: PlannedImage) -> tuple[str, ...]:
        """Return what differs from the last build of the first environment that had one; empty where nothing does."""
        before = next((self._known[name] for name in image.environments if name in self._known), None)
        if not isinstance(before, dict) or before.get("tag") == image.plan.tag:
            return ()
        now = _record(image)
        found = [
            f"{key}: {_said(before.get(key))} -> {_said(now[key])}" for key in _HEAD if before.get(key) != now[key]
        ]
        old, new = before.get("layers", []), now["layers"]
        kept = [layer for layer in old if layer in new]
        found += [f"{by} changed" for by in _changed(old, new)]
        found += [f"{layer[0]} is new" for layer in _surplus(new, old)]
        found += [f"{layer[0]} is gone" for layer in _surplus(old, new)]
        if not found and kept:
            found = ["the order of the layers"]
        return tuple(found)

    def remember(self, image: PlannedImage) -> None:
        """Take the image as the last that was built for its environments."""
        for name in image.environments:
            if self._known.get(name) != _record(image):
                self._known[name] = _record(image)
                self._changed = True

    def save(self) -> None:
        """Write it if it changed; where that cannot be, nothing is lost but a hint."""
        if not self._changed or self._file is None:
            return
        partial = self._file.with_name(f"{self._file.name}.{os.urandom(8).hex()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps({"format": _FORMAT, "environments": self._known}), encoding="utf-8")
            partial.replace(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)


_HEAD = ("base", "platforms", "python")


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _record(image: PlannedImage) -> dict[str, Any]:
    plan = image.plan
    return {
        "tag": plan.tag,
        "base": plan.base,
        "platforms": list(plan.platforms),
        "python": plan.python,
        "layers": [[each.declared_by, each.hash] for each in plan.layers],
    }


def _changed(old: list[Any], new: list[Any]) -> list[str]:
    """Return the methods whose layers are as many as before, in other forms."""
    names = dict.fromkeys(layer[0] for layer in new)
    return [name for name in names if _count(old, name) == _count(new, name) and _of(old, name) != _of(new, name)]


def _surplus(one: list[Any], other: list[Any]) -> list[Any]:
    """Return the layers that only `one` has, of methods that are used more often in it."""
    return [layer for layer in one if layer not in other and _count(one, layer[0]) > _count(other, layer[0])]


def _of(layers: list[Any], name: str) -> list[Any]:
    return [layer for layer in layers if layer[0] == name]


def _count(layers: list[Any], name: str) -> int:
    return len(_of(layers, name))
