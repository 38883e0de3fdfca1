"""What is known of options before they can be parsed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flytectl_py.cli.early import given_early, hidden_by_inputs
from flytectl_py.cli.options import Option

OPTIONS = {
    "domain": Option(("--domain", "-d"), "", "NAME"),
    "root_dir": Option(("--root-dir",), "", "DIR"),
    "as_json": Option(("--json",), "", kind="flag"),
    "output_format": Option(("--output-format", "-of"), "", "FORM"),
    "verbose": Option(("--verbose", "-v"), "", kind="count"),
}


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ([], {}),
        (["--x", "1"], {}),
        (["-d", "staging"], {"domain": "staging"}),
        (["-dstaging"], {"domain": "staging"}),
        (["--domain=staging", "--domain", "last"], {"domain": "last"}),
        (["--x", "1", "--root-dir", "a b", "--json"], {"root_dir": "a b", "as_json": True}),
        (["-of", "json"], {"output_format": "json"}),
        (["-v", "-vv", "--verbose"], {"verbose": 4}),
        (["-vq", "-dv"], {"domain": "v"}),
        (["-d"], {}),
    ],
)
def test_options_are_found_among_inputs_that_are_not_known_yet(args: list[str], found: dict[str, Any]) -> None:
    assert given_early(args, OPTIONS, ()) == found


def test_a_name_that_means_an_input_is_no_option(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("def main(domain, *, root_dir): ...\ndef other(json): ...\n")
    hidden = hidden_by_inputs(OPTIONS, str(file), "app.main")
    assert hidden == ["--domain", "--root-dir"]
    assert given_early(["--domain", "x", "-d", "y", "--root-dir", "z"], OPTIONS, hidden) == {"domain": "y"}


@pytest.mark.parametrize("text", [b"", b"def main(domain:", b"\0domain", b"def elsewhere(domain): ..."])
def test_a_file_that_does_not_say_hides_nothing(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "app.py"
    file.write_bytes(text)
    assert hidden_by_inputs(OPTIONS, str(file), "main") == []
    assert hidden_by_inputs(OPTIONS, str(tmp_path / "none.py"), "main") == []
