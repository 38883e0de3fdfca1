"""`flyte bundle`: what travels in each copy style, why, under which name, and what comes out of the command."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
from collections.abc import Callable

import pytest

from tests.support.process import Result
from tests.support.project import Project

MakeProject = Callable[..., Project]

APP = """
import flyte
from shop.prices import price

env = flyte.TaskEnvironment(name="app")

@env.task
def main(x: int = 1) -> int:
    from shop.late import later
    return price(x)
"""

FILES = {
    "app.py": APP,
    "shop/__init__.py": "",
    "shop/prices.py": "from . import taxes\n\ndef price(x):\n    return x + taxes.TAX\n",
    "shop/taxes.py": "TAX = 1\n",
    "shop/late.py": "def later(): ...\n",
    "data/a.csv": "1,2\n",
    "notes.txt": "hello\n",
}


NO_CACHES = {"PYTHONDONTWRITEBYTECODE": "1"}


def paths(result: Result) -> list[str]:
    return [each["path"] for each in result.expect().json["files"]]


def rules(result: Result) -> dict[str, str]:
    return {each["path"]: each["rule"] for each in result.expect().json["excluded"]}


def whys(result: Result) -> dict[str, str]:
    return {each["path"]: each["why"] for each in result.expect().json["files"]}


def test_what_is_loaded_travels_and_each_file_says_why(project: MakeProject) -> None:
    assert whys(project(FILES).flyte("bundle", "app.py", "--json")) == {
        "app.py": "entry",
        "shop/__init__.py": "imported by app.py:2",
        "shop/prices.py": "imported by app.py:2",
        "shop/taxes.py": "imported by shop/prices.py:1",
    }


def test_the_document_has_all_its_fields(project: MakeProject) -> None:
    made = project({"app.py": "import flyte\n", "run.sh": "x"})
    (made.path / "run.sh").chmod(0o755)
    document = made.flyte("bundle", "app.py", "--include", "run.sh", "--json", "-o", "out/").expect().json
    archive = made.path / "out" / f"{document['digest']}.tar.gz"
    assert document == {
        "digest": document["digest"],
        "root": str(made.path),
        "copy_style": "loaded_modules",
        "files": [
            {"path": "app.py", "size": 13, "mode": "644", "why": "entry"},
            {"path": "run.sh", "size": 1, "mode": "755", "why": "include: run.sh"},
        ],
        "excluded": [],
        "warnings": [],
        "archive": {"path": f"out/{document['digest']}.tar.gz", "bytes": archive.stat().st_size},
        "uploaded": False,
    }


def test_stdout_is_the_digest_and_stderr_one_line(project: MakeProject) -> None:
    made = project({"app.py": "import flyte\n"})
    result = made.flyte("bundle", "app.py").expect()
    assert len(result.out) == 65
    assert result.err == "flyte: 1 file, 13 B\n"
    assert made.flyte("bundle", "build", "app.py", "-q").expect().err == ""


def test_the_digest_is_the_one_of_the_documented_format(project: MakeProject) -> None:
    made = project({"app.py": "print(1)\n"})
    # The first vector of docs/bundle-format.md.
    expected = "41f353a39e2e51ed238346f2ed438c1f493307ec424c1cc1a3dc4b6d330454bc"
    assert made.flyte("bundle", "app.py").expect().out.strip().endswith(expected)


def test_a_lazy_import_is_warned_of_with_its_place_and_the_remedy(project: MakeProject) -> None:
    (warning,) = project(FILES).flyte("bundle", "app.py", "--json").expect().json["warnings"]
    assert "shop.late is imported inside a function (app.py:8)" in warning
    assert "--copy-style all" in warning


def test_an_import_for_type_checkers_is_warned_of(project: MakeProject) -> None:
    made = project(
        {"app.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import kinds\n", "kinds.py": ""}
    )
    (warning,) = made.flyte("bundle", "app.py", "--json").expect().json["warnings"]
    assert "kinds is imported for type checkers only (app.py:3)" in warning


def test_copy_style_all_takes_everything_that_no_rule_leaves_out(project: MakeProject) -> None:
    made = project({**FILES, ".gitignore": "*.txt\n", "sub/.venv/pyvenv.cfg": "", "sub/.venv/x.py": ""})
    result = made.flyte("bundle", "app.py", "--copy-style", "all", "--json", env=NO_CACHES)
    assert paths(result) == sorted([*(set(FILES) - {"notes.txt"}), ".gitignore"])
    assert rules(result) == {"notes.txt": ".gitignore:1", "sub/.venv": "built-in: hidden folder"}
    assert result.json["warnings"] == []


def test_a_virtual_environment_in_the_root_never_travels(project: MakeProject) -> None:
    made = project(
        {
            "app.py": "import sys\nsys.path.insert(0, 'tools/lib')\nimport inside\n",
            "tools/pyvenv.cfg": "",
            "tools/lib/inside.py": "",
        }
    )
    for style in ("auto", "loaded_modules", "all"):
        assert paths(made.flyte("bundle", "app.py", "--copy-style", style, "--json")) == ["app.py"]


@pytest.mark.parametrize("style", ["auto", "loaded_modules"])
def test_auto_is_loaded_modules(project: MakeProject, style: str) -> None:
    made = project(FILES)
    digest = made.flyte("bundle", "app.py", "-q").expect().out
    assert made.flyte("bundle", "--copy-style", style, "app.py", "-q").expect().out == digest


def test_a_project_inside_a_virtual_environment_is_the_users_all_the_same(project: MakeProject) -> None:
    files = {"src/job/app.py": "import helper\n", "src/job/helper.py": "", "src/job/x.txt": ""}
    made = project({"pyvenv.cfg": "", **files})
    assert paths(made.flyte("bundle", "src/job/app.py", "--json")) == ["app.py", "helper.py"]
    root = made.flyte("bundle", "src/job/app.py", "--root-dir", ".", "--json")
    assert paths(root) == ["src/job/app.py", "src/job/helper.py"]


def test_modules_that_load_late_or_are_no_modules_do_no_harm(project: MakeProject) -> None:
    app = """
        import sys

        class Late:
            def __getattr__(self, name):
                raise RuntimeError(name)

        sys.modules["late"] = Late()
        sys.modules["none"] = None
        """
    assert paths(project({"app.py": app}).flyte("bundle", "app.py", "--json")) == ["app.py"]


def test_copy_style_none_has_nothing_to_send(project: MakeProject) -> None:
    made = project(FILES)
    assert "image" in made.flyte("bundle", "app.py", "--copy-style", "none").expect(2).err
    result = made.flyte("bundle", "app.py", "--copy-style", "none", "--include", "data", "--json")
    assert paths(result) == ["data/a.csv"]


def test_an_unknown_copy_style_is_answered_with_the_nearest(project: MakeProject) -> None:
    error = project(FILES).flyte("bundle", "app.py", "--copy-style", "al").expect(2).err
    assert "did you mean 'all'?" in error


def test_a_folder_is_the_union_of_what_its_files_load(project: MakeProject) -> None:
    made = project({"one.py": "import helper\n", "two.py": "", "helper.py": "", "x.txt": ""})
    assert paths(made.flyte("bundle", ".", "--json")) == ["helper.py", "one.py", "two.py"]


def test_a_module_loaded_by_name_at_import_time_travels(project: MakeProject) -> None:
    made = project(
        {
            "app.py": "import importlib\nfor each in ('a', 'b'):\n    importlib.import_module(f'plugins.{each}')\n",
            "plugins/a.py": "",
            "plugins/b.py": "",
        }
    )
    assert whys(made.flyte("bundle", "app.py", "--json"))["plugins/a.py"] == "loaded"


def test_ls_lists_path_size_and_why(project: MakeProject) -> None:
    lines = project(FILES).flyte("bundle", "ls", "app.py").expect().out.splitlines()
    assert lines[0].split() == ["app.py", "176", "B", "entry"]
    assert lines[-1].split(maxsplit=3) == ["shop/taxes.py", "8", "B", "imported by shop/prices.py:1"]


def test_ls_excluded_lists_the_rules(project: MakeProject) -> None:
    made = project({**FILES, ".gitignore": "# data\n*.csv\n", "node_modules/x.js": ""})
    out = made.flyte("bundle", "ls", "--excluded", "app.py").expect().out
    found = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert found["data/a.csv"] == ".gitignore:2"
    assert found["node_modules/"] == "built-in: node_modules"
    assert found["shop/late.py"] == "not imported"


def test_ls_draws_a_tree(project: MakeProject) -> None:
    out = project(FILES).flyte("bundle", "ls", "--tree", "app.py").expect().out
    assert [re.split(r"(?<=\S)  ", line)[0] for line in out.splitlines()] == [
        "├── app.py",
        "└── shop/",
        "    ├── __init__.py",
        "    ├── prices.py",
        "    └── taxes.py",
    ]


def test_the_summary_counts_what_is_left_out_by_rule(project: MakeProject) -> None:
    made = project({"app.py": "", ".gitignore": "*.log\n", "a.log": "", "b.log": "", "v/pyvenv.cfg": ""})
    result = made.flyte("bundle", "--copy-style", "all", "app.py", env=NO_CACHES).expect()
    assert result.err == "flyte: 2 files, 6 B; 3 left out (.gitignore 2, v 1)\n"


def test_options_stand_before_or_after_the_file(project: MakeProject) -> None:
    made = project(FILES)
    one = made.flyte("bundle", "--copy-style", "all", "app.py", "-q").expect().out
    assert made.flyte("bundle", "build", "app.py", "-q", "--copy-style", "all").expect().out == one
    assert made.flyte("bundle", "--copy-style", "all", "build", "app.py", "-q").expect().out == one


def test_wrong_words_are_usage_errors(project: MakeProject) -> None:
    made = project(FILES)
    assert "FILE" in made.flyte("bundle").expect(2).err
    assert "takes FILE|DIR" in made.flyte("bundle", "app.py", "main").expect(2).err
    assert "takes A B" in made.flyte("bundle", "diff", "app.py").expect(2).err
    assert "did you mean" in made.flyte("bundle", "ap.py").expect(2).err
    assert "no option --output" in made.flyte("bundle", "-o", "x", "ls", "app.py").expect(2).err
    error = made.flyte("bundle", "nope.py", "--json").expect(2).json["error"]
    assert error["where"] == "nope.py"


def test_a_module_that_does_not_load_is_said_with_its_place(project: MakeProject) -> None:
    error = project({"app.py": "x = (\n"}).flyte("bundle", "app.py").expect(1).err
    assert "app.py:1" in error


def test_what_a_module_prints_is_no_part_of_the_result(project: MakeProject) -> None:
    made = project({"app.py": "print('loading')\n"})
    result = made.flyte("bundle", "app.py").expect()
    assert "loading" in result.err
    assert len(result.out) == 65
    assert made.flyte("bundle", "app.py", "--json").expect().json["digest"] == result.out.strip()


# Names


@pytest.mark.parametrize("change", ["touch", "umask", "elsewhere", "empty folder", "owner only"])
def test_what_does_not_change_the_digest(project: MakeProject, change: str) -> None:
    made = project(FILES)
    digest = made.flyte("bundle", "app.py", "--copy-style", "all", "-q").expect().out
    if change == "touch":
        os.utime(made.path / "app.py", (1, 1))
    elif change == "umask":
        (made.path / "app.py").chmod(0o600)
    elif change == "elsewhere":
        made = project(FILES, name="deeper/other")
    elif change == "empty folder":
        (made.path / "empty" / "er").mkdir(parents=True)
    elif change == "owner only":
        (made.path / "data").chmod(0o700)
    assert made.flyte("bundle", "app.py", "--copy-style", "all", "-q").expect().out == digest


@pytest.mark.parametrize("change", ["content", "same size", "name", "executable"])
def test_what_changes_the_digest(project: MakeProject, change: str) -> None:
    made = project(FILES)
    digest = made.flyte("bundle", "app.py", "--copy-style", "all", "-q").expect().out
    file = made.path / "data" / "a.csv"
    if change == "content":
        file.write_text("1,2,3\n")
    elif change == "same size":
        before = file.stat()
        file.write_text("1,3\n")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "name":
        file.rename(file.with_name("b.csv"))
    else:
        file.chmod(0o755)
    assert made.flyte("bundle", "app.py", "--copy-style", "all", "-q").expect().out != digest


def test_unusual_names_travel(project: MakeProject) -> None:
    names = ["ein ß/ñandú.txt", "a b'c\"d.txt", "-o.txt", "日本.csv", "line\nbreak.txt", "x" * 200 + ".txt"]
    made = project({"app.py": "", **dict.fromkeys(names, "x")})
    result = made.flyte("bundle", "app.py", "--copy-style", "all", "-o", "../b.tar.gz", "--json")
    assert paths(result) == sorted([*names, "app.py"])
    made.flyte("bundle", "extract", "../b.tar.gz", "../out").expect()
    assert all((made.path / "../out" / name).read_text() == "x" for name in names)


@pytest.mark.parametrize("name", [b"\xff\xfe.txt", b"back\\slash.txt"])
def test_a_name_that_cannot_travel_is_refused_with_a_remedy(project: MakeProject, name: bytes) -> None:
    made = project({"app.py": ""})
    with open(os.fsencode(made.path) + b"/" + name, "wb"):
        pass
    error = made.flyte("bundle", "app.py", "--copy-style", "all").expect(2).err
    assert "cannot be part of a code bundle" in error
    assert ".flyteignore" in error


# Archives


def test_the_archive_holds_just_the_files_and_says_which_bundle_it_is(project: MakeProject) -> None:
    made = project(FILES)
    result = made.flyte("bundle", "app.py", "-o", "../bundle.tar.gz").expect()
    assert result.out == "../bundle.tar.gz\n"
    with tarfile.open(made.path / "../bundle.tar.gz") as archive:
        assert archive.getnames() == ["app.py", "shop/__init__.py", "shop/prices.py", "shop/taxes.py"]
        assert {(each.mode, each.uid, each.uname) for each in archive} == {(0o644, 0, "")}
    digest = made.flyte("bundle", "app.py", "-q").expect().out
    assert made.flyte("bundle", "verify", "../bundle.tar.gz").expect().out == digest


def test_the_same_code_makes_the_same_bytes(project: MakeProject) -> None:
    made, other = project(FILES), project(FILES, name="other")
    made.flyte("bundle", "app.py", "-o", "../one.tar.gz").expect()
    other.flyte("bundle", "app.py", "-o", "../two.tar.gz").expect()
    assert (made.path / "../one.tar.gz").read_bytes() == (made.path / "../two.tar.gz").read_bytes()


def test_an_archive_in_the_project_is_no_part_of_the_next_bundle(project: MakeProject) -> None:
    made = project(FILES)
    args = ("bundle", "app.py", "--copy-style", "all")
    digest = made.flyte(*args, "-q").expect().out
    made.flyte(*args, "-o", "out/").expect()
    made.flyte(*args, "-o", "bundle.tar.gz").expect()
    made.flyte(*args, "-o", "bundle.tar.gz").expect()
    assert made.flyte("bundle", "verify", "bundle.tar.gz").expect().out == digest
    (made.path / "bundle.tar.gz").unlink()
    assert made.flyte(*args, "-q").expect().out == digest


def test_extract_gives_the_files_back(project: MakeProject) -> None:
    made = project(FILES)
    made.flyte("bundle", "app.py", "--copy-style", "all", "-o", "../b.tar.gz").expect()
    made.flyte("bundle", "extract", "../b.tar.gz", "../out").expect()
    assert {name: (made.path / "../out" / name).read_bytes() for name in FILES} == {
        name: (made.path / name).read_bytes() for name in FILES
    }
    assert made.flyte("bundle", "diff", "../b.tar.gz", "../out", "--json").expect().json["same"]


def test_extract_says_what_else_is_in_the_folder(project: MakeProject) -> None:
    made = project({**FILES, "SHOP.PY": "", "shop.py": ""})
    planned = made.flyte("bundle", "app.py", "--copy-style", "all", "-o", "../b.tar.gz").expect()
    assert "warning: 'SHOP.PY' and 'shop.py' are one file where case and Unicode form" in planned.err
    assert "warning" not in made.flyte("bundle", "extract", "../b.tar.gz", "../out").expect().err
    (made.path / "../out/further").mkdir()
    (made.path / "../out/more\x1b.txt").write_text("")
    again = made.flyte("bundle", "extract", "../b.tar.gz", "../out").expect()
    assert "warning: ../out has what is not of the bundle: further, more\\x1b.txt" in again.err


def test_a_damaged_archive_is_refused(project: MakeProject) -> None:
    made = project(FILES)
    made.flyte("bundle", "app.py", "-o", "b.tar.gz").expect()
    whole = (made.path / "b.tar.gz").read_bytes()
    made.write({"b.tar.gz": whole[:-20]})
    assert made.flyte("bundle", "verify", "b.tar.gz").expect(1).err
    assert made.flyte("bundle", "extract", "b.tar.gz", "out").expect(1).err
    assert not (made.path / "out").exists()
    made.write({"plain.tar.gz": "import flyte"})
    assert "or is not a gzip file\n" in made.flyte("bundle", "verify", "plain.tar.gz").expect(1).err
    assert made.flyte("bundle", "verify", "no.tar.gz").expect(2).err


def test_diff_shows_what_changed_since_the_last_one(project: MakeProject) -> None:
    made = project(FILES)
    assert "no last bundle" in made.flyte("bundle", "diff", "last", "app.py").expect(2).err
    made.flyte("bundle", "app.py").expect()
    assert made.flyte("bundle", "diff", "last", "app.py").expect().out == ""
    made.write({"shop/taxes.py": "import shop.new\nTAX = 2\n", "shop/new.py": "x = 1\n"})
    (made.path / "app.py").chmod(0o755)
    out = made.flyte("bundle", "diff", "last", "app.py").expect().out
    assert out == "~ app.py  644 → 755\n+ shop/new.py  6 B\n~ shop/taxes.py  8 B → 24 B\n"
    found = made.flyte("bundle", "diff", "app.py", "last", "--json").expect().json
    assert made.flyte("bundle", "diff", "--exit-code", "last", "app.py").expect(1).out == out
    assert made.flyte("bundle", "diff", "--exit-code", "app.py", "last", "--json").expect(1).json == found
    assert made.flyte("bundle", "diff", "--exit-code", "app.py", "app.py").expect().out == ""
    assert (found["same"], found["removed"], found["added"]) == (False, ["shop/new.py"], [])


def test_push_uploads_once(project: MakeProject) -> None:
    made = project(FILES)
    uri = f"file://{made.path}/../store"
    first = made.flyte("bundle", "push", "app.py", uri, "--json").expect().json
    assert first["uploaded"] is True
    assert first["archive"]["uri"].endswith(f"/store/{first['digest']}.tar.gz")
    again = made.flyte("bundle", "app.py", "-o", uri, "--json").expect().json
    assert again["uploaded"] is False
    assert again["archive"] == first["archive"]
    made.write({"shop/taxes.py": "TAX = 5\n"})
    assert made.flyte("bundle", "app.py", "-o", uri, "--json").expect().json["uploaded"] is True
    fetched = made.flyte("bundle", "verify", f"{uri}/{first['digest']}.tar.gz").expect().out
    assert fetched.strip() == first["digest"]


def test_an_object_that_is_gone_or_damaged_is_sent_again(project: MakeProject) -> None:
    made = project(FILES)
    uri = f"file://{made.path}/../store"
    digest = made.flyte("bundle", "push", "app.py", uri, "--json").expect().json["digest"]
    object_file = made.path / f"../store/{digest}.tar.gz"
    whole = hashlib.sha256(object_file.read_bytes()).hexdigest()
    object_file.write_bytes(b"half")
    assert made.flyte("bundle", "push", "app.py", uri, "--json").expect().json["uploaded"] is True
    assert hashlib.sha256(object_file.read_bytes()).hexdigest() == whole
    object_file.unlink()
    assert made.flyte("bundle", "push", "app.py", uri, "--json").expect().json["uploaded"] is True


def test_push_wants_the_uri_of_a_store_that_exists(project: MakeProject) -> None:
    made = project(FILES)
    assert "no URI" in made.flyte("bundle", "push", "app.py", "store").expect(2).err
    assert "s3" in made.flyte("bundle", "push", "app.py", "s4://bucket").expect(2).err


# From Python


def test_a_script_has_the_bundle_that_the_command_makes_of_it(project: MakeProject) -> None:
    main = """
        import flyte
        import helper

        env = flyte.TaskEnvironment("app")

        @env.task
        def main(x: int) -> int:
            import late
            return x

        if __name__ == "__main__":
            import only_here
            flyte.run(main, x=1)
            run = flyte.with_runcontext(dry_run=True).run(main, x=1)
            print(run.phase, run.bundle.digest, [each.path for each in run.bundle.files])
        """
    made = project({"app.py": main, "helper.py": "", "late.py": "", "only_here.py": ""})
    digest = made.flyte("bundle", "app.py", "-q").expect().out.strip()
    assert made.python("app.py").expect().out == f"planned {digest} ['app.py', 'helper.py']\n"


def test_copy_bundle_to_writes_the_archive_of_a_real_run(project: MakeProject) -> None:
    main = """
        import flyte, pathlib

        @flyte.task
        def main(x: int) -> int:
            return x + 1

        if __name__ == "__main__":
            run = flyte.with_runcontext(copy_style="all", copy_bundle_to=pathlib.Path("../out")).run(main, x=1)
            print(run.outputs()[0], run.bundle.archive)
        """
    made = project({"app.py": main, "data.csv": "1"})
    value, place = made.python("app.py").expect().out.split()
    assert value == "2"
    with tarfile.open(made.path / place) as archive:
        assert archive.getnames() == ["app.py", "data.csv"]


def test_a_dry_run_checks_inputs_and_runs_nothing(project: MakeProject) -> None:
    main = """
        import flyte

        @flyte.task
        def main(x: int) -> int:
            print("ran")
            return x

        flyte.init(endpoint="dns:///nowhere.invalid")
        context = flyte.with_runcontext(mode="local", dry_run=True, copy_style="none")
        print(context.run(main, x=1).bundle)
        try:
            context.run(main, y=1)
        except flyte.errors.BadInputsError as error:
            print("bad")
        """
    made = project({"app.py": main.replace("import flyte\n", "import flyte, flyte.errors\n", 1)})
    assert made.python("app.py").expect().out == "None\nbad\n"


def test_state_is_kept_out_of_git_and_out_of_bundles(project: MakeProject) -> None:
    made = project(FILES)
    result = made.flyte("bundle", "app.py", "--copy-style", "all", "--json")
    assert not [path for path in paths(result) if path.startswith(".flyte")]
    assert (made.path / ".flyte/state/.gitignore").read_text() == "*\n"
    (entry,) = (made.path / ".flyte/state/ledger").iterdir()
    assert json.loads(entry.read_text())["name"] == result.json["digest"]


def test_a_dry_run_shows_inputs_and_bundle_and_runs_nothing(project: MakeProject) -> None:
    text = """
        import flyte
        import helper

        @flyte.task
        def main(x: int, data: str = "all.csv") -> int:
            open("ran.txt", "w").close()
            return x
        """
    made = project({"app.py": text, "helper.py": "", "all.csv": "1,2\n"})
    shown = made.flyte("run", "app.py", "main", "--x", "1", "--dry-run").expect()
    assert shown.out.startswith('would run default.main with {"x": 1}\n')
    assert "2 files" in shown.err
    planned = made.flyte("run", "--json", "--dry-run", "--copy-style=all", "app.py", "main", "--x", "1").expect().json
    assert (planned["task"], planned["phase"], planned["inputs"]) == ("default.main", "planned", {"x": 1})
    assert [each["path"] for each in planned["bundle"]["files"]] == ["all.csv", "app.py", "helper.py"]
    assert (
        planned["bundle"]["digest"]
        == made.flyte("bundle", "app.py", "--copy-style", "all", "--json").expect().json["digest"]
    )
    none = made.flyte("run", "--json", "--local", "--dry-run", "--copy-style", "none", "app.py", "main", "--x", "1")
    none = none.expect().json
    assert none["bundle"] is None
    assert not (made.path / "ran.txt").exists()


@pytest.mark.parametrize("style", ["auto", "loaded_modules", "loaded-modules", "all", "none"])
def test_a_local_run_takes_any_copy_style(project: MakeProject, style: str) -> None:
    made = project(
        {"app.py": "import flyte\n\n@flyte.task\ndef main(input_data: str) -> str:\n    return input_data\n"}
    )
    run = made.flyte("run", f"--copy-style={style}", "app.py", "main", "--input-data", "sample.csv")
    assert run.expect().out == "sample.csv\n"


def test_a_copy_style_that_does_not_exist_is_refused(project: MakeProject) -> None:
    made = project({"app.py": "import flyte\n\n@flyte.task\ndef main() -> None: ...\n"})
    result = made.flyte("run", "--copy-style", "al", "app.py", "main").expect(2)
    assert "did you mean 'all'?" in result.err
