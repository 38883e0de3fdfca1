"""Schemas of what --json prints: each is complete, used and listed, each command has one, and faults are found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flytectl_py.cli.app import COMMANDS
from tests.support.json_documents import KINDS, SCHEMAS, check, check_printed, check_screen, kind_of, schemas, words_of

NAMES = dict(schemas())
PARTS = {"image", "ledger-entry"}
"""Schemas of what is only a part of documents."""


def nodes(schema: Any) -> Iterator[Any]:
    """Yield a schema and all that are in it."""
    yield schema
    below = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    for key in ("items", "additionalProperties"):
        below += [schema[key]] if isinstance(schema.get(key), dict) else []
    for each in (*below, *schema.get("oneOf", ()), *schema.get("anyOf", ())):
        yield from nodes(each)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_says_what_everything_is(name: str) -> None:
    from jsonschema import Draft202012Validator

    schema = NAMES[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["description"]
    for node in nodes(schema):
        properties = node.get("properties", {})
        for key, each in properties.items():
            assert each.get("description", "").strip(), f"{name}: {key} has no description"
        if properties:
            assert node["additionalProperties"] is False, name
            assert set(node["required"]) <= properties.keys()
        assert node.get("$ref", "#/").startswith("#/") or node["$ref"] in NAMES


def test_each_schema_is_used_and_listed() -> None:
    used = {name for kind in KINDS.values() for name in (kind.schema, kind.dry_run) if name}
    assert {f"{name}.json" for name in used | PARTS | {"error", "version"}} == set(NAMES)
    text = (SCHEMAS / "README.md").read_text("utf-8")
    assert [name for name in NAMES if f"({name})" not in text] == []


def test_each_command_has_a_schema() -> None:
    assert set(COMMANDS) <= {words[0] for words in KINDS}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("run --name a app.py main --x 1 --json", "run app.py main 1"),
        ("-c c.yaml --json get --limit 3 runs", "get run"),
        ("get action -p proj r1 a0", "get action r1 a0"),
        ("bundle --copy-style all app.py -o b.tar.gz", "bundle app.py"),
        ("deploy --version 1 app.py -q", "deploy app.py"),
        ("--version", ""),
    ],
)
def test_words_are_what_is_no_option(line: str, words: str) -> None:
    assert words_of(line.split()) == words.split()


def test_the_longest_kind_counts() -> None:
    assert kind_of(["get", "run"]) == KINDS["get", "run"]
    assert kind_of(["get", "run", "r1"]) == KINDS["get", "run", "*"]
    assert kind_of(["bundle", "app.py"]) == KINDS["bundle",]
    assert kind_of(["completion", "bash"]) == KINDS["completion", "*"]
    assert kind_of(["completion", "install", "bash"]) == KINDS["completion", "install"]
    assert kind_of(["nope"]) is None
    assert kind_of(["get"]) is None


def test_the_check_finds_what_is_missing_too_much_or_of_another_type() -> None:
    check({"stopped": True}, "stop")
    for wrong in ({}, {"stopped": 1}, {"stopped": True, "more": 1}, [], {"error": {}}):
        with pytest.raises(AssertionError):
            check(wrong, "stop")
    record = {"code": "A", "message": "", "hint": "", "where": ""}
    check({"error": record}, "error")
    for key in record:
        with pytest.raises(AssertionError):
            check({"error": {name: text for name, text in record.items() if name != key}}, "error")


@pytest.mark.parametrize(
    ("line", "code", "out"),
    [
        ("flyte --json stop", 0, ""),
        ("flyte run app.py --json main", 0, "1"),
        ("flyte run app.py main --json", 0, "1"),
        ("flyte run app.py main --json --x 1", 0, "1"),
        ("flyte stop -of json", 0, "stopped"),
        ("flyte stop --output-format=json", 0, '{"stopped": true}\n{"stopped": true}\n'),
        ("flyte stop --json", 1, '{"stopped": true}'),
        ("/usr/bin/flyte --json stop", 0, '{"error": {"code": "A", "message": "", "hint": "", "where": ""}}'),
        ("python -m flytectl_py --json nope", 0, "{}"),
        ("flyte --json stop --dry-run", 0, '{"stopped": true}'),
    ],
)
def test_what_is_printed_is_checked_by_what_was_asked(line: str, code: int, out: str) -> None:
    with pytest.raises(AssertionError):
        check_printed(line.split(), code, out)


@pytest.mark.parametrize(
    ("line", "code", "out"),
    [
        ("flyte stop", 0, "stopped"),
        ("flyte run app.py main --json mine", 0, "mine"),
        ("flyte stop --json --help", 0, "Usage"),
        ("flyte stop --json", -9, ""),
        ("other stop --json", 0, ""),
        ("flyte --json stop", 0, '{"stopped": false}'),
        ("flyte --json nope", 2, '{"error": {"code": "A", "message": "", "hint": "", "where": ""}}'),
    ],
)
def test_what_is_not_asked_for_as_json_is_not_checked(line: str, code: int, out: str) -> None:
    check_printed(line.split(), code, out)


def test_nothing_is_drawn_on_a_terminal_that_was_asked_for_json() -> None:
    check_screen(["flyte", "stop"], 0, "\x1b[2Kstopped")
    check_screen(["flyte", "stop", "--json"], 0, '{"stopped": true}')
    with pytest.raises(AssertionError):
        check_screen(["flyte", "stop", "--json"], 0, '\x1b[2K{"stopped": true}')
