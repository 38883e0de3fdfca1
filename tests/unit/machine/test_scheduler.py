"""What becomes of actions: queued, run, repeated, timed out, aborted, cached, and found again after a kill."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flyteidl2.workflow.run_service_pb2 import AbortRunRequest, ListRunsRequest

from flytectl_py.controlplane.api import AlreadyExistsError, RefusedError
from flytectl_py.controlplane.services import ControlPlane
from tests.support.machine import Machine, alive, machine, request, run_id, shell_task

LEAVES_OUTPUTS = 'at=$(echo "{{.outputPrefix}}" | cut -c8-); mkdir -p $at; touch $at/outputs.pb'


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("plane")) as made:
        yield made


def test_a_container_that_ends_with_0_and_leaves_nothing_has_succeeded(plane: Machine) -> None:
    plane.run(shell_task("echo hello"), "plain")
    (record,) = plane.ended("plain")
    assert (record.phase, record.attempts, record.task) == ("succeeded", 1, "shell.main")
    assert record.started is not None
    assert record.seconds is not None


def test_templates_and_variables_are_filled_in(plane: Machine, tmp_path: Path) -> None:
    script = 'echo "{{.runName}} {{.actionName}} {{.outputPrefix}} $RUN_NAME $GREETING" > ' + str(tmp_path / "said")
    plane.run(shell_task(script), "filled", GREETING="hi")
    plane.ended("filled")
    said = (tmp_path / "said").read_text().split()
    assert said[:2] == ["filled", "a0"]
    assert said[2].startswith("file://")
    assert said[2].endswith("/runs/flytesnacks/development/filled/a0/1")
    assert said[3:] == ["filled", "hi"]


def test_an_attempt_without_an_outcome_is_made_again_as_often_as_the_task_says(plane: Machine) -> None:
    plane.run(shell_task("echo $FLYTE_ATTEMPT_NUMBER; exit 3", retries=2, backoff=0.2), "again")
    (record,) = plane.ended("again")
    assert (record.phase, record.attempts) == ("failed", 3)
    assert record.failure is not None
    assert (record.failure.code, record.failure.kind) == ("NoOutcome", "system")
    assert "exit code 3" in record.failure.message
    attempts = plane.details("again").attempts
    assert [each.attempt for each in attempts] == [1, 2, 3]
    gap = attempts[1].start_time.ToNanoseconds() - attempts[0].end_time.ToNanoseconds()
    assert gap >= 0.19e9


def test_an_attempt_that_runs_for_too_long_is_stopped(plane: Machine) -> None:
    plane.run(shell_task("sleep 600", timeout=0.2), "late", MARK="late-one")
    (record,) = plane.ended("late")
    assert record.phase == "timed_out"
    assert record.failure is not None
    assert record.failure.code == "TaskTimeoutError"
    assert alive("MARK=late-one") == []


def test_a_run_past_its_deadline_is_ended(plane: Machine) -> None:
    plane.run(shell_task("sleep 600", deadline=0.5), "deadline", MARK="deadline-one")
    (record,) = plane.ended("deadline")
    assert record.phase == "timed_out"
    _until(lambda: not alive("MARK=deadline-one"))


def test_what_waits_in_the_queue_for_too_long_is_given_up(plane: Machine) -> None:
    plane.run(shell_task("sleep 600", cpu="1000"), "hog")
    _until(lambda: plane.details("hog").status.phase == 4)
    plane.run(shell_task("true", queued_timeout=0.3), "impatient")
    (record,) = plane.ended("impatient")
    assert record.phase == "timed_out"
    assert record.failure is not None
    assert "queue" in record.failure.message
    _abort(plane, "hog")


def test_an_aborted_run_is_stopped_and_says_why(plane: Machine) -> None:
    plane.run(shell_task("sleep 600"), "aborted", MARK="aborted-one")
    _until(lambda: len(alive("MARK=aborted-one")) > 0)
    _abort(plane, "aborted", "not needed")
    (record,) = plane.ended("aborted")
    assert (record.phase, record.abort_reason) == ("aborted", "not needed")
    _until(lambda: not alive("MARK=aborted-one"))


def test_one_that_ignores_the_request_to_end_is_killed(plane: Machine) -> None:
    plane.run(shell_task("trap '' TERM; while true; do sleep 1; done"), "deaf", MARK="deaf-one")
    _until(lambda: len(alive("MARK=deaf-one")) > 1)
    _abort(plane, "deaf")
    _until(lambda: not alive("MARK=deaf-one"), seconds=30)


def test_a_name_is_given_once(plane: Machine) -> None:
    plane.run(shell_task("true"), "once")
    with pytest.raises(AlreadyExistsError):
        plane.run(shell_task("true"), "once")


def test_names_that_lead_elsewhere_are_refused(plane: Machine) -> None:
    with pytest.raises(RefusedError, match="cannot be the name"):
        plane.run(shell_task("true"), "..")


def test_equal_calls_are_cached(plane: Machine, tmp_path: Path) -> None:
    place = tmp_path / "ran"
    script = f"echo ran >> {place}; sleep 0.3; {LEAVES_OUTPUTS}"
    task = shell_task(script, discoverable=True, discovery_version="1")
    plane.run(task, "cached-1")
    plane.ended("cached-1")
    plane.run(task, "cached-2")
    (record,) = plane.ended("cached-2")
    assert record.phase == "succeeded"
    assert place.read_text() == "ran\n"
    assert plane.details("cached-1").status.cache_status == 3
    assert plane.details("cached-2").status.cache_status == 2
    other = shell_task(script, discoverable=True, discovery_version="2")
    plane.run(other, "cached-3")
    plane.ended("cached-3")
    assert place.read_text() == "ran\nran\n"


def test_equal_calls_that_are_serialised_wait_for_each_other(plane: Machine, tmp_path: Path) -> None:
    place = tmp_path / "ran"
    script = f"echo ran >> {place}; sleep 0.3; {LEAVES_OUTPUTS}"
    task = shell_task(script, discoverable=True, discovery_version="s", cache_serializable=True, cpu="10m")
    for number in range(4):
        plane.run(task, f"serial-{number}")
    records = plane.ended(*(f"serial-{number}" for number in range(4)))
    assert {each.phase for each in records} == {"succeeded"}
    assert place.read_text() == "ran\n"


def test_200_runs_at_once_end_and_no_more_run_at_once_than_fit(plane: Machine, tmp_path: Path) -> None:
    # Each takes all cores, so that no two may run at once.
    script = f"mkdir {tmp_path}/lock || touch {tmp_path}/overlap; rmdir {tmp_path}/lock"
    task = shell_task(script, cpu="1000")
    names = [f"many-{number}" for number in range(200)]

    async def submit(control: ControlPlane) -> None:
        await asyncio.gather(*(control.runs.create_run(request(task, name)) for name in names))

    plane.ask(submit)
    records = plane.ended(*names, seconds=120)
    assert {each.phase for each in records} == {"succeeded"}
    assert not (tmp_path / "overlap").exists()


def test_a_process_that_is_killed_is_no_success(plane: Machine) -> None:
    plane.run(shell_task("sleep 600", retries=1), "killed", MARK="killed-one")
    for _ in range(2):
        _until(lambda: len(alive("MARK=killed-one")) > 1)
        for process in alive("MARK=killed-one"):
            with _gone():
                os.kill(process, signal.SIGKILL)
        _until(lambda: not alive("MARK=killed-one") or plane.details("killed").status.attempts == 2)
    (record,) = plane.ended("killed")
    assert (record.phase, record.attempts) == ("failed", 2)


def test_lists_come_in_pages_the_latest_first(plane: Machine) -> None:
    for number in range(3):
        plane.run(shell_task("true"), f"page-{number}")

    async def pages(control: ControlPlane) -> list[str]:
        found: list[str] = []
        token = ""
        while len(found) < 3:
            asked = ListRunsRequest()
            asked.project_id.organization, asked.project_id.name, asked.project_id.domain = (
                "acme",
                "flytesnacks",
                "development",
            )
            asked.request.limit, asked.request.token = 2, token
            answer = await control.runs.list_runs(asked)
            assert len(answer.runs) <= 2
            found += [each.action.id.run.name for each in answer.runs]
            token = answer.token
        return found[:3]

    assert plane.ask(pages) == ["page-2", "page-1", "page-0"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_a_kill_each_run_ends_and_none_runs_twice_at_once(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    work = tmp_path / "work"
    work.mkdir()
    script = (
        f"mkdir {work}/$RUN_NAME.lock || echo $RUN_NAME >> {work}/overlaps; sleep 0.15;"
        f"echo $RUN_NAME >> {work}/done; rmdir {work}/$RUN_NAME.lock"
    )
    task = shell_task(script, cpu="200m")
    names = [f"run-{number}" for number in range(30)]
    with machine(tmp_path / "home") as made:
        made.ask(lambda control: asyncio.gather(*(control.runs.create_run(request(task, name)) for name in names)))
        for _ in range(5):
            time.sleep(chance.uniform(0.01, 0.35))
            made.kill()
            made.start()
        records = made.ended(*names)
    assert {each.phase for each in records} == {"succeeded"}
    assert {each.attempts for each in records} == {1}
    assert not (work / "overlaps").exists()
    assert sorted((work / "done").read_text().split()) == sorted(names)


def test_what_was_aborted_just_before_a_kill_is_stopped_after_it(tmp_path: Path) -> None:
    with machine(tmp_path / "home") as made:
        made.run(shell_task("sleep 600"), "r", MARK="abort-then-kill")
        _until(lambda: len(alive("MARK=abort-then-kill")) > 1)
        _abort(made, "r")
        made.kill()
        made.start()
        assert made.ended("r")[0].phase == "aborted"
        _until(lambda: not alive("MARK=abort-then-kill"))


def test_what_ended_while_nobody_watched_has_its_outcome(tmp_path: Path) -> None:
    with machine(tmp_path / "home") as made:
        made.run(shell_task(f"sleep 0.3; touch {tmp_path}/over; exit 7"), "r")
        _until(lambda: made.details("r").status.phase == 4)
        made.kill()
        _until((tmp_path / "over").exists)
        time.sleep(0.1)
        made.start()
        (record,) = made.ended("r")
        assert record.phase == "failed"
        assert record.failure is not None
        assert "exit code 7" in record.failure.message


def test_a_stop_in_order_stops_what_runs_and_the_next_start_runs_it_again(tmp_path: Path) -> None:
    with machine(tmp_path / "home") as made:
        made.run(shell_task(f"test -e {tmp_path}/second || sleep 600"), "r", MARK="stopped-one")
        _until(lambda: len(alive("MARK=stopped-one")) > 1)
        made.stop()
        assert alive("MARK=stopped-one") == []
        (tmp_path / "second").touch()
        made.start()
        (record,) = made.ended("r")
        assert (record.phase, record.attempts) == ("succeeded", 2)


class _gone:
    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return isinstance(error, ProcessLookupError)


def _abort(plane: Machine, name: str, reason: str = "") -> None:
    plane.ask(lambda control: control.runs.abort_run(AbortRunRequest(run_id=run_id(name), reason=reason)))


def _until(holds: Any, seconds: float = 20.0) -> None:
    latest = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < latest, "it does not come about"
        time.sleep(0.02)
