"""The header of a script (PEP 723): what it needs, written beside the code that needs it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

# The reference implementation's expression: https://packaging.python.org/en/latest/specifications/inline-script-metadata
_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


class ScriptHeader(NamedTuple):
    """What a script says of itself. `text` is TOML; the rest was read out of it."""

    text: str
    dependencies: tuple[str, ...]
    requires_python: str
    table: dict[str, Any]

    def as_pyproject(self) -> str:
        """Return a pyproject.toml that asks for the same: the header's own keys are those of ``[project]``."""
        return f'[project]\nname = "script"\nversion = "0"\n{self.text}'


def read_header(script: str) -> ScriptHeader:
    """Return the header of a script's text.

    :raises ValueError: there is none, there are two, or it is not what the standard allows; the message says which.
    """
    import tomllib

    blocks = [each for each in _BLOCK.finditer(script.replace("\r\n", "\n") + "\n") if each["type"] == "script"]
    if not blocks:
        raise ValueError("has no header: put '# /// script', '# dependencies = [...]' and '# ///' at its top")
    if len(blocks) > 1:
        raise ValueError("has two headers '# /// script'; keep one")
    lines = blocks[0]["content"].splitlines()
    text = "".join(f"{line[2:] if line.startswith('# ') else line[1:]}\n" for line in lines)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"has a header that is not TOML: {error}") from error
    dependencies, python = table.get("dependencies", []), table.get("requires-python", "")
    if not isinstance(dependencies, list) or not all(isinstance(each, str) for each in dependencies):
        raise ValueError("has a header whose 'dependencies' is not a list of texts")
    if not isinstance(python, str):
        raise ValueError("has a header whose 'requires-python' is not text")  # noqa: TRY004  as for the rest of it
    if unknown := sorted(set(table) - {"dependencies", "requires-python", "tool"}):
        raise ValueError(f"has a header with {', '.join(unknown)}; it takes dependencies, requires-python and tool")
    return ScriptHeader(text, tuple(dependencies), python, table)


def allows_python(specifier: str, python: tuple[int, int]) -> bool:
    """Whether ``requires-python`` allows some release of a minor version; what is not understood allows it."""
    for part in specifier.split(","):
        match = re.fullmatch(r"\s*(>=|>|<=|<|==|!=|~=|===)\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?(\.\*)?\s*", part)
        if match is None:
            continue
        bound, whole_major = (int(match[2]), int(match[3] or 0)), bool(match[5] and not match[3])
        if not _allows(match[1], bound, python, patch=bool(match[4]), whole_major=whole_major):
            return False
    return True


def _allows(operator: str, bound: tuple[int, int], python: tuple[int, int], *, patch: bool, whole_major: bool) -> bool:
    match operator:
        case ">=" | ">":
            # ">3.11" excludes 3.11.0 only, which no base is.
            return python >= bound
        case "~=":
            return python >= bound and python[0] == bound[0] and (not patch or python == bound)
        case "<=":
            return python <= bound
        case "<":
            return python < bound or (patch and python == bound)
        case "==" | "===":
            return python[0] == bound[0] if whole_major else python == bound
    return patch or python != bound
