"""What each environment's image was made of when it was last built, so that a change can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from flytectl_py.digest.image_tag import RECIPE_VERSION
from flytectl_py.engines.image_planning import PlannedImage
from flytectl_py.engines.ledger import Entry, Ledger, settled
from flytectl_py.plan.changes import image_changes
from flytectl_py.plan.image import PlannedLayer

MOST_FILES: Final = 5_000
"""Of a layer: the files of a larger one are not listed."""


class ImageHistory:
    """The images of a project's environments in its ledger.

    :param ledger: None where nothing is remembered.
    """

    def __init__(self, ledger: Ledger | None) -> None:
        self.ledger = ledger or Ledger(None)

    @classmethod
    def of(cls, root: Path) -> ImageHistory:
        """Return the history of the project with that root."""
        return cls(Ledger.of(root))

    def before(self, image: PlannedImage) -> Entry | None:
        """Return the last build of the first environment that had one."""
        return next(filter(None, (self.ledger.last("image", name) for name in image.environments)), None)

    def changes(self, image: PlannedImage) -> tuple[str, ...]:
        """Return what differs from the last build; empty where nothing does, or there was none."""
        before = self.before(image)
        if before is None or before.name == image.plan.tag:
            return ()
        return tuple(image_changes(before.parts, settled(image_parts(image))))

    def remember(self, image: PlannedImage) -> None:
        """Take the image as the last that was built for its environments."""
        for name in image.environments:
            self.ledger.keep("image", name, image.plan.tag, "build", lambda: image_parts(image))


def image_parts(image: PlannedImage) -> dict[str, Any]:
    """Return what makes up an image, for the ledger."""
    plan = image.plan
    if plan.given:
        return {"name": plan.uri, "given": True}
    return {
        "name": plan.tag,
        "recipe": RECIPE_VERSION,
        "base": plan.base,
        "platforms": sorted(plan.platforms),
        "python": plan.python,
        "layers": [
            {
                "kind": each.kind,
                "declared_by": each.declared_by,
                "hash": each.hash,
                "fields": dict(each.fields),
                "files": [[path, *rest] for path, *rest in files_of(each)] if len(each.files) <= MOST_FILES else None,
            }
            for each in plan.layers
        ],
    }


def files_of(layer: PlannedLayer) -> list[tuple[str, bool, int, str]]:
    """Return path, executable bit, size and SHA-256 of a layer's files, as they enter its hash.

    That is below the layer's own folder of the context, if it has one.
    """
    folder = "" if layer.kind == "dockerfile" else f"{layer.files[0].path.partition('/')[0]}/" if layer.files else ""
    return [(each.path.removeprefix(folder), each.executable, each.size, each.sha256) for each in layer.files]
