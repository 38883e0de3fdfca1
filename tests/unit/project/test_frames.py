"""Tracebacks with the user's frames only."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import flyte
from flytectl_py.project.frames import innermost_user_place, shown_path, user_traceback

HERE = __file__


def fails():
    raise ValueError("told")


def caught(function) -> BaseException:
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError


def files(shown: str) -> set[str]:
    return {line.split('"')[1] for line in shown.splitlines() if line.lstrip().startswith("File ")}


def run_compiled(text: str, name: str) -> BaseException:
    return caught(lambda: exec(compile(text, name, "exec"), {}))


def test_code_that_is_generated_on_the_way_to_ours_is_dropped():
    error = caught(lambda: flyte.Resources(cpu=-1))
    assert files(user_traceback(error)) == {HERE}


def test_the_machinery_that_leads_to_user_code_is_dropped():
    async def work():
        fails()

    error = caught(lambda: asyncio.run(work()))
    # The test's own first frame is the user's who calls asyncio; a run starts below it.
    error.__traceback__ = error.__traceback__.tb_next.tb_next
    assert files(user_traceback(error)) == {HERE}


def test_threads_that_we_start_are_dropped(tmp_path):
    import flytectl_py

    ours = f"{flytectl_py.__path__[0]}/engines/x.py"
    namespace: dict[str, object] = {"fails": fails, "Pool": ThreadPoolExecutor}
    text = "def start():\n    with Pool() as pool:\n        pool.submit(fails).result()\n"
    exec(compile(text, ours, "exec"), namespace)
    assert files(user_traceback(caught(namespace["start"]))) == {HERE}


def test_what_the_user_calls_is_shown():
    error = caught(lambda: json.loads("{"))
    assert any(name.endswith("decoder.py") for name in files(user_traceback(error)))
    assert innermost_user_place(error).partition(":")[0].endswith("test_frames.py")


def test_a_file_that_is_gone(tmp_path):
    error = run_compiled("def f():\n    1/0\nf()\n", str(tmp_path / "gone.py"))
    assert "gone.py" in user_traceback(error)
    assert innermost_user_place(error).endswith("gone.py:2")


def test_the_place_of_a_syntax_error_in_text_is_where_it_was_parsed():
    error = caught(lambda: compile("x = (", "<text>", "exec"))
    assert innermost_user_place(error).partition(":")[0].endswith("test_frames.py")


def test_the_place_of_an_error_without_frames():
    assert innermost_user_place(ValueError("x")) == ""
    outer = ValueError("outer")
    outer.__cause__ = caught(fails)
    assert innermost_user_place(outer) == innermost_user_place(outer.__cause__) != ""
    assert innermost_user_place(ExceptionGroup("g", [caught(fails)])) == innermost_user_place(caught(fails))


def test_a_thread_of_the_users_own_keeps_its_frames():
    errors: list[BaseException] = []
    thread = threading.Thread(target=lambda: errors.append(caught(fails)))
    thread.start()
    thread.join()
    assert "in fails" in user_traceback(errors[0])


def test_shown_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown_path(str(tmp_path / "a/b.py")) == "a/b.py"
    assert shown_path("/elsewhere/b.py") == "/elsewhere/b.py"
