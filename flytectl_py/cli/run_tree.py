"""The actions of a run as a tree, for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flytectl_py.records.reading import ActionRecord

_MANY = 12
"""Of more calls of one task under one caller only the first few are shown."""
_FEW = 3
_LONG_ERROR = 200
_LONG_VALUE = 60


def tree(actions: Sequence[ActionRecord], *, whole: bool = False) -> list[str]:
    """Return one line for each action, children under their caller, groups as nodes of their own.

    :param whole: show all, also where hundreds of calls are alike.
    """
    children: dict[int | None, list[ActionRecord]] = {}
    known = {each.number for each in actions}
    for each in actions:
        children.setdefault(each.parent if each.parent in known else None, []).append(each)
    return list(_branch(children.get(None, []), children, "", whole=whole, top=True))


def duration(seconds: float | None) -> str:
    """Return a time span as a person reads it: ``12 ms``, ``1.53 s``, ``3 min 20 s``."""
    if seconds is None:
        return "…"
    if seconds < 0.9995:
        return f"{1000 * seconds:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _branch(
    actions: list[ActionRecord],
    children: dict[int | None, list[ActionRecord]],
    indent: str,
    *,
    whole: bool,
    top: bool = False,
) -> Iterator[str]:
    nodes = list(_nodes(actions, whole=whole))
    for position, node in enumerate(nodes):
        last = position == len(nodes) - 1
        mark, below = ("", "") if top else ("└── ", "    ") if last else ("├── ", "│   ")
        if isinstance(node, str):
            yield f"{indent}{mark}{node}"
        elif isinstance(node, list):
            yield f"{indent}{mark}{node[0].group}: {_counts(node)}"
            plain = [each._replace(group=None) for each in node]
            yield from _branch(plain, children, indent + below, whole=whole)
        else:
            yield f"{indent}{mark}{_line(node)}"
            yield from _earlier(node, f"{indent}{below}{'│' if children.get(node.number) else ' '}", whole=whole)
            yield from _branch(children.get(node.number, []), children, indent + below, whole=whole)


def _nodes(actions: list[ActionRecord], *, whole: bool) -> Iterator[ActionRecord | list[ActionRecord] | str]:
    """Give what stands on one level: actions, groups of them, and a line for those that are left out."""
    grouped: dict[str, list[ActionRecord]] = {}
    for each in actions:
        if each.group is not None:
            grouped.setdefault(each.group, []).append(each)
    seen = set()
    alone: list[ActionRecord] = []
    for each in actions:
        if each.group is None:
            alone.append(each)
        elif each.group not in seen:
            seen.add(each.group)
            yield from _thinned(alone, whole=whole)
            alone = []
            yield grouped[each.group]
    yield from _thinned(alone, whole=whole)


def _thinned(actions: list[ActionRecord], *, whole: bool) -> Iterator[ActionRecord | str]:
    for name, same in groupby(actions, key=lambda each: each.name):
        calls = list(same)
        if whole or len(calls) <= _MANY:
            yield from calls
            continue
        shown = calls[:_FEW] + [each for each in calls[_FEW:] if each.phase == "failed"][:_FEW]
        yield from shown
        rest = [each for each in calls if each not in shown]
        yield f"{name}: {len(rest)} more: {_counts(rest)} (-v shows all)"


def _counts(actions: Sequence[ActionRecord]) -> str:
    counts: dict[str, int] = {}
    for each in actions:
        what = "cached" if each.cache == "hit" else each.phase
        counts[what] = counts.get(what, 0) + 1
    return ", ".join(f"{number} {what}" for what, number in counts.items())


def _line(action: ActionRecord) -> str:
    parts = [duration(action.seconds)]
    if action.cache == "hit":
        parts.append("cached")
    if action.attempts > 1:
        parts.append(f"{action.attempts} attempts")
    if action.phase != "succeeded":
        parts.append(action.phase)
    if action.kind == "trace":
        parts.append("traced")
    line = f"a{action.number} {action.name}{_inputs(action)}  {', '.join(parts)}"
    if action.error_code:
        text = (action.error or "").partition("\n")[0]
        line += f"  {action.error_code}: {text[:_LONG_ERROR]}"
    return line


def _earlier(action: ActionRecord, indent: str, *, whole: bool) -> Iterator[str]:
    """Say why attempts failed that another one followed."""
    shown = action.earlier if whole or len(action.earlier) <= _FEW else action.earlier[-_FEW:]
    if len(shown) < len(action.earlier):
        yield f"{indent}   {len(action.earlier) - len(shown)} attempts before these (-v shows all)"
    for each in shown:
        yield f"{indent}   attempt {each.attempt}  {each.error_code}: {each.error.partition(chr(10))[0][:_LONG_ERROR]}"


def _inputs(action: ActionRecord) -> str:
    if not action.inputs:
        return "()"
    shown = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in action.inputs.items())
    return f"({shown if len(shown) <= _LONG_VALUE else shown[:_LONG_VALUE] + '…'})"
