"""The page about settings lists them all, with the names that they have in files and in the environment."""

from __future__ import annotations

import re
from pathlib import Path

from flytectl_py.config.checks import AUTH_TYPES
from flytectl_py.config.table import ROWS
from flytectl_py.controlplane.channel import Times
from flytectl_py.storage.signed_url import ASK_FROM

PAGE = (Path(__file__).parents[3] / "docs/control-plane.md").read_text(encoding="utf-8")


def test_every_setting_is_there() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`([\w.]+)`)? ?\| (?:`(\w+)`)? ?\|$", PAGE, re.MULTILINE)
    assert rows == [(name, row.key, row.variable) for name, row in ROWS.items()]


def test_every_way_to_log_in_is_there() -> None:
    table = PAGE.partition("| `auth_type` | how |")[2].partition("\n\n")[0]
    assert tuple(sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))) == tuple(sorted(AUTH_TYPES))


def test_the_numbers_are_right() -> None:
    assert (Times().deadline, Times().silence, ASK_FROM) == (30, 600, 1 << 20)
