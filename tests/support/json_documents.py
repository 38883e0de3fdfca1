"""Which JSON Schema of docs/schemas/ the document of a command has to satisfy, and the check that it does."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from flytectl_py.cli.app import root

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
ANY = "*"
"""Stands for any one word of a command line."""


class Kind(NamedTuple):
    """What a command prints under --json: the name of a schema, another one under --dry-run, and the exit codes with
    which it prints that; with any other it prints an error.
    """

    schema: str
    dry_run: str = ""
    codes: frozenset[int] = frozenset({0})


KINDS: Final[Mapping[tuple[str, ...], Kind]] = {
    ("run",): Kind("run", "run-dry-run"),
    ("rerun",): Kind("run", "run-dry-run"),
    ("get", "run"): Kind("runs"),
    ("get", "run", ANY): Kind("get-run"),
    ("get", "action", ANY): Kind("actions"),
    ("get", "action", ANY, ANY): Kind("action"),
    ("get", "task"): Kind("tasks"),
    ("get", "task", ANY): Kind("task"),
    ("get", "project"): Kind("projects"),
    ("get", "project", ANY): Kind("project"),
    ("logs",): Kind("logs"),
    ("abort",): Kind("abort"),
    ("gc",): Kind("gc", "gc"),
    ("bundle",): Kind("bundle"),
    ("bundle", "diff"): Kind("bundle-diff", codes=frozenset({0, 1})),
    ("bundle", "verify"): Kind("bundle-verify"),
    ("bundle", "extract"): Kind("bundle-extract"),
    ("build",): Kind("build", "build"),
    ("deploy",): Kind("deploy", "deploy-dry-run"),
    ("serialize",): Kind("serialize"),
    ("start",): Kind("start"),
    ("stop",): Kind("stop"),
    ("status",): Kind("status"),
    ("config", "show"): Kind("config-show"),
    ("whoami",): Kind("whoami"),
    ("config", "path"): Kind("config-path"),
    ("config", "get"): Kind("config-get"),
    ("config", "set"): Kind("config-set"),
    ("config", "unset"): Kind("config-unset"),
    ("config", "init"): Kind("config-init"),
    ("doctor",): Kind("doctor", codes=frozenset({0, 3})),
    ("explain", "image"): Kind("explain-image"),
    ("explain", "bundle"): Kind("explain-bundle"),
    ("explain", "version"): Kind("explain-version"),
    ("explain", "cache"): Kind("explain-cache"),
    ("completion", ANY): Kind("completion"),
    ("completion", "install"): Kind("completion-install", "completion-install"),
}
"""By the first words of a command line, options left out; the longest that fits counts, and words before any word."""


def check_printed(command: Sequence[str], code: int, out: str) -> None:
    """Check what `command` printed on stdout, if it is `flyte` and was asked for JSON.

    :param code: with which it ended; one that was killed may have printed anything.
    :raises AssertionError: it is not one document, or not one that its schema allows.
    """
    arguments = arguments_of(command)
    if arguments is None or code < 0 or not wants_json(arguments):
        return
    try:
        document = json.loads(out)
    except ValueError as error:
        raise AssertionError(f"stdout is not one JSON document: {error}\n$ {' '.join(command)}\n{out}") from error
    check(document, schema_of(arguments, code, document))


def check_screen(command: Sequence[str], code: int, out: str) -> None:
    """Check what `command` left on a terminal, where messages and the document stand together: nothing moves or shines.

    :raises AssertionError: it was asked for JSON, and drew.
    """
    arguments = arguments_of(command)
    if arguments is not None and code >= 0 and wants_json(arguments):
        assert "\x1b" not in out, f"drawn under --json\n$ {' '.join(command)}\n{out!r}"


def arguments_of(command: Sequence[str]) -> list[str] | None:
    """Return what stands after `flyte`, None for any other program."""
    words = list(command)
    if words and Path(words[0]).name == "flyte":
        return words[1:]
    if words[1:3] == ["-m", "flytectl_py"]:
        return words[3:]
    return None


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether the command line asks for JSON; help is text in any case."""
    if any(each in ("-h", "--help") for each in arguments):
        return False
    pairs = list(itertools.pairwise([*arguments, "-"]))
    if any(two in _FORMS for two in pairs) or "--output-format=json" in arguments:
        return True
    # After TASK, `--json mine` is an input of that name.
    asked = [at for at, (one, two) in enumerate(pairs) if one == "--json"]
    return any(pairs[at][1].startswith("-") or len(words_of(arguments[:at])) < _TASK for at in asked)


_TASK = 3
"""Words of ``run FILE TASK``."""
_FORMS = (("-of", "json"), ("--output-format", "json"))


def schema_of(arguments: Sequence[str], code: int, document: Any) -> str:
    """Return the name of the schema for what a command line printed.

    :raises AssertionError: its kind of document has none.
    """
    words = words_of(arguments)
    if not words and code == 0 and ("--version" in arguments or "-V" in arguments):
        return "version"
    kind = kind_of(words)
    if code != 0 and (kind is None or code not in kind.codes or "error" in document):
        return "error"
    assert kind is not None, f"no schema for flyte {' '.join(arguments)}: docs/schemas/README.md says how to add one"
    assert code in kind.codes, f"ended with {code}, and printed {document}"
    if "--dry-run" in arguments:
        assert kind.dry_run, f"no schema for flyte {' '.join(arguments)}: docs/schemas/README.md says how to add one"
        return kind.dry_run
    return kind.schema


def kind_of(words: Sequence[str]) -> Kind | None:
    """Return what is printed by the command with these words, None where there is no such document."""
    fitting = [
        known
        for known in KINDS
        if len(known) <= len(words) and all(a in (b, ANY) for a, b in zip(known, words, strict=False))
    ]
    return KINDS[max(fitting, key=lambda known: (len(known), -known.count(ANY)))] if fitting else None


def words_of(arguments: Sequence[str]) -> list[str]:
    """Return the words of a command line: options and their values are left out."""
    app = root()
    taking = _with_value(app)
    words: list[str] = []
    rest = list(arguments)
    while rest:
        each = rest.pop(0)
        if each.startswith("-") and len(each) > 1:
            if each in taking and rest:
                rest.pop(0)
            continue
        if not words and each in app.list_commands(None):
            taking = taking | _with_value(app.get_command(None, each))
        words.append(each)
    if words[:1] == ["get"] and len(words) > 1:
        words[1] = words[1].removesuffix("s")  # Both are understood.
    return words


def _with_value(command: Any) -> set[str]:
    whole = getattr(command, "whole", None)  # `flyte run` makes its options when it needs them.
    return {
        name
        for option in (whole() if whole else command).params
        if not getattr(option, "is_flag", True) and not option.count
        for name in option.opts
    }


def check(document: Any, schema: str) -> None:
    """:raises AssertionError: `document` is not as `schema` says."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator(schema).iter_errors(document))
    if error is None:
        return
    shown = json.dumps(document, ensure_ascii=False)[:2000]
    raise AssertionError(f"not as docs/schemas/{schema}.json says: {error.json_path}: {error.message[:1000]}\n{shown}")


@functools.cache
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator, FormatChecker
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    registry: Any = Registry().with_resources((name, DRAFT202012.create_resource(text)) for name, text in schemas())
    return Draft202012Validator({"$ref": f"{schema}.json"}, registry=registry, format_checker=FormatChecker())


def schemas() -> list[tuple[str, Any]]:
    """Return every schema with the name of its file."""
    return [(each.name, json.loads(each.read_text("utf-8"))) for each in sorted(SCHEMAS.glob("*.json"))]
