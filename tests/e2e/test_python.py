"""`import flyte` in programs of the user's own: init, run and what a run gives back."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.project import Project

MakeProject = Callable[..., Project]

TASKS = """
import os
import flyte

env = flyte.TaskEnvironment(name="env")

@env.task
def pair(x: int, y: str = "y") -> tuple[int, str]:
    return x, y

@env.task
async def one(x: int) -> int:
    return x + 1

@env.task
def nothing() -> None: ...

@env.task
def fails() -> None:
    raise ValueError("wrong")

@env.task
def seen() -> str:
    return f"{os.getenv('A')} {flyte.ctx().action.run_name} {flyte.ctx().action.domain}"
"""


def python(project: MakeProject, code: str) -> str:
    made: Project = project({"tasks.py": TASKS, "main.py": "import flyte\nfrom tasks import *\n" + code})
    return made.python("main.py").expect().out


def test_outputs_are_a_tuple_with_names(project: MakeProject) -> None:
    code = """
run = flyte.run(pair, 1, y="hello")
outputs = run.outputs()
print(isinstance(outputs, tuple), tuple(outputs), outputs[0], outputs.o0, outputs.o1, len(outputs))
single = flyte.run(one, x=1).outputs()
print(tuple(single), single.o0, flyte.run(nothing).outputs())
run.wait()
print(run.phase, run.name in run.url)
"""
    said = python(project, code).splitlines()
    assert said[0] == "True (1, 'hello') 1 1 hello 2"
    assert said[1].startswith("(2,) 2 ")
    assert said[2] == "succeeded True"


def test_no_init_and_any_init_run_here(project: MakeProject) -> None:
    code = """
print(flyte.run(one, 1).outputs().o0)
flyte.init()
print(flyte.run(one, 2).outputs().o0)
flyte.init_from_config()
flyte.init_from_config(None, domain="staging")
print(flyte.current_domain(), flyte.run(one, 3).outputs().o0)
"""
    assert python(project, code) == "2\n3\nstaging 4\n"


def test_run_from_async_code(project: MakeProject) -> None:
    code = """
import asyncio

async def main():
    first, second = await asyncio.gather(flyte.run.aio(one, 1), flyte.run.aio(pair, 2))
    print(first.outputs().o0, second.outputs().o0)
    print(flyte.run(one, 3).outputs().o0)
    print((await flyte.with_runcontext(name="named").run.aio(one, 4)).name)

asyncio.run(main())
"""
    assert python(project, code) == "2 2\n4\nnamed\n"


def test_runcontext_names_the_run_and_sets_variables(project: MakeProject) -> None:
    code = """
print(flyte.with_runcontext(mode="local", name="nightly", env_vars={"A": "1"}, domain="staging").run(seen).outputs().o0)
print(os.getenv("A"))
"""
    assert python(project, "import os\n" + code) == "1 nightly staging\nNone\n"


def test_failures_reach_the_caller_with_their_cause(project: MakeProject) -> None:
    code = """
import flyte.errors

try:
    flyte.run(fails)
except flyte.errors.RuntimeUserError as error:
    print(error.code, error.kind, repr(error.__cause__))
for call in (lambda: flyte.run(one), lambda: flyte.run(one, 1, z=2), lambda: flyte.run(print)):
    try:
        call()
    except flyte.errors.BaseRuntimeError:
        print("not this one")
    except Exception as error:
        print(type(error).__name__, "Traceback" in str(error))
"""
    said = python(project, code).splitlines()
    assert said[0] == "ValueError user ValueError('wrong')"
    assert said[1:3] == ["BadInputsError False"] * 2
    assert said[3].endswith("Error False")
    assert "not this one" not in said


def test_a_task_outside_a_run_is_its_function(project: MakeProject) -> None:
    code = """
import asyncio
print(pair(1), pair(1, y="z"), asyncio.run(one(1)), asyncio.run(pair.aio(2)), list(flyte.map(one, [1, 2])), flyte.ctx())
"""
    assert python(project, code) == "(1, 'y') (1, 'z') 2 (2, 'y') [2, 3] None\n"


def test_a_run_inside_a_notebook_like_loop_does_not_need_a_loop_of_its_own(project: MakeProject) -> None:
    code = """
import asyncio

async def cell():
    return flyte.run(one, 1).outputs().o0, [x async for x in flyte.map.aio(one, [1, 2])]

print(asyncio.run(cell()))
"""
    assert python(project, code) == "(2, [2, 3])\n"


def test_importing_flyte_prints_nothing_and_starts_nothing(project: MakeProject) -> None:
    code = "import threading\nprint(threading.active_count())\n"
    assert python(project, code) == "1\n"


def test_did_you_mean_for_a_setting(project: MakeProject) -> None:
    made = project({"main.py": "import flyte\nflyte.with_runcontext(mode='locl')\n"})
    assert "did you mean 'local'?" in made.python("main.py").expect(1).err
