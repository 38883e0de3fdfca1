"""Every command in docs/explain.md and docs/configuration.md says what the page says; those in docs/doctor.md run."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.support.pages import DOCS, run_page
from tests.support.process import SCRIPTS
from tests.support.project import Project

MakeProject = Callable[..., Project]
BARE = {"PATH": str(SCRIPTS)}


@pytest.mark.parametrize("page", ["explain.md", "configuration.md"])
def test_commands_say_what_the_page_says(project: MakeProject, page: str) -> None:
    assert run_page(page, project(), BARE) == (DOCS / page).read_text(encoding="utf-8")


def test_the_file_that_is_written_has_what_the_options_of_the_page_say(project: MakeProject) -> None:
    from flytectl_py.cli.config_init import KEYS

    rows = re.findall(
        r"^\| `--([\w-]+)(?: \S+)?` \| `([\w.]+)` \|$", (DOCS / "configuration.md").read_text(), re.MULTILINE
    )
    assert {option.replace("-", "_"): key for option, key in rows} == KEYS


def test_every_check_of_the_doctor_is_on_its_page(project: MakeProject) -> None:
    text = (DOCS / "doctor.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([^`]+)` \| (?!it is there|nothing is|something)", text, re.MULTILINE))
    made = project({"app.py": 'import flyte\nenv = flyte.TaskEnvironment("e", image="x")\n@env.task\ndef f(): pass\n'})
    seen = set()
    commands = re.findall(r"^\$ flyte (doctor.*)$", text, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        result = made.flyte(*command.split(), env=BARE)
        assert result.code in (0, 3), result
        if "--json" not in command:
            seen |= set(re.findall(r"^(?:ok|note|warning|MISSING) +([^:]+):", result.out, re.MULTILINE))
        else:
            assert result.json.keys() == {"state", "findings"}
            seen |= {each["check"] for each in result.json["findings"]}
    assert {re.sub(r"^(image|registry|store) .*", r"\1 …", each) for each in seen} <= listed
    assert seen >= {"config", "root", "imports", "layout", "python", "flyte", "docker", "endpoint", "space (project)"}
