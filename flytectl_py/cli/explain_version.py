"""`flyte explain version`: the code, images and specifications that make up a version, and what moved since."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.explain import said_of, short, since, tell_unreadable
from flytectl_py.cli.tree import Branch, shown

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.deployment_plan import DeploymentPlan


def explain(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    """Show the version of some environments.

    :param words: FILE or DIR, and environments.
    """
    from flytectl_py.cli.deploy import plan_target
    from flytectl_py.engines.ledger import Ledger, settled
    from flytectl_py.engines.version_history import moved, version_parts

    _, plan = plan_target(words[0], words[1:], options)
    for warning in plan.warnings:
        output.note(f"warning: {warning}")
    parts = version_parts(plan)
    ledger = Ledger.of(Path(plan.submission.code_root))
    before, changed = moved(plan, parts, ledger)
    tell_unreadable(ledger, output)
    tree = Branch.of(
        f"version of {plan.target}: {plan.version}",
        [
            f"recipe {parts['recipe']}",
            _bundle(plan, words[0], output),
            Branch.of("images", [f"{name}: {uri}" for name, uri in plan.uris.items()]),
            Branch.of("tasks", [_task(name, each, output) for name, each in settled(parts["tasks"]).items()]),
            since(before, changed, "deploy"),
        ],
    )
    document = {
        "target": plan.target,
        "version": plan.version,
        "recipe": parts["recipe"],
        "bundle": None if plan.bundle is None else plan.bundle.digest,
        "images": dict(plan.uris),
        "tasks": parts["tasks"],
        "warnings": list(plan.warnings),
    }
    output.result(shown(tree), {**document, **said_of(before, changed)})


def _bundle(plan: DeploymentPlan, target: str, output: Output) -> Branch:
    if plan.bundle is None:
        return Branch("no bundle: the images hold the code")
    return Branch.of(
        f"bundle {short(plan.bundle.digest, output)}: {plan.bundle.summary}",
        [f"'flyte explain bundle {target}' lists the files"],
    )


def _task(name: str, task: Mapping[str, Any], output: Output) -> Branch:
    from flytectl_py.plan.changes import shown as value_text

    fields = dict(task["fields"] or {})
    if not output.verbosity:
        fields.pop("command line", None)
    listed = [f"{key} {value_text(value)}" for key, value in fields.items()]
    return Branch.of(f"{name}  sha256 {short(task['sha256'], output)}", listed)
