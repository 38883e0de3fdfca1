"""The file that is written for a new project has every key that can be set, with an example that is right."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from flytectl_py.config.declared import auto
from flytectl_py.config.file import ROWS_OF_KEYS
from flytectl_py.config.template import KEYS, new_file


def test_every_key_is_there() -> None:
    assert KEYS.keys() == ROWS_OF_KEYS.keys()


def test_nothing_is_set_unless_it_was_given() -> None:
    assert tomllib.loads(new_file({})) == {"admin": {}, "console": {}, "task": {}, "image": {}}
    assert tomllib.loads(new_file({"task.org": 'a"\n'}))["task"] == {"org": 'a"\n'}


def test_every_example_is_a_value_that_the_key_takes(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(re.sub(r"^# (\w+ = )", r"\1", new_file({}), flags=re.MULTILINE), encoding="utf-8")
    said = tomllib.loads(file.read_text(encoding="utf-8"))
    assert {f"{section}.{key}" for section, table in said.items() for key in table} == ROWS_OF_KEYS.keys()
    config = auto(file, environ={"SECRET": "x"})
    assert config.warnings == ()
    assert config.image.image_refs == KEYS["image.image_refs"][1]


def test_lines_are_short_enough_to_read() -> None:
    assert max(map(len, new_file({}).splitlines())) <= 120
