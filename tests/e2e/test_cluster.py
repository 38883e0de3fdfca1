"""`flyte run` on a cluster: what is uploaded, started, followed and said, against a control plane on this machine."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from flyteidl2.core.literals_pb2 import Literal

from tests.support.control_plane import ControlPlaneServer
from tests.support.plane import faults
from tests.support.plane.state import ENDLESS, FAILED, Story
from tests.support.process import FLYTE, Result
from tests.support.project import Project

APP = '''
import flyte
from flyte.io import Dir, File

env = flyte.TaskEnvironment(name="app", image="ghcr.io/acme/base:1")

@env.task
def main(x: int, title: str = "sum") -> int:
    """Add one.

    Args:
        x: the number to start from.
    """
    return x + 1

@env.task
def several(x: int) -> tuple[int, str]:
    return x, "s"

@env.task(max_inline_io_bytes=1000)
def small(text: str) -> None:
    pass

@env.task
def reads(file: File, folder: Dir) -> None:
    pass
'''

ONE = Literal()
ONE.scalar.primitive.integer = 2
TWO = Literal()
TWO.scalar.primitive.string_value = "s"
MAIN = ("run", "app.py", "main", "--x", "1")


@pytest.fixture
def app(project: Callable[..., Project], plane: ControlPlaneServer) -> Project:
    made: Project = project({"app.py": APP, ".flyte/config.yaml": plane.config})
    plane.story = Story(outputs={"o0": ONE})
    return made


def run_spec(plane: ControlPlaneServer) -> dict[str, Any]:
    spec: dict[str, Any] = plane.asked("RunService.CreateRun")[-1].json["run_spec"]
    return spec


def template(plane: ControlPlaneServer) -> dict[str, Any]:
    made: dict[str, Any] = plane.asked("RunService.CreateRun")[-1].json["task_spec"]["task_template"]
    return made


# -- started


def test_a_run_is_started_and_its_page_is_printed(app: Project, plane: ControlPlaneServer) -> None:
    result = app.flyte(*MAIN, "--name", "first").expect()
    assert result.out == f"{plane.url}/v2/domain/development/project/flytesnacks/runs/first\n"
    assert "started first in project flytesnacks, domain development" in result.err
    assert list(plane.runs) == ["first"]
    assert plane.runs["first"].inputs.literals[0].value.scalar.primitive.integer == 1


def test_a_started_run_as_json(app: Project, plane: ControlPlaneServer) -> None:
    said = app.flyte(*MAIN, "--json").expect().json
    assert said["url"].endswith(said["run"])
    assert (said["task"], said["phase"]) == ("app.main", "queued")
    assert said["version"] == template(plane)["id"]["version"]
    assert list(plane.runs) == [said["run"]]


def test_the_code_is_uploaded_once(app: Project, plane: ControlPlaneServer) -> None:
    app.flyte(*MAIN).expect()
    again = app.flyte(*MAIN).expect()
    assert "uploaded before" in again.err
    assert len(plane.asked("PUT")) == 1
    app.write({"app.py": APP + "\n# changed\n"})
    app.flyte(*MAIN).expect()
    assert len(plane.asked("PUT")) == 2
    versions = {
        each.json["task_spec"]["task_template"]["id"]["version"] for each in plane.asked("RunService.CreateRun")
    }
    assert len(versions) == 2


@pytest.mark.parametrize("remembered", ["too long ago", "{", '{"a": 1}', "[]"])
def test_what_is_remembered_of_uploads_is_a_hint(app: Project, plane: ControlPlaneServer, remembered: str) -> None:
    app.flyte(*MAIN).expect()
    file = app.path / ".flyte/state/uploaded.json"
    known = json.loads(file.read_text())
    if remembered == "too long ago":
        remembered = json.dumps({key: [uri, when - 25 * 3600] for key, (uri, when) in known.items()})
    file.write_text(remembered)
    app.flyte(*MAIN).expect()
    assert len(plane.asked("PUT")) == 2
    assert known.keys() <= json.loads(file.read_text()).keys()


def test_what_was_uploaded_elsewhere_is_uploaded_here(app: Project, plane: ControlPlaneServer) -> None:
    app.flyte(*MAIN).expect()
    app.flyte(*MAIN, "--project", "default").expect()
    assert len(plane.asked("PUT")) == 2


def test_options_reach_the_run(app: Project, plane: ControlPlaneServer) -> None:
    app.flyte(
        "run", "-e", "LEVEL=debug", "--label", "team=search", "--annotation", "note=a=b", "--queue", "fast",
        "--service-account", "robot", "--raw-data-path", "s3://raw", "--interruptible", "--overwrite-cache",
        "--version", "v9", "-p", "default", "-d", "staging", *MAIN[1:],
    ).expect()  # fmt: skip
    spec = run_spec(plane)
    assert spec["labels"] == {"values": {"team": "search"}}
    assert spec["annotations"] == {"values": {"note": "a=b"}}
    assert {"key": "LEVEL", "value": "debug"} in spec["envs"]["values"]
    assert spec["queue"] == "fast"
    assert spec["security_context"] == {"run_as": {"k8s_service_account": "robot"}}
    assert spec["raw_data_storage"] == {"raw_data_prefix": "s3://raw"}
    assert spec["interruptible"] is True
    assert spec["cache_config"]["overwrite_cache"] is True
    run_id = plane.asked("RunService.CreateRun")[0].json["run_id"]
    assert (run_id["project"], run_id["domain"]) == ("default", "staging")
    assert template(plane)["id"]["version"] == "v9"


def test_a_label_of_another_form_is_refused(app: Project, plane: ControlPlaneServer) -> None:
    assert "KEY=VALUE" in app.flyte(*MAIN, "--label", "team").expect(2).err
    assert plane.calls == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--name", "a" * 31), "has 31 characters, and a cluster takes 30"),
        (("--label", "team=two words"), "'team=two words' is not allowed; a label's value has at most 63 characters"),
        (("--label", "-team=x"), "a name has 1 to 63 characters"),
        (("--label", "Acme.com/team=x"), "a DNS name in lower case"),
        (("--annotation", "a b=x"), "a name has 1 to 63 characters"),
        (("--service-account", "Robot"), "service account: 'Robot'"),
        (("--queue", " fast"), "queue: ' fast'"),
    ],
)
@pytest.mark.parametrize("target", [("app.py", "main"), ("deployed-task", "app.main")], ids=["file", "deployed"])
def test_what_a_cluster_would_refuse_is_said_before_anything_is_sent(
    app: Project, plane: ControlPlaneServer, target: tuple[str, str], words: tuple[str, str], said: str
) -> None:
    app.flyte("deploy", "app.py").expect()
    plane.calls.clear()
    _refused(app, plane, words, target, said)


def test_a_project_that_a_cluster_would_refuse_is_said_before_anything_is_sent(
    app: Project, plane: ControlPlaneServer
) -> None:
    _refused(app, plane, ("--project", "p" * 64), ("app.py", "main"), "the project of the run")


def _refused(
    app: Project, plane: ControlPlaneServer, words: tuple[str, str], target: tuple[str, str], said: str
) -> None:
    error = app.flyte("run", *words, "--json", *target, "--x", "1").expect(2).json["error"]
    assert said in error["message"]
    assert plane.asked("RunService.CreateRun") == plane.asked("PUT") == []


def test_a_name_of_this_machine_may_be_longer(app: Project) -> None:
    app.flyte("run", "--local", "--name", "a" * 31, "app.py", "main", "--x", "1").expect()


def test_copy_style_none_uploads_no_code(project: Callable[..., Project], plane: ControlPlaneServer) -> None:
    text = APP.replace('image="ghcr.io/acme/base:1"', 'image=flyte.Image.from_ref_name("mine")')
    made = project({"app.py": text, ".flyte/config.yaml": plane.config})
    made.flyte(*MAIN, "--copy-style", "none", "--image", "mine=ghcr.io/acme/mine:7").expect()
    assert plane.asked("PUT") == []
    container = template(plane)["container"]
    assert container["image"] == "ghcr.io/acme/mine:7"
    assert "--tgz" not in container["args"]
    assert "code_bundle_uri" not in template(plane)["metadata"]


def test_local_stays_here(app: Project, plane: ControlPlaneServer) -> None:
    assert app.flyte(*MAIN, "--local").expect().out == "2\n"
    assert plane.calls == []


ONLY_THERE = ("--queue", "q", "--interruptible", "-f", "--service-account", "s", "--label", "a=b", "--version", "v")


def test_what_a_run_here_does_not_do_is_said(app: Project, project: Callable[..., Project]) -> None:
    listed = "--follow, --service-account, --label, --queue, --interruptible, --version"
    note = f"flyte: {listed}: without effect in a run on this machine"
    assert f"{note}\n" in app.flyte(*MAIN, "--local", *ONLY_THERE).expect().err
    assert "without effect" not in app.flyte(*MAIN, *ONLY_THERE).expect().err
    alone = project({"app.py": APP}, name="alone")
    said = alone.flyte(*MAIN, *ONLY_THERE).expect().err
    assert f"{note}, and no endpoint of a cluster is configured\n" in said
    assert "without effect" not in alone.flyte(*MAIN, "--copy-style", "all", "--keep-code").expect().err
    assert "--copy-style: without effect" in alone.flyte(*MAIN, "--copy-style", "all").expect().err
    assert "without effect" not in alone.flyte(*MAIN, "--dry-run", *ONLY_THERE).expect().err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("run", "--engine", "cluster", "app.py", "main", "--x", "1"), "; without --engine it runs here"),
        (("run", "--mode", "remote", "app.py", "main", "--x", "1"), "; without --mode it runs here"),
        (("run", "deployed-task", "app.main"), ""),
        (("abort", "first"), ""),
        (("get", "task"), ""),
        (("deploy", "app.py"), "; --dry-run needs none"),
    ],
)
def test_without_an_endpoint_the_command_says_how_to_name_one(
    project: Callable[..., Project], words: tuple[str, ...], hint: str
) -> None:
    said = project({"app.py": APP}).flyte(*words, "--json").expect(3).json["error"]
    assert said["hint"] == f"give --endpoint, set FLYTE_ENDPOINT, or 'flyte config set endpoint URL'{hint}"
    assert "mode '" not in said["message"]


def test_a_hybrid_run_names_its_option(app: Project) -> None:
    assert "--run-base-dir s3://bucket/runs" in app.flyte(*MAIN, "--mode", "hybrid").expect(2).err


def test_a_dry_run_asks_nobody(app: Project, plane: ControlPlaneServer) -> None:
    planned = app.flyte(*MAIN, "--dry-run", "--json").expect().json
    assert plane.calls == []
    assert [each["method"] for each in planned["requests"]] == [
        "ClusterService.SelectCluster",
        "DataProxyService.UploadInputs",
        "RunService.CreateRun",
    ]
    app.flyte(*MAIN).expect()
    sent = template(plane)
    assert planned["version"] == sent["id"]["version"]
    shown = planned["requests"][2]["request"]["task_spec"]["task_template"]
    where = sent["metadata"]["code_bundle_uri"]
    assert json.loads(json.dumps(shown).replace(f"{planned['bundle']['digest']}.tar.gz", where)) == sent


def test_local_files_travel_as_uris(app: Project, plane: ControlPlaneServer) -> None:
    app.write({"in/a.txt": "a", "in/deep/b.txt": "b", "f.csv": "1"})
    app.flyte("run", "app.py", "reads", "--file", "f.csv", "--folder", "in", "--name", "r1").expect()
    file, folder = (each.value.scalar.blob.uri for each in plane.runs["r1"].inputs.literals)
    assert plane.blobs[file.removeprefix("s3://bucket/")] == b"1"
    root = folder.removeprefix("s3://bucket/")
    assert {key: plane.blobs[key] for key in plane.blobs if key.startswith(root)} == {
        f"{root}/a.txt": b"a",
        f"{root}/deep/b.txt": b"b",
    }


def test_a_file_that_is_not_there_stops_before_anything_is_sent(app: Project, plane: ControlPlaneServer) -> None:
    result = app.flyte("run", "app.py", "reads", "--file", "no.csv", "--folder", "in").expect(2)
    assert "no.csv" in result.err
    assert plane.calls == []


def test_inputs_that_are_too_large_are_refused_with_their_sizes(app: Project, plane: ControlPlaneServer) -> None:
    result = app.flyte("run", "app.py", "small", "--text", "x" * 2000).expect(2)
    assert "1,000" in result.err
    assert "text 2,0" in result.err
    assert plane.calls == []


# -- what goes wrong on the way


def test_a_name_that_is_taken_is_a_conflict(app: Project, plane: ControlPlaneServer) -> None:
    app.flyte(*MAIN, "--name", "taken").expect()
    result = app.flyte(*MAIN, "--name", "taken").expect(4)
    assert "--name" in result.err


@pytest.mark.parametrize("trouble", [faults.UNAVAILABLE, faults.Reset(), faults.DoneThenLost(), faults.TOO_MANY])
def test_a_run_is_started_once_whatever_happens_to_the_call(
    app: Project, plane: ControlPlaneServer, trouble: faults.Trouble
) -> None:
    plane.fail("RunService.CreateRun", trouble, trouble)
    said = app.flyte(*MAIN, "--json").expect().json
    assert list(plane.runs) == [said["run"]]


def test_a_broken_upload_is_repeated(app: Project, plane: ControlPlaneServer) -> None:
    plane.fail("PUT", faults.Reset(after=10), faults.Status(503))
    app.flyte(*MAIN).expect()
    assert len(plane.blobs) == 1


def test_nobody_answers(app: Project) -> None:
    result = app.flyte(*MAIN, env={"FLYTE_ENDPOINT": "dns:///127.0.0.1:1", "FLYTE_RPC_RETRIES": "0"}).expect(3)
    assert "127.0.0.1:1" in result.err


def test_remote_without_an_endpoint_says_what_is_missing(project: Callable[..., Project]) -> None:
    made = project({"app.py": APP + "\nflyte.with_runcontext(mode='remote').run(main, x=1)\n"})
    result = made.python("app.py").expect(1)
    assert "no endpoint" in result.err
    assert "FLYTE_ENDPOINT" in result.err


# -- followed


def test_following_shows_phases_and_lines_and_ends_with_the_value(app: Project, plane: ControlPlaneServer) -> None:
    plane.change_next_story(lines=("one", "two"), pace=2.0)  # It is not over before it is looked at.
    result = app.flyte(*MAIN, "--follow", "--name", "r1").expect()
    assert result.out == "one\ntwo\n2\n"
    phases = [line.rpartition(": ")[2] for line in result.err.splitlines() if line.startswith("flyte: r1: ")]
    assert phases[-2:] == ["running", "succeeded"]


def test_following_under_json_keeps_stdout_for_the_document(app: Project, plane: ControlPlaneServer) -> None:
    plane.story = Story(outputs={"o0": ONE, "o1": TWO})
    result = app.flyte("run", "app.py", "several", "--x", "2", "-f", "--json").expect()
    assert result.json["outputs"] == {"o0": 2, "o1": "s"}
    assert result.json["phase"] == "succeeded"
    assert "hello from the task" in result.err


def test_a_failed_run_ends_with_its_error(app: Project, plane: ControlPlaneServer) -> None:
    plane.story = FAILED
    result = app.flyte(*MAIN, "--follow").expect(1)
    assert "about to fail" in result.out
    assert "app.main failed: ValueError: bad luck" in result.err
    assert app.flyte(*MAIN, "--follow", "--json").expect(1).json["error"]["code"] == "ValueError"
    app.flyte(*MAIN).expect()


def test_each_attempt_is_shown(app: Project, plane: ControlPlaneServer) -> None:
    plane.change_next_story(phases=("QUEUED", "RUNNING", "QUEUED", "RUNNING", "SUCCEEDED"), pace=0.2, lines=("line",))
    command = [FLYTE, *MAIN, "--follow"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    both = subprocess.run(command, cwd=app.path, env=app.environment(), check=True, **streams).stdout
    first, line, then = both.partition("line\n")
    assert line
    assert "attempt 2" not in first
    assert "attempt 2" in then
    plane.change_next_story(phases=("QUEUED", "RUNNING", "QUEUED", "RUNNING", "SUCCEEDED"), pace=0.2, lines=("line",))
    result = app.flyte(*MAIN, "--follow").expect()
    assert result.out == "line\nline\n2\n"
    assert "running, attempt 2" in result.err


def test_an_aborted_run_is_no_success(app: Project, plane: ControlPlaneServer) -> None:
    plane.story = Story(phases=("QUEUED", "RUNNING", "ABORTED"))
    assert "aborted" in app.flyte(*MAIN, "--follow").expect(1).err


def test_streams_that_break_are_taken_up_again(app: Project, plane: ControlPlaneServer) -> None:
    plane.change_next_story(pace=0.5, lines=("one", "two"))
    plane.fail("RunService.WatchRunDetails", faults.Reset(messages=1), faults.UNAVAILABLE)
    plane.fail("DataProxyService.TailLogs", faults.Reset(messages=1))
    assert app.flyte(*MAIN, "--follow").expect().out == "one\ntwo\n2\n"


def test_an_interrupt_leaves_the_run_and_says_how_to_stop_it(app: Project, plane: ControlPlaneServer) -> None:
    plane.story = ENDLESS
    process = subprocess.Popen(
        [FLYTE, *MAIN, "--follow", "--name", "going"],
        cwd=app.path,
        env=app.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "hello from the task\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "flyte abort going" in said
    assert plane.asked("RunService.AbortRun") == []
    assert not plane.runs["going"].ended


def test_an_interrupt_says_as_json_which_run_goes_on(app: Project, plane: ControlPlaneServer) -> None:
    plane.story = ENDLESS
    process = subprocess.Popen(
        [FLYTE, *MAIN, "--follow", "--json", "--name", "going"],
        cwd=app.path,
        env=app.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while process.stderr.readline() != "hello from the task\n":
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    said = Result.of(process).expect(130).json
    assert (said["run"], said["error"]["code"]) == ("going", "Interrupted")
    assert said["url"].endswith("/runs/going")


def test_a_run_that_cannot_be_watched_any_more_goes_on(app: Project, plane: ControlPlaneServer) -> None:
    plane.fail("RunService.WatchRunDetails", faults.UNAVAILABLE)
    env = {"FLYTE_RPC_RETRIES": "0"}
    result = app.flyte(*MAIN, "--follow", "--json", "--name", "going", env=env).expect(3)
    assert result.json["run"] == "going"
    assert result.json["url"].endswith("/runs/going")
    assert "the run goes on" in result.err
    assert "flyte abort going" in result.err


@pytest.mark.parametrize("trouble", [faults.DoneThenLost(), faults.Status(504)])
def test_a_start_whose_answer_was_lost_is_said_to_be_one_perhaps(
    app: Project, plane: ControlPlaneServer, trouble: faults.Trouble
) -> None:
    plane.fail("RunService.CreateRun", trouble)
    error = app.flyte(*MAIN, "--json", "--name", "perhaps", env={"FLYTE_RPC_RETRIES": "0"}).expect(3).json
    assert error["run"] == "perhaps"
    assert "may have been started" in error["error"]["hint"]
    assert "flyte abort perhaps" in error["error"]["hint"]


def test_a_server_without_encryption_is_told_from_one_that_is_not_there(
    app: Project, plane: ControlPlaneServer
) -> None:
    env = {"FLYTE_RPC_RETRIES": "0", "FLYTE_INSECURE": "false", "FLYTE_ENDPOINT": plane.url.removeprefix("http://")}
    err = app.flyte("get", "run", env=env).expect(3).err
    assert "does not speak TLS" in err
    assert "--insecure" in err


@pytest.mark.parametrize("ending", ["> /dev/full", "| true"])
def test_lines_that_nobody_takes_leave_no_traceback(app: Project, plane: ControlPlaneServer, ending: str) -> None:
    app.flyte(*MAIN, "--name", "said").expect()
    done = subprocess.run(
        ["/bin/sh", "-c", f"sleep 0.2; '{FLYTE}' logs said {ending}"],
        cwd=app.path,
        env=app.environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "Traceback" not in done.stderr
    assert "asynchronous generator" not in done.stderr
    assert ("cannot write the output" in done.stderr) == ("full" in ending)


def test_images_and_builders_that_are_not_known(app: Project, plane: ControlPlaneServer) -> None:
    for words in (MAIN, ("deploy", "app.py"), ("build", "app.py")):
        assert "no image 'nope'" in app.flyte(*words, "--image", "nope=acme/x:1").expect(2).err
        assert "no blanks" in app.flyte(*words, "--image", "acme/x y").expect(2).err
    for command in ("deploy", "build"):
        assert "no builder 'foo'" in app.flyte(command, "app.py", "--builder", "foo").expect(2).err
    assert plane.calls == []


def test_names_that_are_empty_ask_nobody(app: Project, plane: ControlPlaneServer) -> None:
    for words in (("get", "run", ""), ("abort", ""), ("logs", ""), ("logs", "x", "--attempt", "0")):
        app.flyte(*words).expect(2)
    assert plane.calls == []


def test_an_empty_version_is_none(app: Project, plane: ControlPlaneServer) -> None:
    for words in ((*MAIN, "--version", ""), ("deploy", "app.py", "--version", "")):
        assert "--version: it is empty" in app.flyte(*words).expect(2).err
    assert plane.calls == []


def test_a_start_that_was_turned_away_is_none(app: Project, plane: ControlPlaneServer) -> None:
    plane.fail("RunService.CreateRun", faults.Status(503))
    result = app.flyte(*MAIN, "--name", "never", env={"FLYTE_RPC_RETRIES": "0"}).expect(3)
    assert "may have been started" not in result.err


def test_an_interrupt_while_the_run_is_started_names_it(app: Project, plane: ControlPlaneServer) -> None:
    plane.fail("RunService.CreateRun", faults.Late(30))
    process = subprocess.Popen(
        [FLYTE, *MAIN, "--name", "perhaps"], cwd=app.path, env=app.environment(), stderr=subprocess.PIPE, text=True
    )
    while not plane.asked("RunService.CreateRun"):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "flyte abort perhaps" in said


# -- deployed tasks


@pytest.fixture
def deployed(app: Project, plane: ControlPlaneServer) -> Project:
    app.flyte("deploy", "app.py", "--version", "v1").expect()
    app.flyte("deploy", "app.py", "--version", "v2").expect()
    plane.calls.clear()
    (app.path / "app.py").unlink()
    return app


def test_a_deployed_task_runs_without_its_code(deployed: Project, plane: ControlPlaneServer) -> None:
    said = deployed.flyte("run", "deployed-task", "app.main", "--x", "3", "--json", "--name", "d1").expect().json
    assert (said["version"], said["task"]) == ("v2", "app.main")
    request = plane.asked("RunService.CreateRun")[0].json
    assert request["task_id"]["version"] == "v2"
    assert "task_spec" not in request
    given = {each.name: each.value.scalar.primitive for each in plane.runs["d1"].inputs.literals}
    assert (given["x"].integer, given["title"].string_value) == (3, "sum")
    assert plane.asked("PUT") == []


def test_a_deployed_task_of_a_version_is_followed(deployed: Project, plane: ControlPlaneServer) -> None:
    result = deployed.flyte("run", "-f", "deployed-task", "app.main:v1", "--x", "3").expect()
    assert result.out == "hello from the task\n2\n"
    assert plane.asked("RunService.CreateRun")[0].json["task_id"]["version"] == "v1"


def test_the_help_of_a_deployed_task_shows_its_inputs(deployed: Project) -> None:
    text = deployed.flyte("run", "deployed-task", "app.main", "--help").expect().out
    assert "--x INT" in text
    assert "[default: sum]" in text
    assert "Add one." in text
    assert "the number to start from." in text
    assert "before ENV.TASK or after it: flyte run --help" in " ".join(text.split())
    assert "--follow" in text
    assert "--local" not in text
    assert "--copy-style" not in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["app.main", "--x", "three"], "takes an integer"),
        (["app.main"], "--x: is missing"),
        (["app.mian", "--x", "1"], "no task 'app.mian'"),
        (["app.mian", "--x", "1"], "did you mean 'app.main'?"),
        (["app.main", "--x", "1", "--engine", "docker"], "--engine: it runs there"),
        (["app.main", "--x", "1", "--keep-code"], "--keep-code: the code is what the cluster has of app.main:v2"),
        (["app.main:v7", "--x", "1"], "no task 'app.main:v7'"),
        (["main", "--x", "1"], "ENV.TASK"),
        (["app.main", "--x", "1", "--root-dir", "."], "--root-dir"),
        ([], "which task?"),
    ],
)
def test_a_deployed_task_that_cannot_run_so(
    deployed: Project, plane: ControlPlaneServer, words: list[str], said: str
) -> None:
    assert said in deployed.flyte("run", "deployed-task", *words).expect(2).err
    assert plane.runs == {}


def test_a_deployed_task_in_a_dry_run(deployed: Project, plane: ControlPlaneServer) -> None:
    planned = deployed.flyte("run", "deployed-task", "app.main", "--x", "3", "--dry-run", "--json").expect().json
    assert planned["requests"][-1]["request"]["task_id"]["version"] == "v2"
    assert plane.runs == {}


# -- a run of the cluster once more


@pytest.fixture
def started(app: Project, plane: ControlPlaneServer) -> Project:
    words = ["--label", "team=search", "-e", "LEVEL=debug", "--queue", "fast", "--name", "first"]
    app.flyte("run", *words, "app.py", "main", "--x", "1", "--title", "t").expect()
    plane.calls.clear()
    (app.path / "app.py").unlink()
    return app


def test_a_run_of_the_cluster_runs_once_more(started: Project, plane: ControlPlaneServer) -> None:
    said = started.flyte("rerun", "first", "--name", "second", "-f", "--json").expect().json
    assert (said["run"], said["task"], said["outputs"]) == ("second", "app.main", {"o0": 2})
    before, after = plane.runs["first"], plane.runs["second"]
    assert after.spec == before.spec
    assert after.inputs == before.inputs
    assert after.run_spec == before.run_spec
    assert plane.asked("PUT") == []


def test_a_rerun_there_takes_other_inputs_and_options(started: Project, plane: ControlPlaneServer) -> None:
    words = ["--x", "7", "--name", "second", "--label", "run=2", "-e", "LEVEL=info", "--overwrite-cache"]
    started.flyte("rerun", "first", *words).expect()
    after = plane.runs["second"]
    given = {each.name: each.value.scalar.primitive for each in after.inputs.literals}
    assert (given["x"].integer, given["title"].string_value) == (7, "t")
    assert dict(after.run_spec.labels.values) == {"team": "search", "run": "2"}
    variables = {each.key: each.value for each in after.run_spec.envs.values}
    assert variables == {**{each.key: each.value for each in plane.runs["first"].run_spec.envs.values}, "LEVEL": "info"}
    assert (after.run_spec.queue, after.run_spec.overwrite_cache) == ("fast", True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("other",), "no run 'other' in project flytesnacks"),
        (("first", "--local"), "no run 'first'"),
        (("first", "--x", "three"), "takes an integer"),
        (("first", "--version", "v2"), "--version: the code is what the cluster has of app.main"),
    ],
)
def test_a_rerun_there_that_cannot_be(
    started: Project, plane: ControlPlaneServer, words: tuple[str, ...], said: str
) -> None:
    assert said in started.flyte("rerun", *words).expect(2).err
    assert list(plane.runs) == ["first"]


def test_the_help_of_a_rerun_there_shows_the_inputs_of_the_run(started: Project) -> None:
    text = started.flyte("rerun", "first", "--help").expect().out
    assert "[default: t]" in text
    assert "[default: 1]" in text


# -- from Python


SCRIPT = """
import asyncio, sys
import flyte, flyte.errors
from app import main

def sync():
    run = flyte.with_runcontext(name="sync").run(main, 1)
    print(run.name, run.url.rpartition("/")[2], run.phase)
    run.wait()
    print(run.phase, run.outputs().o0)

async def asynchronous():
    run = await flyte.run.aio(main, x=1)
    await run.wait.aio()
    print(run.phase, (await run.outputs.aio())[0])

def failing():
    run = flyte.run(main, 1)
    run.wait()
    print(run.phase)
    try:
        run.outputs()
    except flyte.errors.RuntimeUserError as error:
        print(error.code)

if __name__ == "__main__":
    flyte.init_from_config()
    for name in sys.argv[1:]:
        made = globals()[name]()
        if made is not None:
            asyncio.run(made)
"""


def test_a_run_from_python(app: Project, plane: ControlPlaneServer) -> None:
    app.write({"script.py": SCRIPT})
    said = app.python("script.py", "sync", "asynchronous").expect()
    assert said.out == "sync sync queued\nsucceeded 2\nsucceeded 2\n"
    by_command = app.flyte("run", "--name", "again", *MAIN[1:]).expect()
    assert by_command.code == 0
    plane.story = FAILED
    assert app.python("script.py", "failing").expect().out == "failed\nValueError\n"


def test_with_runcontext_reaches_the_run(app: Project, plane: ControlPlaneServer) -> None:
    app.write(
        {
            "script.py": """
            import flyte
            from app import main
            if __name__ == "__main__":
                flyte.init_from_config()
                context = dict(labels={"a": "b"}, annotations={"c": "d"}, service_account="robot", log_level=10)
                flyte.with_runcontext(overwrite_cache=True, interruptible=True, **context).run(main, 1)
                flyte.with_runcontext(disable_run_cache=True).run(main, 1)
            """
        }
    )
    app.python("script.py").expect()
    spec = plane.asked("RunService.CreateRun")[0].json["run_spec"]
    assert {"key": "LOG_LEVEL", "value": "10"} in spec["envs"]["values"]
    assert spec["labels"] == {"values": {"a": "b"}}
    assert spec["annotations"] == {"values": {"c": "d"}}
    assert spec["interruptible"] is True
    assert spec["cache_config"]["overwrite_cache"] is True
    assert spec["security_context"]["run_as"]["k8s_service_account"] == "robot"
    assert "interruptible" not in run_spec(plane)
    assert len(plane.asked("PUT")) == 2  # the second run relies on nothing


def test_a_slow_stream_is_waited_for(app: Project, plane: ControlPlaneServer) -> None:
    plane.fail("RunService.WatchRunDetails", faults.Late(0.3))
    started = time.monotonic()
    app.flyte(*MAIN, "--follow").expect()
    assert time.monotonic() - started > 0.3
