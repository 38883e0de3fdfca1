"""What ``import flyte`` offers, against the recorded public API of Flyte 2.0.0b13.

`api-2.0.0b13.json` was read from that version by inspection: names, members, parameters and defaults. What is still
missing of it stands in `api-missing.txt`, exactly: a name that works has to leave the list (``make golden``).
"""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import flyte
import flyte.errors
import flytectl_py.errors
from tests.support.golden import FOLDER, Golden

RECORDED: dict[str, Any] = json.loads((FOLDER / "api-2.0.0b13.json").read_text(encoding="utf-8"))

# What belongs to the command line, to servers or to other people's formats is loaded when it is used.
NOT_LOADED = {
    "asyncio", "concurrent.futures", "decimal", "difflib", "fractions", "hashlib", "kubernetes", "logging", "pathspec",
    "pydantic", "rich", "subprocess", "tempfile", "tomllib", "typer", "yaml", "flytectl_py.model.layers",
}  # fmt: skip


def missing(recorded: dict[str, Any]) -> Iterator[str]:
    """Yield one line for each recorded thing that is not offered, or that is offered in another way."""
    for module_name, names in sorted(recorded.items()):
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError:
            yield module_name
            continue
        for name, record in sorted(names.items()):
            where = f"{module_name}.{name}"
            if not hasattr(module, name):
                yield where
                continue
            offered = getattr(module, name)
            yield from differences(where, offered, record)
            for member, its_record in sorted(record.get("members", {}).items()):
                if not hasattr(offered, member):
                    yield f"{where}.{member}"
                else:
                    yield from differences(f"{where}.{member}", getattr(offered, member), its_record)


def differences(where: str, offered: Any, record: dict[str, Any]) -> Iterator[str]:
    """Yield one line for each recorded parameter that a caller could not use as before."""
    wanted = [each for each in record.get("parameters", []) if each["name"] not in {"self", "cls"}]
    if all(each["kind"].startswith("VAR_") for each in wanted):
        return  # an alias of types, a protocol, or a function that takes anything
    try:
        parameters = list(inspect.signature(offered).parameters.values())
    except (TypeError, ValueError):
        yield f"{where}: not callable"
        return
    ours = {each.name: each for each in parameters if each.name != "self"}
    places = [name for name, each in ours.items() if each.kind in {each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD}]
    takes_any = any(each.kind is each.VAR_KEYWORD for each in ours.values())
    for place, each in enumerate(wanted):
        name = each["name"]
        if name not in ours:
            if not takes_any:
                yield f"{where}({name})"
        elif each["kind"] == "POSITIONAL_OR_KEYWORD" and places[place : place + 1] != [name]:
            yield f"{where}({name}): not at place {place + 1}"
        elif (said := other_default(ours[name], each)) is not None:
            yield f"{where}({name}): {said}"
    known = {each["name"] for each in wanted}
    variable = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    for name, extra in ours.items():
        if name not in known and extra.default is extra.empty and extra.kind not in variable:
            yield f"{where}({name}): required here only"


def other_default(ours: inspect.Parameter, recorded: dict[str, Any]) -> str | None:
    """Say how the default of a parameter differs. What a factory makes, and an object without text, is not compared."""
    if recorded["kind"].startswith("VAR_") or recorded.get("default") in ("<factory>", "<object>"):
        return "no default" if ours.default is ours.empty and "default" in recorded else None
    before = recorded.get("default", "none")
    now = "none" if ours.default is ours.empty else repr(ours.default)
    return None if now in (before, "<factory>") else f"default {now}, was {before}"


def test_what_is_missing_of_the_recorded_api(golden: Golden) -> None:
    golden.text("api-missing.txt", "".join(f"{line}\n" for line in missing(RECORDED)))


@pytest.mark.parametrize("name", [name for name in dir(flyte.Image) if name.startswith(("from_", "with_"))])
def test_a_method_of_the_image_has_a_text(name: str) -> None:
    assert inspect.getdoc(getattr(flyte.Image, name))


def test_everything_public_is_exported_and_nothing_else() -> None:
    public = {
        name
        for name, value in vars(flyte).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert sorted(flyte.__all__) == sorted(public | {"__version__"})
    assert len(set(flyte.__all__)) == len(flyte.__all__)


def test_every_error_is_exported() -> None:
    errors = {name for name, value in vars(flytectl_py.errors).items() if isinstance(value, type)}
    ours = {name for name in errors if issubclass(getattr(flytectl_py.errors, name), Exception)}
    assert set(flyte.errors.__all__) == ours | {"ErrorKind", "silence_grpc_polling_error"}


def test_the_modules_are_there_after_a_plain_import() -> None:
    names = sorted(each.stem for each in Path(flyte.__file__).parent.glob("*.py") if each.stem != "__init__")
    text = (
        "import sys, flyte\n"
        f"for name in {names}:\n"
        "    assert f'flyte.{name}' not in sys.modules, name\n"
        "    assert getattr(flyte, name).__name__ == f'flyte.{name}'\n"
        "assert flyte.errors.FlyteError and flyte.io.File and flyte.report.log\n"
        "assert not hasattr(flyte, 'nope')\n"
    )
    subprocess.run([sys.executable, "-c", text], check=True)


def test_import_flyte_is_light() -> None:
    text = "import sys; import flyte; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout.split()
    assert NOT_LOADED & set(loaded) == set()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(a, b=1): ...", []),
        ("def f(a, b=1, c=2, *, d=3, **more): ...", []),
        ("def f(a, *, b=1): ...", ["f(b): not at place 2"]),
        ("def f(b=1, a=None): ...", ["f(a): not at place 1", "f(b): not at place 2"]),
        ("def f(a, b=2): ...", ["f(b): default 2, was 1"]),
        ("def f(a=None, b=1): ...", ["f(a): default None, was none"]),
        ("def f(a): ...", ["f(b)"]),
        ("def f(a, b=1, *, c): ...", ["f(c): required here only"]),
        ("def f(a, c, b=1): ...", ["f(b): not at place 2", "f(c): required here only"]),
    ],
)
def test_a_difference_is_seen(text: str, said: list[str]) -> None:
    scope: dict[str, Any] = {}
    exec(text, scope)
    kind = "POSITIONAL_OR_KEYWORD"
    record = {"parameters": [{"name": "a", "kind": kind}, {"name": "b", "kind": kind, "default": "1"}]}
    assert list(differences("f", scope["f"], record)) == said


def test_a_missing_name_member_or_module_is_seen() -> None:
    recorded = {
        "flyte": {"nope": {"kind": "function"}, "Image": {"kind": "class", "members": {"nope": {}}}},
        "flyte.no": {},
    }
    assert list(missing(recorded)) == ["flyte.Image.nope", "flyte.nope", "flyte.no"]
