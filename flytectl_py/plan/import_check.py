"""Which imports would fail where the bundle is unpacked, and which only may."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, NamedTuple

from flytectl_py.errors import UsageError
from flytectl_py.plan.imports import When

Held = Literal["held", "unknown", "missing"]
"""Whether an image holds a file: a layer copies or installs it; nobody can say; no layer does."""


class Reference(NamedTuple):
    """An import of a first-party file.

    :param importer: relative to the root, or absolute outside it. :param module: dotted.
    :param target: the file imported; as `importer`.
    """

    importer: str
    line: int
    when: When
    module: str
    target: str

    @property
    def place(self) -> str:
        return f"{self.importer}:{self.line}"


class Outside(NamedTuple):
    """What the image of an environment has of a file outside the root."""

    environment: str
    place: str
    held: Held


def check_imports(
    references: Iterable[Reference],
    bundled: Collection[str],
    loaded: Collection[str],
    reasons: Mapping[str, str],
    outside: Mapping[str, list[Outside]],
) -> list[str]:
    """Return a warning for each import that may fail.

    What was loaded is what an eager import led to; an eager import of something else was not carried out here, which is
    a warning. Files that were not loaded themselves, but included, are taken by their text.

    :param reasons: why a file was left out, by path. :param outside: of each target that lies outside the root.
    :raises UsageError: an eager import of a file that will not be there; names all of them.
    """
    faults: list[str] = []
    warnings: list[str] = []
    lazy: list[Reference] = []
    for each in dict.fromkeys(references):
        if each.when == "main" or each.target in bundled or each.importer not in bundled:
            continue
        if each.target in outside:
            _judge_outside(each, outside[each.target], faults, warnings)
        elif each.when in ("eager", "optional"):
            if each.importer in loaded and each.target not in loaded:
                warnings.append(
                    f"import {each.module} ({each.place}) was not carried out here, or failed, so {each.target} is not "
                    f"in the bundle; if it is needed there, {_add(each)}"
                )
                continue
            said = f"import {each.module} ({each.place}) is not in the bundle: {_why(each, reasons)}; {_add(each)}"
            (faults if each.when == "eager" else warnings).append(said)
        else:
            lazy.append(each)
    if faults:
        listed = faults[0] if len(faults) == 1 else "".join(f"\n  {each}" for each in _unique(faults))
        raise UsageError(
            listed if len(faults) == 1 else f"imports that would fail where the bundle is unpacked:{listed}",
            hint="flyte bundle ls --excluded shows what was left out, and why",
            where=_first_place(faults[0]),
        )
    # Of a statement that leads to a package and what is in it, the innermost says enough.
    outer = {(each.place, above) for each in lazy for above in _packages(each.module)}
    return _unique([*warnings, *(_lazy(each, reasons) for each in lazy if (each.place, each.module) not in outer)])


def _rule(path: str, reasons: Mapping[str, str]) -> str:
    """Return the rule that left out `path` or a folder that it is in, or an empty string."""
    while path:
        if path in reasons:
            return reasons[path]
        path = path.rpartition("/")[0]
    return ""


def _why(reference: Reference, reasons: Mapping[str, str]) -> str:
    rule = _rule(reference.target, reasons)
    return f"{reference.target} is left out by {rule}" if rule else f"{reference.target} was not loaded"


def _add(reference: Reference) -> str:
    return f'add include=("{reference.target}",) to the environment, or --include {reference.target}'


def _lazy(reference: Reference, reasons: Mapping[str, str]) -> str:
    how = "for type checkers only" if reference.when == "typing" else "inside a function"
    what = f"{reference.module} is imported {how} ({reference.place})"
    rule = _rule(reference.target, reasons)
    if rule:
        return f"{what}, and {reference.target} is left out by {rule}; {_add(reference)}"
    return (
        f"{what}, so {reference.target} is not in the bundle; "
        f"import it at module level, {_add(reference)}, or pass --copy-style all"
    )


def _judge_outside(reference: Reference, images: list[Outside], faults: list[str], warnings: list[str]) -> None:
    lacking = [each for each in images if each.held == "missing"]
    unknown = [each for each in images if each.held == "unknown"]
    what = f"import {reference.module} ({reference.place})"
    if reference.when == "typing":
        return
    if lacking:
        names = ", ".join(f"{each.environment} ({each.place})" for each in lacking)
        said = (
            f"{what} leads out of the root, to {reference.target}, which the image of {names} does not hold; "
            "copy it with Image.with_source_folder(), install its project, or choose a --root-dir that holds both"
        )
        (faults if reference.when == "eager" else warnings).append(said)
    elif unknown and reference.when in ("eager", "optional"):
        names = ", ".join(each.environment for each in unknown)
        warnings.append(
            f"{what} leads out of the root, to {reference.target}; the image of {names} has to hold it, which cannot "
            "be seen from here"
        )


def _packages(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _unique(lines: list[str]) -> list[str]:
    return list(dict.fromkeys(lines))


def _first_place(fault: str) -> str:
    return fault.partition("(")[2].partition(")")[0]
