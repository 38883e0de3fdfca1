"""`flyte explain image`: every field that makes up an image's tag, and what moved since the last build."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.explain import file_line, layer_line, said_of, short, since, tell_unreadable
from flytectl_py.cli.images import document, plan
from flytectl_py.cli.tree import Branch, shown

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.image_planning import PlannedImage
    from flytectl_py.plan.image import PlannedLayer


def explain(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    """Show the tags of the images of some environments.

    :param words: FILE or DIR, and environments.
    """
    from flytectl_py.engines.image_history import ImageHistory

    planned = plan(words[0], words[1:], options)
    history = ImageHistory.of(planned.loaded.root.path)
    for warning in dict.fromkeys(warning for each in planned.images for warning in each.plan.warnings):
        output.note(warning)
    trees, documents = [], []
    for each in planned.images:
        before, changed = (None, ()) if each.plan.given else (history.before(each), history.changes(each))
        documents.append({**_document(each), **said_of(before, changed)})
        last = [] if each.plan.given else [since(before, changed, "build")]
        name = f"image of {', '.join(each.environments)}: {each.plan.uri}"
        trees.append(Branch.of(name, [*_parts(each, output), *last]))
    tell_unreadable(history.ledger, output)
    output.result(shown(*trees), {"images": documents})


def _parts(image: PlannedImage, output: Output) -> list[Branch]:
    made = image.plan
    if made.given:
        return [Branch("given by its URI: there is nothing to build")]
    from flytectl_py.digest.image_tag import RECIPE_VERSION

    head = {
        "recipe": str(RECIPE_VERSION),
        "base": made.base,
        "platforms": ", ".join(made.platforms),
        "python": made.python,
    }
    return [Branch(f"{key} {value}") for key, value in head.items() if value] + [
        _layer(each, output) for each in made.layers
    ]


def _layer(layer: PlannedLayer, output: Output) -> Branch:
    from flytectl_py.engines.image_history import files_of
    from flytectl_py.engines.ledger import settled
    from flytectl_py.plan.changes import shown as value_text

    fields = [
        f"{key} {short(value, output) if key == 'files' else value_text(value)}"
        for key, value in settled(layer.fields).items()
        if value not in (None, "", [], {}, False)
    ]
    below: list[Branch | str] = [each for each in fields if not each.startswith("files ")]
    if layer.files:
        files = [
            file_line(path, size, sha256, executable=executable, output=output)
            for path, executable, size, sha256 in files_of(layer)
        ]
        count = f"{len(files)} file{'s' if len(files) != 1 else ''}"
        digest = next((f", {each}" for each in fields if each.startswith("files ")), "")
        below.append(Branch.of(f"{count}{digest}", files if output.verbosity else ()))
    return Branch.of(layer_line(layer, output), below)


def _document(image: PlannedImage) -> dict[str, Any]:
    from flytectl_py.engines.image_history import files_of

    said = document(image)
    said["layers"] = [
        {
            **layer,
            "files": [
                {"path": path, "executable": executable, "size": size, "sha256": sha256}
                for path, executable, size, sha256 in files_of(planned)
            ],
        }
        for layer, planned in zip(said["layers"], image.plan.layers, strict=True)
    ]
    return said
