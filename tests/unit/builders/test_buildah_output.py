"""What Buildah prints, as it printed it once."""

from __future__ import annotations

from flytectl_py.builders.buildah_output import BuildahOutput, instruction_lines

DOCKERFILE = """\
FROM registry/uv:latest AS uv

FROM registry/python:3.11
WORKDIR /root

# 1: with_pip_packages
RUN --mount=type=cache,target=/x \\
    pip install idna

# 2: with_commands
RUN ls /no/such
"""

FAILING = """\
[1/2] STEP 1/1: FROM registry/uv:latest AS uv
Trying to pull registry/uv:latest...
Copying blob sha256:763f
--> 3ef3c38d349
[2/2] STEP 1/4: FROM registry/python:3.11
[2/2] STEP 2/4: WORKDIR /root
--> Using cache e42b3c4f9ee0
[2/2] STEP 3/4: RUN --mount=type=cache,target=/x     pip install idna
 + idna==3.10
--> aa18f6ff094
[2/2] STEP 4/4: RUN ls /no/such
ls: cannot access '/no/such': No such file or directory
Error: building at STEP "RUN ls /no/such": while running runtime: exit status 2
"""


def test_the_step_that_failed() -> None:
    output = BuildahOutput(DOCKERFILE)
    shown = [line for each in FAILING.splitlines() if (line := output.take(each)) is not None]
    assert output.failed is not None
    assert (output.failed.title, output.failed.place, output.line) == ("RUN ls /no/such", "4/4", 11)
    assert list(output.failed.lines) == ["ls: cannot access '/no/such': No such file or directory"]
    assert output.failed.error == "exit status 2"
    assert shown == [
        "[1/1] FROM registry/uv:latest AS uv",
        "[1/4] FROM registry/python:3.11",
        "[2/4] WORKDIR /root",
        "  cached",
        "[3/4] RUN pip install idna",
        "   + idna==3.10",
        "[4/4] RUN ls /no/such",
        "  ls: cannot access '/no/such': No such file or directory",
        "  failed: exit status 2",
    ]


def test_one_stage_has_no_name() -> None:
    output = BuildahOutput("FROM x\n\nRUN false\n")
    for line in ("STEP 1/2: FROM x", "STEP 2/2: RUN false", 'Error: building at STEP "RUN false": exit status 1'):
        output.take(line)
    assert output.line == 3


def test_lines_of_instructions() -> None:
    assert instruction_lines(DOCKERFILE) == [[1], [3, 4, 7, 11]]


def test_a_step_may_print_the_word_error() -> None:
    output = BuildahOutput("FROM x\nRUN cat log\n")
    shown = [output.take(line) for line in ("STEP 2/2: RUN cat log", "Error: of yesterday")]
    assert shown == ["[2/2] RUN cat log", "  Error: of yesterday"]
    assert output.failed is None


def test_a_base_that_cannot_be_had() -> None:
    output = BuildahOutput("FROM x\n")
    output.take("STEP 1/1: FROM x")
    output.take("Error: creating build container: initializing source docker://x: manifest unknown")
    assert output.reason == "creating build container: initializing source docker://x: manifest unknown"
