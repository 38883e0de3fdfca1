"""`flyte explain bundle`: every file that makes up a bundle's digest, and what moved since the last bundle."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flytectl_py.cli.explain import file_line, said_of, since, tell_unreadable
from flytectl_py.cli.tree import Branch, shown
from flytectl_py.errors import UsageError

if TYPE_CHECKING:
    from flytectl_py.cli.output import Output


def explain(words: list[str], options: Mapping[str, Any], output: Output) -> None:
    """Show the digest of the bundle of a file or folder.

    :param words: FILE or DIR.
    """
    from flytectl_py.cli.bundle_report import document
    from flytectl_py.cli.bundle_sides import request_of, root_of
    from flytectl_py.cli.loading import load_target
    from flytectl_py.cli.output import keep_stdout
    from flytectl_py.engines.bundle_history import moved
    from flytectl_py.engines.bundle_imports import Code
    from flytectl_py.engines.bundling import check_root, plan_bundle
    from flytectl_py.engines.ledger import Ledger
    from flytectl_py.plan.bundle import left_out_summary, shown_amount

    if len(words) != 1:
        raise UsageError(f"flyte explain bundle takes FILE|DIR, got {' '.join(words)}")
    check_root(root_of(words[0], options))  # Before anything in it is walked or run.
    keep_stdout()
    loaded = load_target(words[0], options)
    code = Code(loaded.root.path, loaded.root.import_paths, loaded.target, loaded.environments, dict(sys.modules))
    plan = plan_bundle(code, request_of(options))
    for warning in plan.warnings:
        output.note(f"warning: {warning}")
    ledger = Ledger.of(loaded.root.path)
    before, changed = moved(plan, ledger)
    tell_unreadable(ledger, output)
    files = []
    for each in plan.files:
        line = file_line(each.path, each.size, each.sha256, executable=each.executable, output=output)
        files.append(Branch.of(line, [f"why: {plan.whys[each.path]}"]))
    said = document(plan, None)
    said["files"] = [
        {**listed, "executable": each.executable, "sha256": each.sha256}
        for listed, each in zip(said["files"], plan.files, strict=True)
    ]
    left = [f"{left_out_summary(plan.excluded)}; 'flyte bundle ls --excluded {words[0]}' lists them"]
    tree = Branch.of(
        f"bundle of {plan.target}: {plan.digest}",
        [
            f"recipe {plan.manifest.recipe_version}",
            f"root {plan.root} ({loaded.root.reason}): paths count from here",
            f"copy style {plan.copy_style}",
            Branch.of(shown_amount(plan.manifest), files),
            *(left if plan.excluded else []),
            since(before, changed, "bundle"),
        ],
    )
    output.result(
        shown(tree),
        {
            **said,
            "recipe": plan.manifest.recipe_version,
            "root_reason": loaded.root.reason,
            "target": plan.target,
            **said_of(before, changed),
        },
    )
