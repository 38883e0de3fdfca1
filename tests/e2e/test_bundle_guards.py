"""What `flyte bundle` refuses, leaves out or takes only by name; and what it does when the disk is against it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.support.process import FLYTE, Result, run_process
from tests.support.project import Project

MakeProject = Callable[..., Project]
NO_CACHES = {"PYTHONDONTWRITEBYTECODE": "1"}
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\n"
ALL = ("--copy-style", "all", "--json")


def paths(result: Result) -> list[str]:
    return [each["path"] for each in result.expect().json["files"]]


# Include


def test_include_adds_files_folders_and_globs_anchored_at_the_declaring_file(project: MakeProject) -> None:
    made = project(
        {
            "app.py": "import sub.env\n",
            "sub/env.py": """
                import flyte
                env = flyte.TaskEnvironment("e", include=("conf.yaml", "data", "deep/**/*.csv", "../top.txt"))
                """,
            "sub/conf.yaml": "",
            "sub/data/a/b.txt": "",
            "sub/data/__pycache__/x.pyc": "",
            "sub/deep/1.csv": "",
            "sub/deep/x/y/2.csv": "",
            "sub/deep/x/y/2.txt": "",
            "sub/other.txt": "",
            "top.txt": "",
            ".gitignore": "*.csv\n",
            ".flyteignore": "data/\n",
        }
    )
    result = made.flyte("bundle", "app.py", "--json")
    found = {each["path"]: each["why"] for each in result.expect().json["files"]}
    assert found == {
        "app.py": "entry",
        "sub/env.py": "imported by app.py:1",
        "sub/conf.yaml": "include: conf.yaml",
        "sub/data/a/b.txt": "include: data",
        "sub/deep/1.csv": "include: deep/**/*.csv",
        "sub/deep/x/y/2.csv": "include: deep/**/*.csv",
        "top.txt": "include: ../top.txt",
    }


def test_the_option_is_relative_to_the_current_folder(project: MakeProject) -> None:
    made = project({"app.py": "", "sub/x.txt": "", "x.txt": ""})
    assert paths(made.flyte("bundle", "../app.py", "--include", "x.txt", "--json", cwd="sub")) == [
        "app.py",
        "sub/x.txt",
    ]
    many = made.flyte("bundle", "app.py", "--include", "x.txt", "--include", str(made.path / "sub"), "--json")
    assert paths(many) == ["app.py", "sub/x.txt", "x.txt"]


def test_what_is_named_beats_the_built_in_list_and_what_is_below_does_not(project: MakeProject) -> None:
    made = project({"app.py": "", "build/out/x.so": "", "build/.git/HEAD": "", "dist/y": ""})
    assert paths(made.flyte("bundle", "app.py", "--include", "build", "--json")) == ["app.py", "build/out/x.so"]
    assert paths(made.flyte("bundle", "app.py", "--include", "build/out/*", "--json")) == ["app.py", "build/out/x.so"]
    assert paths(made.flyte("bundle", "app.py", "--include", "**/*", "--json", env=NO_CACHES)) == ["app.py"]


@pytest.mark.parametrize(
    ("include", "said"),
    [
        ("/etc/hostname", "outside the root"),
        ("../elsewhere.txt", "outside the root"),
        ("data.csb", "did you mean 'data.csv'?"),
        ("*.nothing", "brings no file"),
        ("", "names nothing"),
    ],
)
def test_an_include_that_cannot_be_is_refused_by_its_declaration(project: MakeProject, include: str, said: str) -> None:
    made = project({"data.csv": "", "../elsewhere.txt": ""})
    made.write({"app.py": f"import flyte\n\nenv = flyte.TaskEnvironment('e', include=({include!r},))\n"})
    error = made.flyte("bundle", "app.py").expect(2).err
    assert said in error
    assert "include of e (app.py:3)" in error


def test_names_with_brackets_are_files_first(project: MakeProject) -> None:
    made = project({"app.py": "", "a[1].txt": "", "a1.txt": ""})
    assert paths(made.flyte("bundle", "app.py", "--include", "a[1].txt", "--json")) == ["a[1].txt", "app.py"]
    (made.path / "a[1].txt").unlink()
    assert paths(made.flyte("bundle", "app.py", "--include", "a[1].txt", "--json")) == ["a1.txt", "app.py"]


# Imports that would be missing


def test_an_eager_import_that_flyteignore_leaves_out_is_an_error(project: MakeProject) -> None:
    made = project({"app.py": "import os\n\nimport shop.util\n", "shop/util.py": "", ".flyteignore": "# own\nshop/\n"})
    error = made.flyte("bundle", "app.py", "-o", "b.tar.gz").expect(2).err
    assert "import shop.util (app.py:3) is not in the bundle: shop/util.py is left out by .flyteignore:2; add" in error
    assert not (made.path / "b.tar.gz").exists()
    result = made.flyte("bundle", "app.py", "--include", "shop/util.py", "--json")
    assert paths(result) == ["app.py", "shop/util.py"]


def test_an_eager_import_that_gitignore_leaves_out_is_an_error_of_all_only(project: MakeProject) -> None:
    made = project({"app.py": "import generated\n", "generated.py": "", ".gitignore": "generated.py\n"})
    error = made.flyte("bundle", "app.py", *ALL).expect(2).json["error"]
    assert "import generated (app.py:1)" in error["message"]
    assert ".gitignore:1" in error["message"]
    assert paths(made.flyte("bundle", "app.py", "--json")) == ["app.py", "generated.py"]


def test_all_missing_imports_are_named_at_once(project: MakeProject) -> None:
    made = project(
        {"app.py": "import one\nimport two\n", "one.py": "", "two.py": "", ".flyteignore": "one.py\ntwo.py\n"}
    )
    error = made.flyte("bundle", "app.py").expect(2).err
    assert "import one (app.py:1)" in error
    assert "import two (app.py:2)" in error


def test_an_import_whose_failure_is_caught_is_no_error(project: MakeProject) -> None:
    app = """
        try:
            import fast
        except ImportError:
            fast = None
        try:
            import nowhere
        except ImportError: ...
        """
    made = project({"app.py": app, "fast.py": "", ".flyteignore": "fast.py\n"})
    (warning,) = made.flyte("bundle", "app.py", "--json").expect().json["warnings"]
    assert "import fast (app.py:2) is not in the bundle" in warning


def test_an_included_module_is_checked_by_its_text(project: MakeProject) -> None:
    made = project(
        {"app.py": "", "jobs/nightly.py": "import jobs.steps\nimport os, numpy_or_so\n", "jobs/steps.py": ""}
    )
    error = made.flyte("bundle", "app.py", "--include", "jobs/nightly.py").expect(2).err
    assert "import jobs.steps (jobs/nightly.py:1)" in error
    result = made.flyte("bundle", "app.py", "--include", "jobs", "--json")
    assert paths(result) == ["app.py", "jobs/nightly.py", "jobs/steps.py"]


def test_text_that_looks_like_an_import_is_none(project: MakeProject) -> None:
    made = project({"app.py": '"""\nimport other\n"""\ndef f():\n    "import other"\n', "other.py": ""})
    assert made.flyte("bundle", "app.py", "--json").expect().json["warnings"] == []


OUTSIDE = {
    "app/pyproject.toml": '[project]\nname = "app"\n[tool.uv.sources]\nmy-lib = { path = "../my_lib" }\n',
    "my_lib/pyproject.toml": '[project]\nname = "my-lib"\n',
    "my_lib/src/my_lib/stats.py": "def mean(): ...\n",
}


def outside(image: str) -> dict[str, str]:
    return {
        **OUTSIDE,
        "app/main.py": f"""
            import flyte, pathlib
            from my_lib.stats import mean

            HERE = pathlib.Path(__file__).parent
            LIB = HERE.parent / "my_lib" / "src" / "my_lib"
            env = flyte.TaskEnvironment("app", image={image})

            @env.task
            def main() -> int:
                return 1
            """,
    }


def test_an_eager_import_from_outside_the_root_is_an_error(project: MakeProject) -> None:
    for image in ('"auto"', "flyte.Image.from_debian_base()"):
        error = project(outside(image)).flyte("bundle", "app/main.py").expect(2).err
        assert "import my_lib.stats (main.py:2) leads out of the root" in error
        assert "the image of app (main.py:6) does not hold" in error


@pytest.mark.parametrize(
    "layer",
    [
        "with_source_folder(LIB)",
        'with_source_folder("../my_lib")',
        'with_source_file(LIB / "stats.py", "/app/my_lib/stats.py")',
        'with_uv_project(HERE / "pyproject.toml")',
        'with_uv_project(HERE.parent / "my_lib/pyproject.toml", project_install_mode="install_project")',
        'with_pip_packages("my-lib==1.0")',
    ],
)
def test_a_layer_that_brings_it_settles_that(project: MakeProject, layer: str) -> None:
    made = project(outside(f"flyte.Image.from_debian_base().{layer}"))
    document = made.flyte("bundle", "app/main.py", "--json").expect().json
    assert [each["path"] for each in document["files"]] == ["main.py"]
    assert document["warnings"] == []


@pytest.mark.parametrize("layer", ['with_pip_packages("numpy")', "with_source_folder(HERE)"])
def test_another_layer_does_not(project: MakeProject, layer: str) -> None:
    made = project(outside(f"flyte.Image.from_debian_base().{layer}"))
    assert "does not hold" in made.flyte("bundle", "app/main.py").expect(2).err


def test_an_image_by_uri_is_a_note(project: MakeProject) -> None:
    made = project(outside('"ghcr.io/acme/app:1"'))
    (warning,) = made.flyte("bundle", "app/main.py", "--json").expect().json["warnings"]
    assert "which cannot be seen from here" in warning


def test_a_lazy_import_of_what_the_image_holds_is_not_mentioned(project: MakeProject) -> None:
    files = outside("flyte.Image.from_debian_base().with_source_folder(LIB)")
    text = files["app/main.py"].replace("from my_lib.stats import mean\n", "\n")
    text = text.replace("    return 1", "    from my_lib.stats import mean\n                return 1")
    made = project({**files, "app/main.py": text})
    document = made.flyte("bundle", "app/main.py", "--json").expect().json
    assert (document["warnings"], len(document["files"])) == ([], 1)


def test_only_the_images_of_tasks_that_need_it_are_asked(project: MakeProject) -> None:
    files = outside("flyte.Image.from_debian_base().with_source_folder(LIB)")
    other = """
        import flyte
        env = flyte.TaskEnvironment("other")

        @env.task
        def light() -> int:
            return 1
        """
    main = files["app/main.py"].replace("import flyte, pathlib", "import flyte, pathlib, other")
    made = project({**files, "app/main.py": main, "app/other.py": other})
    assert paths(made.flyte("bundle", "app/main.py", "--json")) == ["main.py", "other.py"]


def test_a_file_that_is_itself_left_out_is_an_error(project: MakeProject) -> None:
    made = project({"app.py": "", "other.py": "", ".flyteignore": "app.py\n"})
    for style in ("auto", "all"):
        error = made.flyte("bundle", "app.py", "--include", "other.py", "--copy-style", style).expect(2).err
        assert "app.py itself is not in the bundle: it is left out by .flyteignore:1" in error


# Credentials


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (".env", "PASSWORD=x"),
        (".env.production", "x"),
        ("conf/id_rsa", "x"),
        ("conf/cert.p12", "x"),
        ("server.pem", KEY),
        ("deep/er/notes.txt", KEY),
        ("service.json", '{"type": "service_account", "private_key": "-----BEGIN"}'),
        ("aws.ini", "[default]\naws_secret_access_key = abcdefghijklmnopqrstuvwxyz\n"),
        ("kubeconfig", "x"),
        ("sub/credentials.json", "{}"),
    ],
)
def test_credentials_are_left_out_named_and_travel_by_name_only(project: MakeProject, name: str, content: str) -> None:
    made = project({"app.py": "", name: content})
    for args in (ALL, ("--include", "**/*", "--json")):
        for _ in range(2):  # the second time from memory
            document = made.flyte("bundle", "app.py", *args).expect().json
            assert name not in [each["path"] for each in document["files"]]
            (warning,) = document["warnings"]
            assert f"'{name}' looks like credentials" in warning
    assert name in paths(made.flyte("bundle", "app.py", "--include", name, *ALL))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (".env.example", "PASSWORD="),
        ("cert.pem", "-----BEGIN CERTIFICATE-----\n"),
        ("id_rsa.pub", "x"),
        ("x.json", '{"a": 1}'),
    ],
)
def test_what_is_none_travels(project: MakeProject, name: str, content: str) -> None:
    assert name in paths(project({"app.py": "", name: content}).flyte("bundle", "app.py", *ALL))


# Size and place


def sparse(project: Project, name: str, size: int) -> None:
    file = project.path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as opened:
        opened.truncate(size)


def test_a_large_bundle_is_warned_of(project: MakeProject) -> None:
    made = project({"app.py": ""})
    sparse(made, "models/m.bin", 60 << 20)
    (warning,) = made.flyte("bundle", "app.py", *ALL).expect().json["warnings"]
    assert "60 MiB, more than 50 MiB" in warning
    assert "echo '/models/' >> .flyteignore" in warning


def test_a_huge_bundle_is_refused_at_once_with_the_heaviest_folders(project: MakeProject) -> None:
    made = project({"app.py": ""})
    for number in range(12):
        sparse(made, f"data/set{number}/x.bin", (200 + number) << 20)
    result = made.flyte("bundle", "app.py", "--copy-style", "all", "-o", "b.tar.gz").expect(2)
    assert result.err.count("data/set") == 11  # ten heaviest and the ready line
    assert "data/set11/" in result.err
    assert "data/set1/" not in result.err
    assert "echo '/data/set11/' >> .flyteignore" in result.err
    assert not (made.path / "b.tar.gz").exists()
    made.write({".flyteignore": "data/\n"})
    assert paths(made.flyte("bundle", "app.py", *ALL)) == [".flyteignore", "app.py"]


def test_the_limits_are_in_the_help(project: MakeProject) -> None:
    from flytectl_py.plan.bundle import HARD_LIMIT, SOFT_LIMIT, shown_size

    text = project().flyte("bundle", "--help").expect().out
    assert shown_size(SOFT_LIMIT) in text
    assert shown_size(HARD_LIMIT).replace("2.0", "2") in text


def test_home_root_and_the_temporary_folder_are_no_projects(project: MakeProject) -> None:
    made = project({"app.py": ""})
    (made.home / "app.py").write_text("")
    for args, env in (
        ((made.home / "app.py",), {}),
        (("app.py", "--root-dir", "/"), {}),
        (("app.py",), {"TMPDIR": str(made.path)}),
    ):
        error = made.flyte("bundle", *args, env=env).expect(2).err
        assert "--root-dir" in error


# Links and special files


def test_links_inside_the_root_are_followed(project: MakeProject) -> None:
    made = project({"app.py": "", "real/a.txt": "a"})
    (made.path / "link.txt").symlink_to("real/a.txt")
    (made.path / "linked").symlink_to("real")
    result = made.flyte("bundle", "app.py", "--copy-style", "all", "-o", "../b.tar.gz", "--json")
    assert paths(result) == ["app.py", "link.txt", "linked/a.txt", "real/a.txt"]
    made.flyte("bundle", "extract", "../b.tar.gz", "../out").expect()
    assert not (made.path / "../out/link.txt").is_symlink()


@pytest.mark.parametrize(("name", "to"), [("out", "/etc"), ("sub/loop", "../sub"), ("hosts", "/etc/hostname")])
def test_links_out_and_cycles_are_refused_with_a_line_to_leave_them_out(
    project: MakeProject, name: str, to: str
) -> None:
    made = project({"app.py": "", "sub/x.txt": ""})
    (made.path / name).symlink_to(to)
    error = made.flyte("bundle", "app.py", "--copy-style", "all").expect(2).err
    assert f"'{name}' is a symbolic link" in error
    line = error.partition("echo '")[2].partition("'")[0]
    made.write({".flyteignore": f"{line}\n"})
    assert name not in paths(made.flyte("bundle", "app.py", *ALL))


def test_a_loaded_module_that_is_a_link_out_is_refused(project: MakeProject) -> None:
    made = project({"app.py": "import shared\n", "../elsewhere/shared.py": ""})
    (made.path / "shared.py").symlink_to("../elsewhere/shared.py")
    assert "'shared.py' is a symbolic link out of the root" in made.flyte("bundle", "app.py").expect(2).err


def test_special_files_and_broken_links_are_left_out_and_named(project: MakeProject) -> None:
    made = project({"app.py": ""})
    os.mkfifo(made.path / "pipe")
    (made.path / "broken").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.getcwd()
        os.chdir(made.path)  # the path of a socket is short
        listening.bind("socket")
        os.chdir(here)
        document = made.flyte("bundle", "app.py", *ALL, env=NO_CACHES).expect().json
    assert [each["path"] for each in document["excluded"]] == ["broken", "pipe", "socket"]
    assert len(document["warnings"]) == 3


def test_names_are_read_as_utf_8_whatever_the_locale(project: MakeProject) -> None:
    made = project({"app.py": "", "ñandú/x.txt": ""})
    digest = made.flyte("bundle", "app.py", "--copy-style", "all", "-q").expect().out
    ascii_only = {"LANG": None, "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert made.flyte("bundle", "app.py", "--copy-style", "all", "-q", env=ascii_only).expect().out == digest
    made.flyte("bundle", "app.py", "--copy-style", "all", "-o", "../b.tar.gz", env=ascii_only).expect()
    assert made.flyte("bundle", "verify", "../b.tar.gz").expect().out == digest


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_an_error(project: MakeProject) -> None:
    made = project({"app.py": "", "x.txt": ""})
    (made.path / "x.txt").chmod(0)
    assert "cannot read 'x.txt'" in made.flyte("bundle", "app.py", *ALL).expect(1).err


# The disk


def test_a_full_disk_is_said(project: MakeProject) -> None:
    made = project({"app.py": "x = '" + os.urandom(100_000).hex() + "'\n"})
    # 8 blocks are all the room that a file gets.
    shell = f"ulimit -f 8; exec '{FLYTE}' bundle app.py -o out.tar.gz"
    result = run_process(
        ["sh", "-c", shell], cwd=made.path, env=made.environment({"PYTHONDONTWRITEBYTECODE": "1"})
    ).expect(3)
    assert "cannot write out.tar.gz: File too large" in result.err
    assert not [each for each in made.path.iterdir() if "out.tar.gz" in each.name]


def test_a_link_is_followed_and_stays(project: MakeProject) -> None:
    made = project({"app.py": "x = 1\n", "kept/": ""})
    (made.path / "link.tar.gz").symlink_to("kept/real.tar.gz")
    for _ in range(2):  # it leads nowhere yet, then to an archive
        made.flyte("bundle", "app.py", *ALL, "-o", "link.tar.gz").expect()
        made.write({"more.txt": "x"})
        assert (made.path / "link.tar.gz").is_symlink()
        assert not (made.path / "kept/real.tar.gz").is_symlink()
        made.flyte("bundle", "verify", "kept/real.tar.gz").expect()


def test_what_is_neither_a_file_nor_a_folder_is_refused(project: MakeProject) -> None:
    made = project({"app.py": "x = 1\n"})
    os.mkfifo(made.path / "pipe.tar.gz")
    (made.path / "loop.tar.gz").symlink_to("loop.tar.gz")
    for name in ("pipe.tar.gz", "/dev/full", "/dev/stdout"):
        assert f"{name} is neither a file nor a folder" in made.flyte("bundle", "app.py", "-o", name).expect(2).err
    assert "leads to itself" in made.flyte("bundle", "app.py", "-o", "loop.tar.gz").expect(2).err
    assert (made.path / "pipe.tar.gz").is_fifo()


def test_the_users_own_files_are_not_overwritten(project: MakeProject) -> None:
    made = project({"app.py": "x = 1\n", "README.md": "words", "data.tar.gz": "not ours"})
    for name in ("app.py", "README.md", "data.tar.gz"):
        before = made.read(name)
        assert "would be overwritten" in made.flyte("bundle", "app.py", "-o", name).expect(2).err
        assert made.read(name) == before


@pytest.mark.parametrize("name", ["code.zip", "-", "s3:/bucket/x", "s3:bucket"])
def test_a_name_that_no_archive_has_is_refused(project: MakeProject, name: str) -> None:
    made = project({"app.py": "x = 1\n"})
    made.flyte("bundle", "app.py", "-o", name).expect(2)
    assert {each.name for each in made.path.iterdir()} <= {".flyte", "__pycache__", "app.py"}


def test_a_root_that_cannot_be_one_is_refused_before_anything_in_it_runs(project: MakeProject) -> None:
    made = project({"sub/some.py": "open('ran.txt', 'w').close()\n"})
    result = made.flyte("bundle", ".", env={"HOME": str(made.path)}).expect(2)
    assert "your home folder" in result.err
    assert not (made.path / "ran.txt").exists()


def test_an_import_that_failed_here_is_warned_of(project: MakeProject) -> None:
    app = "try:\n    import gpu\nexcept ImportError:\n    gpu = None\n"
    made = project({"app.py": app, "gpu.py": "import torch_is_not_here\n"})
    assert "import gpu (app.py:2) was not carried out here, or failed" in made.flyte("bundle", "app.py").expect().err


def test_what_the_users_code_prints_in_any_way_is_no_part_of_the_result(project: MakeProject) -> None:
    app = "import os, subprocess\nprint('one')\nos.write(1, b'two\\n')\nsubprocess.run(['echo', 'three'])\n"
    out = project({"app.py": app}).flyte("bundle", "app.py").expect().out
    assert re.fullmatch(r"[0-9a-f]{64}\n", out)


def test_two_projects_with_modules_of_the_same_names_are_compared(project: MakeProject) -> None:
    files = {"app.py": "import helpers\n", "helpers.py": "x = 1\n"}
    made = project({f"{side}/{name}": text for side in "AB" for name, text in files.items()})
    assert made.flyte("bundle", "diff", "A/app.py", "B/app.py", "--json").expect().json["same"]
    made.write({"B/helpers.py": "x = 2\n"})
    assert "~ helpers.py" in made.flyte("bundle", "diff", "A/app.py", "B/app.py").expect().out


def test_a_launcher_brings_the_task_that_only_its_main_block_imports(project: MakeProject) -> None:
    launcher = """
        import flyte

        if __name__ == "__main__":
            from tasks import main

            run = flyte.with_runcontext(dry_run=True).run(main, x=1)
            print([each.path for each in run.bundle.files])
        """
    tasks = "import flyte\nfrom lib import f\n\n@flyte.task\ndef main(x: int) -> int:\n    return f(x)\n"
    made = project({"go.py": launcher, "tasks.py": tasks, "lib.py": "def f(x):\n    return x\n"})
    assert made.python("go.py").expect().out == "['go.py', 'lib.py', 'tasks.py']\n"


def test_a_folder_that_cannot_be_made_is_said(project: MakeProject) -> None:
    made = project({"app.py": "", "file": ""})
    assert "cannot write file/x/" in made.flyte("bundle", "app.py", "-o", "file/x/").expect(3).err


def test_a_file_in_a_folder_that_is_not_there_makes_none(project: MakeProject) -> None:
    made = project({"app.py": ""})
    refused = made.flyte("bundle", "app.py", "-o", "nodir/b.tar.gz").expect(2).err
    assert refused.startswith("error: there is no folder nodir\n  at --output\n")
    assert not (made.path / "nodir").exists()
    made.flyte("bundle", "app.py", "-o", "nodir/").expect()
    made.flyte("bundle", "app.py", "-o", "nodir/b.tar.gz").expect()


def test_a_root_without_room_for_state_does(project: MakeProject) -> None:
    made = project({"app.py": "", ".flyte": "in the way"})
    assert paths(made.flyte("bundle", "app.py", "--json")) == ["app.py"]


def test_damaged_state_is_made_anew(project: MakeProject) -> None:
    made = project({"app.py": "import helper\n", "helper.py": ""})
    document = made.flyte("bundle", "app.py", "--json").expect().json
    files = [each for each in (made.path / ".flyte/state").rglob("*") if each.is_file()]
    assert any("ledger" in each.parts for each in files)
    for file in files:
        file.write_bytes(b'{"format": 1, "imports": 3}')
    assert made.flyte("bundle", "app.py", "--json").expect().json == document


def test_a_killed_one_leaves_no_archive_and_the_next_one_clears_up(project: MakeProject) -> None:
    made = project({"app.py": ""})
    (made.path / "data.bin").write_bytes(os.urandom(1 << 20) * 40)
    (made.path / "out").mkdir()
    command = [FLYTE, "bundle", "app.py", "--copy-style", "all", "-o", "out/b.tar.gz", "-q"]
    process = subprocess.Popen(command, cwd=made.path, env=made.environment(), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while (
        not list(made.path.glob("out/.b.tar.gz.partial-*")) and time.monotonic() < deadline and process.poll() is None
    ):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = {each.name for each in (made.path / "out").iterdir()}
    assert all(name.startswith(".b.tar.gz.partial-") for name in left) or left == {"b.tar.gz"}
    made.flyte(*command[1:]).expect()
    assert [each.name for each in (made.path / "out").iterdir()] == ["b.tar.gz"]
    made.flyte("bundle", "verify", "out/b.tar.gz").expect()


def test_two_at_once_both_end_well(project: MakeProject) -> None:
    made = project({"app.py": "", "data.bin": os.urandom(1 << 20), ".b.tar.gz.partial-0123456789abcdef": "left"})
    command = [FLYTE, "bundle", "app.py", "--copy-style", "all", "-o", "b.tar.gz", "-q"]
    running = [
        subprocess.Popen(command, cwd=made.path, env=made.environment(), stdout=subprocess.PIPE) for _ in range(3)
    ]
    assert [process.communicate()[0] for process in running] == [b"b.tar.gz\n"] * 3
    assert [process.returncode for process in running] == [0, 0, 0]
    made.flyte("bundle", "verify", "b.tar.gz").expect()
    assert sorted(each.name for each in made.path.iterdir() if each.name.startswith(".b")) == []


def test_a_folder_that_sys_path_names_by_way_of_its_parent(project: MakeProject) -> None:
    program = "import os, sys\nsys.path.append(os.path.dirname(__file__) + '/../lib')\nimport helper\n"
    made = project({"pyproject.toml": "[project]\nname = 'p'\n", "lib/helper.py": "X = 1\n", "bin/app.py": program})
    listed = made.flyte("bundle", "ls", "bin/app.py", "--json").expect().json["files"]
    assert [each["path"] for each in listed] == ["bin/app.py", "lib/helper.py"]


def test_names_of_files_do_not_command_the_terminal(project: MakeProject) -> None:
    made = project({"app.py": "", "a\x1b[31mred.txt": ""})
    listed = made.flyte("bundle", "ls", "app.py", "--copy-style", "all").expect().out
    assert "\x1b" not in listed
    assert "a\\x1b[31mred.txt" in listed


@pytest.mark.parametrize("words", [("app.py", "-o", "memory://x"), ("push", "app.py", "memory://x")])
def test_a_store_that_ends_with_the_command_is_refused(project: MakeProject, words: tuple[str, ...]) -> None:
    result = project({"app.py": ""}).flyte("bundle", *words).expect(2)
    assert "memory://x is gone when this command ends" in result.err
