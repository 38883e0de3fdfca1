"""What a traceback may show: frames of the project, none of ours."""

from __future__ import annotations

import os

from tests.support.project import Project

OURS = ("flytectl_py", "typer", "importlib", "runpy")


def only_user_frames(text: str, made: Project) -> None:
    """Check that every frame of a traceback lies in the project."""
    frames = [line for line in text.splitlines() if line.lstrip().startswith('File "')]
    assert frames, text
    for line in frames:
        assert not any(name in line for name in OURS), text
        assert str(made.path) in line or 'File "<' in line or not os.path.isabs(line.split('"')[1]), text
