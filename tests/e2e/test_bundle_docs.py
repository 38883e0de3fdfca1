"""What docs/bundles.md says besides its commands is so: the fields of the document, limits and stores."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from flytectl_py.plan.bundle import HARD_LIMIT, SOFT_LIMIT
from flytectl_py.storage.registry import BUILT_IN
from tests.support.docs import Page
from tests.support.project import Project

PAGE = Page("docs/bundles.md")


def test_the_document_has_the_fields_of_the_page(project: Callable[..., Project]) -> None:
    (shown,) = (json.loads(block.text) for block in PAGE.blocks("json"))
    made = project({"app.py": "", "a.csv": "", ".gitignore": "*.csv"})
    document = made.flyte("bundle", "app.py", "--copy-style", "all", "-o", "b.tar.gz", "--json").expect().json
    assert document.keys() == shown.keys()
    assert document["archive"].keys() == shown["archive"].keys()
    for field in ("files", "excluded"):
        assert document[field][0].keys() == shown[field][0].keys()


def test_limits_and_stores_are_those_of_the_code() -> None:
    text = PAGE.text
    assert f"More than {SOFT_LIMIT >> 20} MiB is a warning, more than {HARD_LIMIT >> 30} GiB is refused" in text
    assert set(re.findall(r"`(\w+):///?`", text)) <= BUILT_IN.keys()
