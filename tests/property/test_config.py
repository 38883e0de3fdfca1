"""Settings follow their order whatever is said, and YAML and TOML say the same."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from flytectl_py.config.declared import Config, ImageConfig, PlatformConfig, TaskConfig, auto
from flytectl_py.config.editing import key_of, set_key, value_of, write_new
from flytectl_py.config.settings import Settings, resolve
from flytectl_py.config.template import new_file

NAMES = st.text("abcdefghij-_.0123456789é", min_size=1, max_size=8)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "endpoint": st.builds("{}:{}".format, st.text("abc.", min_size=1, max_size=8), st.integers(1, 65535)),
    "org": NAMES,
    "project": NAMES,
    "domain": NAMES,
    "image_builder": st.sampled_from(["local", "local-podman", "remote"]),
}
KEYS = {
    "endpoint": "admin.endpoint",
    "org": "task.org",
    "project": "task.project",
    "domain": "task.domain",
    "image_builder": "image.builder",
}


def some() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=VALUES)


@given(some(), some(), some(), some())
def test_the_first_source_that_says_something_wins(
    flags: dict[str, Any], environ: dict[str, Any], init: dict[str, Any], file: dict[str, Any]
) -> None:
    config = Config(
        platform=PlatformConfig(endpoint=file.get("endpoint")),
        task=TaskConfig(*(file.get(name) for name in ("org", "project", "domain"))),
        image=ImageConfig(builder=file.get("image_builder")),
        source=Path("c.yaml"),
        lines=dict.fromkeys((KEYS[name] for name in file), 1),
    )
    settings = resolve(flags, init, config, {f"FLYTE_{name.upper()}": value for name, value in environ.items()})
    defaults = resolve()
    for name in VALUES:
        sources = {
            "--" + name.replace("_", "-"): flags,
            f"FLYTE_{name.upper()}": environ,
            f"init({name}=…)": init,
            f"c.yaml: {KEYS[name]}": file,
        }
        winner = next((origin for origin, said in sources.items() if name in said), None)
        assert settings.origin(name) == (winner or "default")
        assert getattr(settings, name) == (sources[winner][name] if winner else getattr(defaults, name))


LISTS = st.lists(NAMES, max_size=3)
SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "admin": st.fixed_dictionaries(
            {},
            optional={
                "endpoint": VALUES["endpoint"],
                "insecure": st.booleans(),
                "insecureSkipVerify": st.booleans(),
                "disableKeyring": st.booleans(),
                "authType": st.sampled_from(["Pkce", "clientsecret", "device-flow"]),
                "command": LISTS,
                "rpcRetries": st.integers(0, 99),
                "clientId": NAMES,
                "scopes": LISTS,
            },
        ),
        "task": st.fixed_dictionaries({}, optional=dict.fromkeys(("org", "project", "domain"), NAMES)),
        "image": st.fixed_dictionaries(
            {},
            optional={
                "builder": VALUES["image_builder"],
                "registry": NAMES,
                "image_refs": st.dictionaries(NAMES, NAMES, max_size=3),
            },
        ),
    },
)


def toml(tables: dict[str, dict[str, Any]]) -> str:
    def value(given: Any) -> str:
        if isinstance(given, dict):
            return "{" + ", ".join(f"{json.dumps(key)} = {value(each)}" for key, each in given.items()) + "}"
        return json.dumps(given)

    lines = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {value(each)}" for key, each in table.items()), ""]
    return "\n".join(lines)


@given(SECTIONS)
def test_yaml_and_toml_say_the_same(tables: dict[str, dict[str, Any]]) -> None:
    read: dict[str, Settings] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("c.yaml", yaml.safe_dump(tables, allow_unicode=True)), ("c.toml", toml(tables))):
            path = Path(folder, name)
            path.write_text(text, encoding="utf-8")
            config = auto(path, environ={})
            assert config.warnings == ()
            written = {f"{section}.{key}" for section, table in tables.items() for key in table}
            assert set(config.lines) == written
            assert all(config.lines.values())
            read[name] = resolve(file=config)
    both = [{key: value for key, value in settings._asdict().items() if key != "source"} for settings in read.values()]
    for settings in both:
        settings["origins"] = [name for name, _ in settings["origins"]]
    assert both[0] == both[1]


@given(st.lists(st.tuples(st.sampled_from(sorted(KEYS)), st.data()), max_size=4), st.booleans())
def test_what_was_set_is_what_is_read(steps: list[tuple[str, Any]], from_template: bool) -> None:
    wanted: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.toml"
        if from_template:
            write_new(file, new_file({}), overwrite=False)
        for name, data in steps:
            wanted[name] = data.draw(VALUES[name])
            set_key(file, key_of(name), value_of(key_of(name), wanted[name]))
        settings = resolve(file=auto(file) if file.exists() else None)
    assert {name: getattr(settings, name) for name in KEYS} == {
        name: wanted.get(name, getattr(resolve(), name)) for name in KEYS
    }
    assert not settings.warnings


@given(some())
def test_what_a_new_file_was_given_is_what_is_read(given_values: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.toml"
        values = {key_of(name): value_of(key_of(name), value) for name, value in given_values.items()}
        write_new(file, new_file(values), overwrite=False)
        settings = resolve(file=auto(file))
    assert {name: getattr(settings, name) for name in given_values} == given_values
