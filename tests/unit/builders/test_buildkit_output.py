"""What BuildKit prints, as it printed it once."""

from __future__ import annotations

from flytectl_py.builders.buildkit_output import BuildKitOutput

FAILING = """\
#0 building with "default" instance using docker driver

#1 [internal] load remote build context
#1 DONE 0.0s

#2 [internal] load metadata for 127.0.0.1:5000/python:3.11
#2 DONE 0.0s

#3 [1/3] FROM 127.0.0.1:5000/python:3.11@sha256:7e74
#3 CACHED

#4 [2/3] COPY a/ /a/
#4 DONE 0.1s

#5 [3/3] RUN echo before;    python -c 'import nope'
#5 0.201 before
#5 0.266 Traceback (most recent call last):
#5 0.266 ModuleNotFoundError: No module named 'nope'
#5 ERROR: process "/bin/sh -c echo before;    python -c 'import nope'" did not complete successfully: exit code: 1
------
 > [3/3] RUN echo before;    python -c 'import nope':
0.201 before
0.266 ModuleNotFoundError: No module named 'nope'
------
Dockerfile:3
--------------------
   2 |     COPY a/ /a/
   3 | >>> RUN echo before; \\
   4 | >>>    python -c 'import nope'
   5 |
--------------------
ERROR: failed to solve: process "/bin/sh -c echo before;" did not complete successfully: exit code: 1
"""

GOOD = """\
#1 [internal] load build definition from Dockerfile
#5 [linux/arm64 build 2/2] RUN make
#5 1.030
#5 1.031 compiling
#5 DONE 2.3s
#6 exporting to image
#6 exporting layers 0.1s done
#6 DONE 0.1s
#7 pushing 127.0.0.1:5000/app:v1 with docker
#7 DONE 0.2s
"""


def _taken(text: str) -> tuple[BuildKitOutput, list[str]]:
    output = BuildKitOutput()
    shown = [output.take(line) for line in text.splitlines()]
    return output, [line for line in shown if line is not None]


def test_the_step_that_failed() -> None:
    output, _ = _taken(FAILING)
    assert output.failed is not None
    assert output.failed.place == "3/3"
    assert output.failed.title == "RUN echo before;    python -c 'import nope'"
    assert list(output.failed.lines) == [
        "before",
        "Traceback (most recent call last):",
        "ModuleNotFoundError: No module named 'nope'",
    ]
    assert output.failed.error.endswith("exit code: 1")
    assert output.line == 3
    assert output.reason.startswith("process")


def test_a_person_sees_steps_and_what_they_print() -> None:
    _, shown = _taken(FAILING)
    base = "[1/3] FROM 127.0.0.1:5000/python:3.11@sha256:7e74"
    assert shown[:3] == [base, "  cached", "[2/3] COPY a/ /a/"]
    assert "  before" in shown
    assert not any("internal" in line or "---" in line for line in shown)


def test_a_build_that_works() -> None:
    output, shown = _taken(GOOD)
    assert output.failed is None
    assert shown == [
        "[linux/arm64 2/2] RUN make",
        "  compiling",
        "  2.3 s",
        "exporting to image",
        "pushing 127.0.0.1:5000/app:v1 with docker",
    ]


def test_a_fault_before_any_step() -> None:
    output, _ = _taken("ERROR: failed to solve: dockerfile parse error on line 2: unknown instruction: FOO\n")
    assert output.failed is None
    assert output.reason == "dockerfile parse error on line 2: unknown instruction: FOO"


def test_only_the_end_of_a_long_output_is_kept() -> None:
    lines = "\n".join(f"#5 0.{number} line {number}" for number in range(500))
    output, _ = _taken(f"#5 [1/1] RUN seq\n{lines}\n#5 ERROR: exit code: 1\n")
    assert output.failed is not None
    assert len(output.failed.lines) == 60
    assert output.failed.lines[-1] == "line 499"
