"""One key of a file is changed and all else in it stays; what cannot be written leaves it as it was."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from flytectl_py.config import editing
from flytectl_py.config.editing import key_of, set_key, unset_key, value_of, write_new
from flytectl_py.config.template import new_file
from flytectl_py.errors import (
    ConfigError,
    ConflictError,
    DeclarationError,
    NotReadyError,
    UnknownNameError,
    UsageError,
)

FILE = """\
# Ours.
[task]  # where
domain = "staging"  # until March
project = 'web'

[admin]
client-id = "me"  # the program
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "config.toml"
    made.write_text(FILE)
    return made


def test_a_value_changes_and_comments_and_order_stay(file: Path) -> None:
    set_key(file, "task.domain", "production")
    assert file.read_text() == FILE.replace('"staging"', '"production"')


def test_a_key_that_is_spelled_otherwise_is_the_same_key(file: Path) -> None:
    set_key(file, "admin.clientId", "you")
    assert file.read_text() == FILE.replace('"me"', '"you"')
    file.write_text(FILE + 'clientId = "third"\n')
    set_key(file, "admin.clientId", "you")
    assert tomllib.loads(file.read_text())["admin"] == {"client-id": "you"}


def test_a_new_section_goes_to_the_end(file: Path) -> None:
    set_key(file, "image.image_refs", {"default": "r.io/x:1"})
    assert file.read_text().startswith(FILE)
    assert tomllib.loads(file.read_text())["image"] == {"image_refs": {"default": "r.io/x:1"}}


def test_an_example_becomes_the_key(file: Path) -> None:
    file.write_text('[a]\n# org = "no"\n[task] # here\n# The organisation.\n# org = "acme"\nproject = "x"\n')
    set_key(file, "task.org", "ours")
    assert file.read_text() == '[a]\n# org = "no"\n[task] # here\n# The organisation.\norg = "ours"\nproject = "x"\n'


def test_a_key_that_is_taken_out_leaves_its_example_where_it_was(file: Path) -> None:
    values = {"task.project": "web", "admin.command": ["a", "b"]}
    file.write_text(new_file(values))
    for key in values:
        assert unset_key(file, key)
    assert file.read_text() == new_file({})
    assert not unset_key(file, "task.project")
    for key, value in values.items():
        set_key(file, key, value)
    assert file.read_text() == new_file(values)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_key_goes_to_the_end_of_its_section_and_not_below_the_comment_of_the_next(file: Path, ending: str) -> None:
    ours, following = '[task]\ndomain = "x"\n# org: later\n', "\n# Images.\n[image]\n"
    file.write_bytes((ours + following).replace("\n", ending).encode())
    set_key(file, "task.project", "web")
    assert file.read_bytes().decode() == f'{ours}project = "web"\n{following}'.replace("\n", ending)


def test_a_key_after_a_last_line_without_an_end(file: Path) -> None:
    file.write_text('[task]\ndomain = "x"')
    set_key(file, "task.project", "web")
    assert file.read_text() == '[task]\ndomain = "x"\nproject = "web"\n'


def test_a_text_of_several_lines_that_looks_like_a_head(file: Path) -> None:
    file.write_text('[task]\norg = """\n# x\n[image]\n"""\n')
    set_key(file, "task.project", "web")
    assert tomllib.loads(file.read_text()) == {"task": {"org": "# x\n[image]\n", "project": "web"}}


def test_what_only_looks_like_an_example_stays(file: Path) -> None:
    text = '[task]\nproject = """\n# org = "acme"\n"""\n'
    file.write_text(text)
    set_key(file, "task.org", "ours")
    assert file.read_text() == f'{text}org = "ours"\n'


@pytest.mark.parametrize("text", ['task.domain = "a"\n', 'task = {domain = "a", project = "b"}\n', '["task"]\n'])
def test_other_ways_to_write_a_section(file: Path, text: str) -> None:
    file.write_text(text)
    set_key(file, "task.domain", "production")
    assert tomllib.loads(file.read_text())["task"]["domain"] == "production"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_ends_and_the_mark_at_the_start_stay(file: Path, ending: str) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + FILE.replace("\n", ending).encode())
    set_key(file, "task.domain", "x")
    assert file.read_bytes() == b"\xef\xbb\xbf" + FILE.replace("\n", ending).replace("staging", "x").encode()


def test_a_key_is_taken_out(file: Path) -> None:
    assert unset_key(file, "admin.clientId")
    assert file.read_text() == FILE.replace('client-id = "me"  # the program\n', "")
    assert not unset_key(file, "admin.clientId")
    assert not unset_key(file.with_name("none.toml"), "admin.clientId")


def test_a_missing_file_is_made_with_its_folder(tmp_path: Path) -> None:
    made = tmp_path / ".flyte" / "config.toml"
    set_key(made, "admin.insecure", True)
    assert made.read_text() == "[admin]\ninsecure = true\n"


def test_a_link_stays_one_and_the_mode_stays(file: Path) -> None:
    link = file.with_name("link.toml")
    link.symlink_to(file)
    file.chmod(0o640)
    set_key(link, "task.domain", "x")
    assert link.is_symlink()
    assert "x" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640


def test_many_at_once_lose_nothing(file: Path) -> None:
    keys = ["task.org", "task.project", "task.domain", "admin.clientId", "admin.endpoint", "image.registry"]
    with ThreadPoolExecutor(len(keys)) as pool:
        list(pool.map(lambda key: set_key(file, key, key), keys))
    found = tomllib.loads(file.read_text())
    assert found["task"] == {"org": "task.org", "project": "task.project", "domain": "task.domain"}
    assert found["admin"] == {"client-id": "admin.clientId", "endpoint": "admin.endpoint"}
    assert [each.name for each in file.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if call == "fsync" else (Path, "replace")), full)
    with pytest.raises(NotReadyError, match="No space left on device; nothing was changed"):
        set_key(file, "task.domain", "x")
    assert file.read_text() == FILE
    assert [each.name for each in file.parent.iterdir()] == ["config.toml"]


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / ".flyte").write_text("")
    with pytest.raises(NotReadyError, match="cannot write"):
        set_key(tmp_path / ".flyte" / "config.toml", "task.domain", "x")


@pytest.mark.parametrize("text", ["[task", "task = 1\n", "\udcff"])
def test_a_broken_file_stays_as_it_was(file: Path, text: str) -> None:
    content = text.encode("utf-8", "surrogateescape")
    file.write_bytes(content)
    with pytest.raises(ConfigError):
        set_key(file, "task.domain", "x")
    assert file.read_bytes() == content


def test_yaml_is_not_edited_and_the_lines_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        set_key(tmp_path / "config.yaml", "task.domain", "x")
    assert caught.value.hint == 'write into it:\ntask:\n  domain: "x"'
    with pytest.raises(UsageError, match="only edited by hand"):
        unset_key(tmp_path / "config.yml", "task.domain")


def test_a_new_file_takes_the_place_of_none(file: Path) -> None:
    with pytest.raises(ConflictError, match="is there already; nothing was written"):
        write_new(file, "", overwrite=False)
    write_new(file, "x = 1\n", overwrite=True)
    assert file.read_text() == "x = 1\n"
    file.with_suffix(".yml").write_text("")
    with pytest.raises(ConflictError, match="two configurations in one place"):
        write_new(file, "", overwrite=True)
    with pytest.raises(UsageError, match="would be no TOML"):
        write_new(file.with_name("config.ini"), "", overwrite=True)


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("endpoint", "admin.endpoint"),
        ("images", "image.image_refs"),
        ("admin.client-id", "admin.clientId"),
        ("admin.clientSecretEnvVar", "admin.clientSecretEnvVar"),
        ("image.BASE_registry", "image.base_registry"),
    ],
)
def test_words_that_stand_for_keys(word: str, key: str) -> None:
    assert key_of(word) == key


@pytest.mark.parametrize(
    ("word", "error", "said"),
    [
        ("endpont", UnknownNameError, "did you mean 'endpoint'"),
        ("task.domian", UnknownNameError, "did you mean 'task.domain'"),
        ("api_key", UsageError, "set FLYTE_API_KEY where it is needed"),
        ("client_credentials_secret", UsageError, "admin.clientSecretLocation"),
        ("log_level", UsageError, "set FLYTE_LOG_LEVEL"),
        ("storage", UsageError, "give it to flyte.init"),
        ("", UnknownNameError, "no setting ''"),
    ],
)
def test_words_that_stand_for_none(word: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        key_of(word)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("admin.rpcRetries", "7", 7),
        ("admin.insecure", "yes", True),
        ("admin.command", "gcloud 'a b'", ["gcloud", "a b"]),
        ("admin.authType", "device-flow", "DeviceFlow"),
        ("image.image_refs", "a=b c", {"a": "b", "default": "c"}),
        ("image.image_refs", '{"base": "ghcr.io/a:1"}', {"base": "ghcr.io/a:1"}),
        ("image.image_refs", '["a=b", "c"]', {"a": "b", "default": "c"}),
        ("admin.command", '["gcloud", "a b"]', ["gcloud", "a b"]),
        ("admin.scopes", ' ["a", "b"]', ["a", "b"]),
    ],
)
def test_texts_become_values(key: str, text: str, value: Any) -> None:
    assert value_of(key, text) == value


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("admin.rpcRetries", "-1"),
        ("admin.insecure", "maybe"),
        ("task.domain", ""),
        ("admin.endpoint", "-x"),
        ("admin.endpoint", "https://-x:1"),
        ("admin.command", '["gcloud", "auth"'),
        ("admin.command", '{"a": "b"}'),
        ("admin.scopes", "[1]"),
        ("image.image_refs", '{"base": 1}'),
        ("image.registry", "ghcr.io/x y"),
    ],
)
def test_texts_that_are_no_values(key: str, text: str) -> None:
    with pytest.raises(DeclarationError, match=f"{key}: .* is not allowed; it takes"):
        value_of(key, text)


def test_a_registry_with_a_scheme_is_told_how_it_is_meant() -> None:
    with pytest.raises(DeclarationError) as caught:
        value_of("image.registry", "https://ghcr.io/x")
    assert caught.value.hint == "did you mean 'ghcr.io/x'?"


def test_a_layout_that_cannot_be_edited_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tomlkit

    written: Callable[[Any], str] = lambda document: "[task]\n"  # noqa: E731  as an editor that loses something
    monkeypatch.setattr(tomlkit, "dumps", written)
    with pytest.raises(ConfigError, match="it is as it was"):
        editing.set_key(file, "task.domain", "x")
    assert file.read_text() == FILE
