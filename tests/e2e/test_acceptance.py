"""Programs of the project and packaging guides, written as there: what they promise to do on this machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.project import Project

Example = Callable[[str], Project]


def test_shared_lock_etl_pipeline_normalizes_and_records_its_children(example: Example) -> None:
    made = example("monorepo_shared_lock")
    result = made.flyte("run", "--json", "src/workspace_app/main.py", "etl_pipeline", "--n", "10").expect()
    assert result.json["outputs"]["o0"] == pytest.approx([i / 9 for i in range(10)])
    assert result.json["task"] == "etl.etl_pipeline"
    assert result.json["actions"] == 3


def test_shared_lock_ml_pipeline_returns_a_float_and_passes_a_dict_between_tasks(example: Example) -> None:
    made = example("monorepo_shared_lock")
    inputs = '{"features": [1.5, 3.0, 4.5, 6.0, 7.5], "labels": [0, 1, 2, 3, 4]}'
    result = made.flyte(
        "run", "--json", "src/workspace_app/main.py", "ml_pipeline", "--inputs", "-", stdin=inputs
    ).expect()
    assert result.json["outputs"] == {"o0": 2.0}
    model = made.flyte(
        "run", "--json", "src/workspace_app/tasks/ml_tasks.py", "train", "--features", "[1]", "--labels", "[3]"
    )
    assert model.expect().json["outputs"] == {"o0": {"mean": 3.0, "samples": 1}}


def test_shared_lock_tasks_run_from_any_file_and_any_folder(example: Example) -> None:
    made = example("monorepo_shared_lock")
    for folder, file in ((".", "src/workspace_app/tasks/etl_tasks.py"), ("src/workspace_app/tasks", "etl_tasks.py")):
        assert made.flyte("run", file, "load_data", "--n", "3", cwd=folder).expect().json == [0.0, 1.5, 3.0]


def test_siblings_a_library_outside_the_root_is_found_through_the_path_dependency(example: Example) -> None:
    made = example("monorepo_siblings")
    args = ("run", "my_app/src/my_app/tasks.py", "compute_stats", "--values", "[1, 2, 3, 4, 5]")
    assert made.flyte(*args).expect().json == {"mean": 3.0, "std": pytest.approx(2**0.5), "count": 5}
    # Without a word of my_lib in any pyproject.toml it is a package like any other, and not installed.
    made.write({"my_app/pyproject.toml": "[project]\nname = 'my-app'\n"})
    (made.path / "pyproject.toml").unlink()
    assert "No module named 'my_lib'" in made.flyte(*args).expect(1).err


def test_siblings_stats_pipeline_returns_the_summary(example: Example) -> None:
    made = example("monorepo_siblings")
    result = made.flyte("run", "my_app/src/my_app/main.py", "stats_pipeline", "--values", "[1, 2, 3, 4, 5]").expect()
    assert result.out == "n=5, mean=3.00, std=1.41\n"


def test_siblings_main_block_prints_the_url_of_the_run(example: Example) -> None:
    made = example("monorepo_siblings")
    paths = f"{made.path}/my_app/src:{made.path}/my_lib/src"
    result = made.python("my_app/src/my_app/main.py", env={"PYTHONPATH": paths}).expect()
    assert result.out.startswith("Run URL: local://")


def test_a_project_of_folders_runs_with_everything_it_imports(example: Example) -> None:
    made = example("packaging/my_project")
    result = made.flyte("run", "--json", "app.py", "pipeline", "--dataset", "train.csv").expect()
    assert result.json["outputs"] == {"o0": 0.5}
    assert result.json["actions"] == 3


def test_flyte_task_uses_an_implicit_environment_called_default(example: Example) -> None:
    made = example("packaging/my_project")
    assert (
        made.flyte("run", "--json", "app.py", "default.pipeline", "--dataset", "a").expect().json["task"]
        == "default.pipeline"
    )
    assert made.python("app.py").expect().out.startswith("local://")


def test_multi_module_project_rooted_above_src_still_imports_from_src(example: Example) -> None:
    made = example("packaging/multi_module")
    result = made.flyte("run", "-v", "src/workflows/pipeline.py", "my_task").expect()
    assert result.out == "processed\n"
    assert f"root {made.path} " in result.err


def test_workspace_utilities_beside_the_project_are_imported(example: Example) -> None:
    made = example("packaging/workspace")
    assert made.flyte("run", "app.py", "my_task", cwd="project").expect().out == "shared hello, world\n"
    assert f"root {made.path} " in made.flyte("run", "-v", "project/app.py", "my_task").expect().err


def test_monorepo_of_namespace_packages_runs_from_the_root_and_from_the_service(example: Example) -> None:
    made = example("packaging/monorepo")
    for folder, file in ((".", "services/ml_service/workflows.py"), ("services/ml_service", "workflows.py")):
        assert made.flyte("run", file, "predict", "--path", "rows.csv", cwd=folder).expect().out == "104.625\n"


def test_package_in_src_layout_takes_a_list_of_dicts_as_json(example: Example) -> None:
    made = example("packaging/my_package")
    result = made.flyte(
        "run", "src/my_package/main.py", "analyze_task", "--data", '[{"value": 1}, {"value": 4}]'
    ).expect()
    assert result.out == "rows=2, sum=5\n"
    fetched = made.flyte("run", "src/my_package/main.py", "fetch_task", "--url", "a").expect()
    assert fetched.json == {"url": "a", "values": [1, None, 3]}


def test_configuration_is_looked_for_at_the_root_of_the_git_working_tree(example: Example) -> None:
    made = example("packaging/my_package")
    made.write({".git/": "", ".git/HEAD": "ref: refs/heads/main\n", ".flyte/config.yaml": "task:\n  domain: staging\n"})
    made.write(
        {
            "show.py": """
                import flyte, flyte.git
                flyte.init_from_config(flyte.git.config_from_root())
                print(flyte.current_domain())
            """
        }
    )
    assert made.python("show.py").expect().out == "staging\n"


@pytest.mark.parametrize(
    ("domain", "seen"), [("development", "dev"), ("staging", "staging"), ("production", "production")]
)
def test_environment_is_picked_by_the_domain_wherever_the_option_stands(
    example: Example, domain: str, seen: str
) -> None:
    made = example("packaging/environment_picker")
    file = "environment_picker.py"
    for args in ([file, "--domain", domain, "process"], [file, "process", f"--domain={domain}"]):
        result = made.flyte("run", *args, "--n", "5").expect()
        assert result.out == f"Running in {seen} environment\n10\n"


def test_environment_is_picked_by_the_domain_of_the_configuration(example: Example) -> None:
    made = example("packaging/environment_picker")
    made.write({".flyte/config.yaml": "task:\n  domain: staging\n"})
    assert "Running in staging" in made.flyte("run", "environment_picker.py", "process", "--n", "5").expect().out


def test_current_domain_without_init_is_an_error_with_advice(example: Example) -> None:
    made = example("packaging/environment_picker")
    result = made.python("environment_picker.py")
    assert result.code != 0
    assert "InitializationError" in result.err
    assert "flyte.init(" in result.err


def test_full_build_main_block_runs_here_with_version_and_copy_style(example: Example) -> None:
    made = example("packaging/full_build")
    assert made.python("full_build.py").expect().out.startswith("Run URL: local://")
    show = """
        import flyte, full_build
        run = flyte.with_runcontext(copy_style='none', version='v1.0.0').run(full_build.main, n=10)
        print(run.outputs().o0)
    """
    made.write({"show.py": show})
    assert made.python("show.py").expect().out == f"{[i * i for i in range(10)]}\n"


@pytest.mark.parametrize("place", ["dev", "staging", "prod"])
def test_images_by_reference_name_do_not_disturb_a_run_on_this_machine(example: Example, place: str) -> None:
    made = example("packaging/multi_environment")
    assert made.python("api.py", env={"ENV": place}).expect().out.startswith("local://")


def test_hybrid_program_runs_both_of_its_environments(example: Example) -> None:
    result = example("packaging/hybrid").python("hybrid.py").expect()
    assert result.out.count("local://") == 2


def test_examples_do_not_need_the_packages_of_their_images(example: Example) -> None:
    made = example("packaging/full_build")
    broken = "raise ImportError('it was imported')\n"
    made.write({"pandas.py": broken, "numpy.py": broken})
    assert made.flyte("run", "full_build.py", "main", "--n", "3").expect().json == [0, 1, 4]
