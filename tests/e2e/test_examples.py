"""Every example does what its docstring says, with the commands that stand there."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import EXAMPLES
from tests.support.process import Result, run_process
from tests.support.project import Project

Example = Callable[..., Project]

URL = "local://r"
KINDS = {
    "count": "int",
    "weights": "list",
    "when": "datetime",
    "wait": "timedelta",
    "dry": "bool",
    "day": "date",
    "at": "time",
}
FROM_FILE = {
    "mode": "int",
    "limit": "int",
    "seed": "str",
    "tags": "set",
    "model": "Model",
    "point": "Point",
    "anything": "dict",
}

# What each command of an example prints, in the order of its docstring: text that must be there, or a value of JSON.
EXPECTED: dict[str, list[object]] = {
    "data/words.py": ['{"THE": 3, "ON": 3, "CAT": 3}', '{"the": 3, "on": 3, "cat": 3}'],
    "caching/caching.py": [
        "6 times 'the'; counted now: 3",
        "6 times 'the'; counted now: 0",
        "6 times 'the'; counted now: 3",
        ["cache of caching.count_words: version ", "ignored inputs verbose", "-- text.words  sha256 "],
    ],
    "fanout/fanout.py": ["332833500", list(range(10)), list(range(10)), [URL, "332833500"]],
    "hello/hello.py": ["42"],
    "inputs/inputs.py": [
        ["--count", "a list, as JSON", "--dry / --no-dry"],
        KINDS,
        FROM_FILE,
        {**FROM_FILE, "source": "File"},
    ],
    "monorepo_shared_lock/src/workspace_app/main.py": [
        [i / 9 for i in range(10)],
        "0.5",
        [f"ETL run: {URL}", f"ML run: {URL}"],
    ],
    "monorepo_siblings/my_app/src/my_app/main.py": ["n=5, mean=3.00, std=1.41", f"Run URL: {URL}"],
    "packaging/basic/app.py": ["86", URL],
    "packaging/environment_picker/environment_picker.py": [
        ["Running in dev environment", "10"],
        ["Running in staging environment", "10"],
        ["Running in production environment", "10"],
    ],
    "packaging/external_image/app.py": ["20", URL],
    "packaging/full_build/full_build.py": [[i * i for i in range(10)], f"Run URL: {URL}"],
    "packaging/hybrid/hybrid.py": ["10", "25", URL],
    "packaging/monorepo/services/ml_service/workflows.py": ["104.625", "104.625"],
    "packaging/multi_environment/api.py": [{"status": "success"}, URL],
    "packaging/multi_module/src/workflows/pipeline.py": ["processed"],
    "packaging/my_package/src/my_package/main.py": ["rows=1, sum=1", f"Run URL: {URL}"],
    "packaging/my_project/app.py": ["0.5", URL],
    "packaging/workspace/project/app.py": ["shared hello, workspace", "shared hello, world"],
    "reliability/reliability.py": [
        "3",
        "gave up at once: the table is empty",
        ["done", "slow_coroutine took too long", "done", "slow_function took too long"],
    ],
    "secrets_and_env/secrets_and_env.py": [
        ["db.internal info password of 7, token: False", "api.internal warning token of 6"],
        ["db.internal debug password of 7, token: False", "api.internal debug token of 6"],
    ],
}


def commands(file: Path) -> list[tuple[str, str]]:
    """Return the commands of an example's docstring, each with the folder that it runs in."""
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    folder, found = "", []
    for line in (line.strip() for line in docstring.splitlines() if line.startswith("    ")):
        if line.startswith("cd "):
            folder = os.path.join(folder, line.removeprefix("cd "))
        else:
            found.append((folder, line))
    return found


def run(made: Project, folder: str, command: str) -> Result:
    """Run a line of shell in a copy of examples/."""
    environment = made.environment({"PYTHONPATH": None})
    return run_process(["sh", "-c", command], cwd=made.path.parent / folder, env=environment)


def shows(result: Result, expected: object) -> None:
    if isinstance(expected, str):
        assert expected in result.out, result
    elif isinstance(expected, dict):
        assert expected.items() <= result.json.items(), result
    else:
        assert isinstance(expected, list)
        texts = [part for part in expected if isinstance(part, str)]
        if len(texts) == len(expected):
            assert all(text in result.out for text in texts), result
        else:
            assert result.json == pytest.approx(expected)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_commands_of_an_example_do_what_they_say(name: str, example: Example) -> None:
    made = example()
    written = commands(EXAMPLES / name)
    assert len(written) == len(EXPECTED[name]), f"{name} has the commands {written}"
    for (folder, command), expected in zip(written, EXPECTED[name], strict=True):
        shows(run(made, folder, command).expect(), expected)


def test_every_program_among_the_examples_is_run_here() -> None:
    programs = {str(file.relative_to(EXAMPLES)) for file in EXAMPLES.rglob("*.py") if commands(file)}
    assert programs == set(EXPECTED)
    for file in EXAMPLES.rglob("*.py"):
        assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), f"{file} does not say what it is"


@pytest.mark.parametrize(
    "name", [name for name in EXPECTED if "__main__" in (EXAMPLES / name).read_text(encoding="utf-8")]
)
def test_an_example_with_a_main_block_has_no_other_result_under_flyte_run(name: str, example: Example) -> None:
    """What stands under ``if __name__ == "__main__":`` does not run."""
    made = example()
    folder, command = next(pair for pair in commands(EXAMPLES / name) if "flyte run" in pair[1])
    assert URL not in run(made, folder, command).expect().out


def test_a_child_that_is_retried_says_so_on_stderr(example: Example) -> None:
    result = example("reliability").flyte("run", "reliability.py", "main").expect()
    assert "the service did not answer attempt 1; the next one starts in 0.02 s" in result.err
    assert "the service did not answer attempt 2; the next one starts in 0.04 s" in result.err


def test_a_thousand_children_are_a_thousand_actions(example: Example) -> None:
    result = example("fanout").flyte("run", "--json", "fanout.py", "main", "--n", "1000").expect()
    assert result.json["actions"] == 1001


def test_inputs_from_the_file_keep_their_values(example: Example) -> None:
    made = example("inputs")
    made.write(
        {
            "show.py": """
                import flyte
                from inputs import env

                @env.task
                def show(count: int, title: str) -> str:
                    return f'{count} {title}'
            """
        }
    )
    made.write({"two.json": json.dumps({"count": 12345678901234567890, "title": "größer"})})
    assert made.flyte("run", "show.py", "show", "--inputs", "two.json").expect().out == "12345678901234567890 größer\n"
