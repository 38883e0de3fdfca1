"""Calls that this project's own client does not make, by the clients that come with the protocol."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.actions import actions_service_pb2 as of_actions
from flyteidl2.actions.actions_service_connect import ActionsServiceClientSync
from flyteidl2.common.identifier_pb2 import ActionIdentifier, ProjectIdentifier
from flyteidl2.common.list_pb2 import Filter, ListRequest, Sort
from flyteidl2.common.phase_pb2 import ActionPhase
from flyteidl2.core.literals_pb2 import Literal
from flyteidl2.project import project_service_pb2 as of_projects
from flyteidl2.project.project_service_connect import ProjectServiceClientSync
from flyteidl2.task import task_service_pb2 as of_tasks
from flyteidl2.task.task_service_connect import TaskServiceClientSync
from flyteidl2.trigger.trigger_service_connect import TriggerServiceClientSync
from flyteidl2.trigger.trigger_service_pb2 import ListTriggersRequest
from flyteidl2.workflow import run_service_pb2 as of_runs
from flyteidl2.workflow import state_service_pb2 as of_state
from flyteidl2.workflow.run_service_connect import RunServiceClientSync
from flyteidl2.workflow.state_service_connect import StateServiceClientSync
from google.protobuf.timestamp_pb2 import Timestamp

from tests.support.machine import DOMAIN, ORG, PROJECT, Machine, alive, machine, run_id, shell_task

OK, BAD = "5", "6"
ALL = ["three", "two", "one"]
NAMED_TWO = Filter(field="name", values=["two"])
LONG_AGO = Timestamp(seconds=1)
SLEEPS = "sleep 600"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("plane")) as made:
        for name, script in (("one", "true"), ("two", "exit 3"), ("three", "true")):
            made.run(shell_task(script, f"shell.{name}"), name)
            made.ended(name)
        yield made


@pytest.fixture
def runs(plane: Machine) -> Iterator[RunServiceClientSync]:
    with RunServiceClientSync(plane.endpoint) as client:
        yield client


@pytest.fixture
def actions(plane: Machine) -> Iterator[ActionsServiceClientSync]:
    with ActionsServiceClientSync(plane.endpoint) as client:
        yield client


@pytest.fixture
def waiting(plane: Machine) -> Iterator[str]:
    """The name of a run whose first action is running, and stays so."""
    name = f"waiting-{os.urandom(4).hex()}"
    plane.run(shell_task(SLEEPS), name, MARKER=name)
    with RunServiceClientSync(plane.endpoint) as client:
        for each in client.watch_run_details(of_runs.WatchRunDetailsRequest(run_id=run_id(name))):
            if each.details.action.status.phase == ActionPhase.ACTION_PHASE_RUNNING:
                break
        yield name
        client.abort_run(of_runs.AbortRunRequest(run_id=run_id(name)))


def action_id(run: str, name: str = "a0") -> ActionIdentifier:
    return ActionIdentifier(run=run_id(run), name=name)


def refused(code: Code, text: str, call: Callable[[], Any]) -> None:
    with pytest.raises(ConnectError) as caught:
        call()
    assert caught.value.code == code
    assert text in caught.value.message


def listed(runs: RunServiceClientSync, *filters: Filter, sort: Sequence[Sort] = (), **more: Any) -> list[str]:
    asked = ListRequest(filters=filters, sort_by_fields=sort, **more)
    place = ProjectIdentifier(organization=ORG, name=PROJECT, domain=DOMAIN)
    found = runs.list_runs(of_runs.ListRunsRequest(project_id=place, request=asked)).runs
    names = [each.action.id.run.name for each in found]
    return [name for name in names if name in ("one", "two", "three")]


# -- lists


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([Filter(field="phase", values=[OK])], ["three", "one"]),
        ([Filter(field="phase", values=["ACTION_PHASE_FAILED"])], ["two"]),
        ([Filter(field="phase", values=[OK], function=Filter.NOT_EQUAL)], ["two"]),
        ([Filter(field="phase", values=[OK, BAD], function=Filter.VALUE_IN), NAMED_TWO], ["two"]),
        ([Filter(field="task_name", values=["SHELL.T"], function=Filter.CONTAINS_CASE_INSENSITIVE)], ["three", "two"]),
        ([Filter(field="task_name", values=["e"], function=Filter.ENDS_WITH)], ["three", "one"]),
        ([Filter(field="created_at", values=["2020-01-01"], function=Filter.LESS_THAN)], []),
        ([Filter(field="updated_at", values=["2020-01-01T00:00:00Z"], function=Filter.GREATER_THAN)], ALL),
        ([Filter(field="labels.team", function=Filter.NOT_EXISTS)], ALL),
        ([Filter(field="labels.team", function=Filter.EXISTS)], []),
    ],
)  # fmt: skip
def test_runs_are_filtered(runs: RunServiceClientSync, filters: list[Filter], names: list[str]) -> None:
    assert listed(runs, *filters) == names


def test_runs_are_sorted(runs: RunServiceClientSync) -> None:
    oldest = Sort(key="created_at", direction=Sort.ASCENDING)
    assert listed(runs, sort=[oldest]) == ["one", "two", "three"]
    by_phase = Sort(key="phase", direction=Sort.DESCENDING)
    assert listed(runs, sort=[by_phase, oldest]) == ["two", "one", "three"]
    assert listed(runs, Filter(field="phase", values=[OK]), sort=[oldest], limit=1) == ["one"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"filters": [Filter(field="color", values=["x"])]}, "no field 'color'"),
        ({"sort_by": Sort(key="color")}, "no field 'color'"),
        ({"raw_filters": ["eq(name, x)"]}, "raw_filters"),
        ({"token": "9" * 30}, "no token of a page"),
        ({"token": "x"}, "no token of a page"),
    ],
)
def test_what_lists_do_not_have_is_refused(runs: RunServiceClientSync, asked: dict[str, Any], said: str) -> None:
    made = of_runs.ListActionsRequest(run_id=run_id("one"), request=ListRequest(**asked))
    refused(Code.INVALID_ARGUMENT, said, lambda: runs.list_actions(made))
    place = ProjectIdentifier(organization=ORG, name=PROJECT, domain=DOMAIN)
    of_project = of_runs.ListRunsRequest(project_id=place, request=ListRequest(**asked))
    refused(Code.INVALID_ARGUMENT, said, lambda: runs.list_runs(of_project))


def test_values_that_a_field_cannot_have_are_refused(runs: RunServiceClientSync) -> None:
    asked = Filter(field="created_at", values=["soon"], function=Filter.GREATER_THAN)
    refused(Code.INVALID_ARGUMENT, "'soon'", lambda: listed(runs, asked))


def test_projects_and_tasks_are_filtered(plane: Machine) -> None:
    with ProjectServiceClientSync(plane.endpoint) as client:
        archived = of_projects.Project(id="old", state=of_projects.PROJECT_STATE_ARCHIVED)
        client.create_project(of_projects.CreateProjectRequest(project=archived))

        def ids(filters: str) -> list[str]:
            latest = Sort(key="created_at", direction=Sort.DESCENDING)
            asked = of_projects.ListProjectsRequest(filters=filters, sort_by=latest)
            found = client.list_projects(asked).projects.projects
            return [each.id for each in found]

        assert ids("eq(state, 1)") == ["old"]
        assert ids("")[0] == "old"
        assert ids("ne(state, 1)+contains(name, flyte)") == ["flytesnacks"]
        refused(Code.INVALID_ARGUMENT, "no filter", lambda: ids("state = 1"))
    with TaskServiceClientSync(plane.endpoint) as tasks:
        for name in ("plain", "entry"):
            spec = shell_task("true", f"shell.{name}")
            spec.task_template.metadata.is_entrypoint = name == "entry"
            task_id = {"org": ORG, "project": PROJECT, "domain": DOMAIN, "name": f"shell.{name}", "version": "v1"}
            tasks.deploy_task(of_tasks.DeployTaskRequest(task_id=task_id, spec=spec))
        asked = of_tasks.ListTasksRequest(org=ORG, known_filters=[{"is_entrypoint": True}])
        assert [each.task_id.name for each in tasks.list_tasks(asked).tasks] == ["shell.entry"]
        nobody = of_tasks.ListTasksRequest(org=ORG, known_filters=[{"deployed_by": "nobody of this name"}])
        assert list(tasks.list_tasks(nobody).tasks) == []


# -- streams


def test_runs_are_watched(plane: Machine, runs: RunServiceClientSync) -> None:
    place = ProjectIdentifier(organization=ORG, name=PROJECT, domain=DOMAIN)
    told = runs.watch_runs(of_runs.WatchRunsRequest(project_id=place))
    first = [each.action.id.run.name for each in next(told).runs]
    assert [name for name in first if name in ("one", "two", "three")] == ["three", "two", "one"]
    plane.run(shell_task("true"), "watched")
    phases = []
    for each in told:
        phases += [run.action.status.phase for run in each.runs if run.action.id.run.name == "watched"]
        if phases and phases[-1] == ActionPhase.ACTION_PHASE_SUCCEEDED:
            break
    assert phases[0] == ActionPhase.ACTION_PHASE_QUEUED


def test_runs_of_one_task_are_watched(runs: RunServiceClientSync) -> None:
    task = {"org": ORG, "project": PROJECT, "domain": DOMAIN, "name": "shell.two", "version": "v1"}
    told = next(runs.watch_runs(of_runs.WatchRunsRequest(task_id=task)))
    assert [each.action.id.run.name for each in told.runs] == ["two"]


def test_groups_of_runs_are_watched(plane: Machine, runs: RunServiceClientSync) -> None:
    plane.run(shell_task("true", "shell.grouped"), "grouped-1")
    plane.ended("grouped-1")
    place = ProjectIdentifier(organization=ORG, name=PROJECT, domain=DOMAIN)
    mine = ListRequest(filters=[Filter(field="task_name", values=["shell.grouped"])])
    told = runs.watch_groups(of_runs.WatchGroupsRequest(project_id=place, request=mine, start_date=LONG_AGO))
    (group,) = next(told).task_groups
    assert (group.task_name, group.total_runs, group.average_failure_rate) == ("shell.grouped", 1, 0.0)
    assert [(each.run_name, each.phase) for each in group.recent_statuses] == [("grouped-1", int(OK))]
    assert group.average_duration.ToNanoseconds() > 0
    assert next(told).sentinel
    plane.run(shell_task("exit 3", "shell.grouped"), "grouped-2")
    for each in told:
        (group,) = each.task_groups
        if len(group.phase_counts) == 2 and group.phase_counts[1].phase == int(BAD):
            break
    assert (group.total_runs, group.average_failure_rate) == (2, 0.5)
    assert group.error_counts.system_error == 1
    assert [each.run_name for each in group.recent_statuses] == ["grouped-2", "grouped-1"]


def test_actions_are_watched_with_their_filter(runs: RunServiceClientSync) -> None:
    for value, meets in (("task", True), ("3", False)):
        field = "action_type" if value == "3" else "name"
        asked = Filter(field=field, values=["a0" if meets else value])
        (told,) = runs.watch_actions(of_runs.WatchActionsRequest(run_id=run_id("one"), filter=[asked]))
        assert [each.meets_filter for each in told.enriched_actions] == [meets]


# -- states, reports of attempts, conditions


def test_a_state_is_kept_and_outlives_the_process(plane: Machine) -> None:
    with StateServiceClientSync(plane.endpoint) as client:
        refused(
            Code.NOT_FOUND, "a state of action a0", lambda: client.get(of_state.GetRequest(action_id=action_id("one")))
        )
        for text in ("first", '{"second": "ä"}'):
            client.put(of_state.PutRequest(action_id=action_id("one"), state=text))
        plane.kill()
        plane.start()
        found = client.get(of_state.GetRequest(action_id=action_id("one")))
        assert (found.state, found.status.code) == ('{"second": "ä"}', 0)
        unknown = of_state.PutRequest(action_id=action_id("never"), state="x")
        refused(Code.NOT_FOUND, "action a0 of run never", lambda: client.put(unknown))


@pytest.mark.parametrize("phase", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_an_attempt_whose_end_is_told_is_stopped(
    plane: Machine, actions: ActionsServiceClientSync, waiting: str, phase: str
) -> None:
    assert alive(f"MARKER={waiting}")
    actions.update(report(waiting, phase))
    (record,) = plane.ended(waiting)
    assert record.phase == phase.lower()
    latest = time.monotonic() + 60
    while alive(f"MARKER={waiting}"):
        assert time.monotonic() < latest, "its process goes on"
        time.sleep(0.05)


def test_what_is_told_of_other_attempts_is_refused(actions: ActionsServiceClientSync, waiting: str) -> None:
    refused(Code.FAILED_PRECONDITION, "attempt 2", lambda: actions.update(report(waiting, "FAILED", attempt=2)))
    refused(Code.INVALID_ARGUMENT, "ACTION_PHASE_QUEUED", lambda: actions.update(report(waiting, "QUEUED")))
    actions.update(report(waiting, "RUNNING"))


def test_what_is_told_of_an_attempt_that_is_over_is_refused(plane: Machine, actions: ActionsServiceClientSync) -> None:
    plane.run(shell_task("exit 3", retries=1, backoff=600), "failed-once")
    with RunServiceClientSync(plane.endpoint) as client:
        for each in client.watch_run_details(of_runs.WatchRunDetailsRequest(run_id=run_id("failed-once"))):
            if each.details.action.attempts and each.details.action.attempts[0].HasField("end_time"):
                break
        refused(Code.FAILED_PRECONDITION, "not under way", lambda: actions.update(report("failed-once", "SUCCEEDED")))
        client.abort_run(of_runs.AbortRunRequest(run_id=run_id("failed-once")))


def report(run: str, phase: str, attempt: int = 1) -> of_actions.UpdateRequest:
    status = {"phase": f"ACTION_PHASE_{phase}", "attempts": attempt, "start_time": LONG_AGO}
    return of_actions.UpdateRequest(action_id=action_id(run), attempt=attempt, status=status)


def condition(run: str, name: str, **more: Any) -> of_actions.EnqueueRequest:
    asked = of_actions.Action(action_id=action_id(run, name), parent_action_name="a0", run_output_base="file:///r")
    asked.input_uri, asked.condition.name = "file:///r/inputs.pb", "approve"
    asked.condition.type.simple = 4  # a boolean
    for key, value in more.items():
        getattr(asked.condition, key).CopyFrom(value)
    return of_actions.EnqueueRequest(action=asked)


def boolean(value: bool) -> Literal:
    return Literal(scalar={"primitive": {"boolean": value}})


def test_a_condition_pauses_until_it_is_signalled(
    plane: Machine, runs: RunServiceClientSync, actions: ActionsServiceClientSync, waiting: str
) -> None:
    for name in ("c1", "c2"):
        actions.enqueue(condition(waiting, name))
    place = ProjectIdentifier(organization=ORG, name=PROJECT, domain=DOMAIN)
    paused = runs.list_runs(of_runs.ListRunsRequest(project_id=place, paused_actions_only=True)).runs
    assert [each.action.id.run.name for each in paused] == [waiting]
    assert plane.details(waiting, "c1").status.phase == ActionPhase.ACTION_PHASE_PAUSED
    told = actions.watch_for_updates(of_actions.WatchForUpdatesRequest(parent_action_id=action_id(waiting)))
    while not next(told).HasField("control_message"):
        pass
    number = of_actions.SignalRequest(
        action_id=action_id(waiting, "c1"), parent_action_name="a0", value=Literal(scalar={"primitive": {"integer": 1}})
    )
    refused(Code.INVALID_ARGUMENT, "BOOLEAN", lambda: actions.signal(number))
    signal = of_actions.SignalRequest(action_id=number.action_id, parent_action_name="a0", value=boolean(value=True))
    actions.signal(signal)
    update = next(told).action_update
    assert (update.action_id.name, update.phase) == ("c1", ActionPhase.ACTION_PHASE_SUCCEEDED)
    assert update.value == boolean(value=True)
    refused(Code.FAILED_PRECONDITION, "has ended", lambda: actions.signal(signal))
    event = of_runs.SignalEventRequest(
        action_id=action_id(waiting, "c2"), parent_action_name="a0", payload={"bool_value": False}
    )
    runs.signal_event(event)
    details = plane.details(waiting, "c2")
    assert details.signal_info.output == boolean(value=False)
    assert details.condition.name == "approve"


def test_a_condition_that_nobody_signals_times_out(
    plane: Machine, actions: ActionsServiceClientSync, waiting: str
) -> None:
    asked = condition(waiting, "c1")
    asked.action.condition.timeout.FromMilliseconds(100)
    told = actions.watch_for_updates(of_actions.WatchForUpdatesRequest(parent_action_id=action_id(waiting)))
    actions.enqueue(asked)
    phases = []
    for each in told:
        phases.append(each.action_update.phase)
        if phases[-1] == ActionPhase.ACTION_PHASE_TIMED_OUT:
            break
    assert ActionPhase.ACTION_PHASE_PAUSED in phases


def test_only_conditions_are_signalled(actions: ActionsServiceClientSync, waiting: str) -> None:
    asked = of_actions.SignalRequest(action_id=action_id(waiting), parent_action_name="a0", value=boolean(value=True))
    refused(Code.FAILED_PRECONDITION, "is no condition", lambda: actions.signal(asked))


# -- what is refused


def test_what_one_machine_does_not_do_is_said(
    plane: Machine, runs: RunServiceClientSync, actions: ActionsServiceClientSync, waiting: str
) -> None:
    logs = of_runs.GetActionLogContextRequest(action_id=action_id("one"), attempt=1)
    refused(Code.UNIMPLEMENTED, "no pods", lambda: runs.get_action_log_context(logs))
    hook = condition(waiting, "c1")
    hook.action.condition.webhook.url = "http://localhost/x"
    refused(Code.UNIMPLEMENTED, "webhook", lambda: actions.enqueue(hook))
    with TriggerServiceClientSync(plane.endpoint) as triggers:
        refused(
            Code.UNIMPLEMENTED,
            "flyteidl2.trigger.TriggerService/ListTriggers: the control plane of one machine does not do that",
            lambda: triggers.list_triggers(ListTriggersRequest()),
        )


def test_each_call_of_each_service_is_answered_or_refused_in_words(plane: Machine) -> None:
    """No method of a service that is served is left as the stubs have it."""
    from flytectl_py.machine.server import _PARTS

    left = [
        f"{service.__name__}.{method}"
        for _, service in _PARTS
        for stub in service.__mro__
        if stub.__module__.startswith("flyteidl2")
        for method in vars(stub)
        if not method.startswith("_") and getattr(service, method) is vars(stub)[method]
    ]
    assert left == []
