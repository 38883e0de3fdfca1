"""`flyte explain`: what a name that follows from content is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.description import Description, Word
from flytectl_py.cli.images import PLANNING_OPTIONS, document, make_command, plan
from flytectl_py.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.image_planning import PlannedImage
    from flytectl_py.plan.image import PlannedLayer

HELP = """Show what makes up a name that follows from content, and what changed since last time on this machine.

Examples:
  flyte explain image app.py          the tag of every environment's image
  flyte explain image app.py etl      of one
  flyte explain image app.py -v       with the files of each layer
  flyte explain cache app.py main     the key under which the outputs of a task are kept
"""

WORDS: Mapping[str, Word] = {
    "image": Word("FILE|DIR [ENV]...", "What images' tags are made of."),
    "cache": Word("FILE TASK", "The key of a task's outputs in the cache."),
}
DESCRIPTION = Description("explain", HELP, "image FILE|DIR [ENV]... | cache FILE TASK", PLANNING_OPTIONS, WORDS)


def command() -> Any:
    """Return the command `explain`."""
    return make_command(DESCRIPTION, _explain)


def _explain(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    if not words:
        raise UsageError(
            "explain what? flyte explain image FILE [ENV], or flyte explain cache FILE TASK",
            hint="see 'flyte explain --help'",
        )
    if words[0] not in WORDS:
        raise UnknownNameError("subject", words[0], WORDS, hint="flyte explain image FILE [ENV]")
    if words[0] == "cache":
        from flytectl_py.cli.explain_cache import explain_cache

        explain_cache(words[1:], options, output)
        return
    if len(words) == 1:
        raise UsageError("which file? flyte explain image needs FILE or DIR", hint="see 'flyte explain --help'")
    from flytectl_py.engines.image_history import ImageHistory

    planned = plan(words[1], words[2:], options)
    history = ImageHistory.of(planned.loaded.root.path)
    changes = {each.plan.uri: () if each.plan.given else history.changes(each) for each in planned.images}
    for warning in dict.fromkeys(warning for each in planned.images for warning in each.plan.warnings):
        output.note(warning)
    output.result(
        "\n\n".join(_text(each, changes[each.plan.uri], with_files=output.verbosity > 0) for each in planned.images),
        {"images": [_document(each, changes[each.plan.uri]) for each in planned.images]},
    )


def _text(image: PlannedImage, changes: tuple[str, ...], *, with_files: bool) -> str:
    made = image.plan
    lines = [f"{', '.join(image.environments)}: {made.uri}"]
    if made.given:
        return f"{lines[0]}\n  given by its URI: there is nothing to build"
    head = {"base": made.base, "platforms": ", ".join(made.platforms), "python": made.python}
    lines += [f"  {key} {value}" for key, value in head.items() if value]
    for layer in made.layers:
        lines.append(f"  {layer.hash} {layer.declared_by} ({layer.kind})")
        lines += [f"    {key} {_shown(value)}" for key, value in layer.fields.items() if value not in (None, [], False)]
        if with_files:
            lines += [
                f"    {'x' if each['executable'] else '-'} {each['sha256'][:12]} {each['path']}"
                for each in _files(layer)
            ]
    lines += [f"  changed since the last build: {each}" for each in changes]
    return "\n".join(lines)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _document(image: PlannedImage, changes: tuple[str, ...]) -> dict[str, Any]:
    said = document(image)
    said["layers"] = [
        {**layer, "files": _files(planned)} for layer, planned in zip(said["layers"], image.plan.layers, strict=True)
    ]
    return {**said, "changed": list(changes)}


def _files(layer: PlannedLayer) -> list[dict[str, Any]]:
    # As they enter the hash: below the layer's own folder of the context, if it has one.
    folder = "" if layer.kind == "dockerfile" else f"{layer.files[0].path.partition('/')[0]}/" if layer.files else ""
    return [
        {
            "path": each.path.removeprefix(folder),
            "executable": each.executable,
            "size": each.size,
            "sha256": each.sha256,
        }
        for each in layer.files
    ]
