"""Which imports are errors, which warnings, and which are nothing."""

from __future__ import annotations

import pytest

from flytectl_py.errors import UsageError
from flytectl_py.plan.import_check import Outside, Reference, check_imports
from flytectl_py.plan.imports import When


def refer(when: When, target: str = "util.py", importer: str = "app.py") -> Reference:
    return Reference(importer, 3, when, "util", target)


def test_what_is_in_the_bundle_is_fine_however_it_is_imported() -> None:
    references = [refer(when) for when in ("eager", "optional", "lazy", "typing", "main")]
    assert check_imports(references, {"app.py", "util.py"}, {"app.py"}, {}, {}) == []


def test_an_eager_import_of_what_was_loaded_and_left_out_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"import util \(app.py:3\) .* left out by .flyteignore:2; add") as caught:
        check_imports([refer("eager")], {"app.py"}, {"app.py", "util.py"}, {"util.py": ".flyteignore:2"}, {})
    assert caught.value.where == "app.py:3"


def test_a_folder_that_is_left_out_is_the_reason_of_what_is_in_it() -> None:
    reference = refer("eager", "build/gen/util.py")
    with pytest.raises(UsageError, match="left out by built-in: build"):
        check_imports([reference], {"app.py"}, {"app.py", "build/gen/util.py"}, {"build": "built-in: build"}, {})


def test_a_branch_that_was_not_taken_here_is_warned_of() -> None:
    (warning,) = check_imports([refer("eager")], {"app.py"}, {"app.py"}, {}, {})
    assert "was not carried out here" in warning
    assert "--include util.py" in warning


def test_what_was_not_loaded_itself_is_taken_by_its_text() -> None:
    with pytest.raises(UsageError, match=r"util\.py was not loaded"):
        check_imports([refer("eager")], {"app.py"}, set(), {}, {})


def test_the_importers_that_do_not_travel_do_not_count() -> None:
    assert check_imports([refer("eager"), refer("lazy")], set(), {"util.py"}, {}, {}) == []


@pytest.mark.parametrize("when", ["optional", "lazy", "typing"])
def test_what_may_fail_is_a_warning_said_once(when: When) -> None:
    (warning,) = check_imports([refer(when), refer(when)], {"app.py"}, {"app.py", "util.py"}, {}, {})
    assert "app.py:3" in warning
    assert 'include=("util.py",)' in warning


def test_of_a_package_and_what_is_in_it_the_innermost_is_named() -> None:
    references = [Reference("app.py", 3, "lazy", "a", "a/__init__.py"), Reference("app.py", 3, "lazy", "a.b", "a/b.py")]
    (warning,) = check_imports(references, {"app.py"}, {"app.py"}, {}, {})
    assert warning.startswith("a.b is imported inside a function")


def test_all_does_not_help_where_a_rule_leaves_it_out() -> None:
    (warning,) = check_imports([refer("lazy")], {"app.py"}, {"app.py"}, {"util.py": ".gitignore:1"}, {})
    assert "left out by .gitignore:1" in warning
    assert "--copy-style all" not in warning


@pytest.mark.parametrize(
    ("when", "held", "outcome"),
    [
        ("eager", "missing", "error"),
        ("optional", "missing", "warning"),
        ("lazy", "missing", "warning"),
        ("typing", "missing", "nothing"),
        ("eager", "unknown", "warning"),
        ("lazy", "unknown", "nothing"),
        ("eager", "held", "nothing"),
        ("lazy", "held", "nothing"),
    ],
)
def test_imports_out_of_the_root(when: When, held: str, outcome: str) -> None:
    outside = {"/lib/util.py": [Outside("env", "app.py:1", "held"), Outside("other", "b.py:2", held)]}  # type: ignore[arg-type]
    reference = refer(when, "/lib/util.py")
    if outcome == "error":
        with pytest.raises(UsageError, match=r"the image of other \(b.py:2\) does not hold"):
            check_imports([reference], {"app.py"}, {"app.py", "/lib/util.py"}, {}, outside)
        return
    warnings = check_imports([reference], {"app.py"}, {"app.py", "/lib/util.py"}, {}, outside)
    assert len(warnings) == (1 if outcome == "warning" else 0)


def test_outside_without_a_task_that_needs_it_is_fine() -> None:
    reference = refer("eager", "/lib/util.py")
    assert check_imports([reference], {"app.py"}, {"app.py", "/lib/util.py"}, {}, {"/lib/util.py": []}) == []
