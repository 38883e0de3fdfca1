"""What git says of a project, and that no credential of a remote gets further."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from flytectl_py.project.git import commit_of, web_address

SHA = "ca5118c1db05e92481939889e139bacbfcfa8a5f"


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("git@github.com:acme/flows.git", f"https://github.com/acme/flows/blob/{SHA}"),
        ("https://github.com/acme/flows", f"https://github.com/acme/flows/blob/{SHA}"),
        ("https://user:s3cr3t@github.com/acme/flows.git", f"https://github.com/acme/flows/blob/{SHA}"),
        ("ssh://git@github.com:22/acme/flows.git", f"https://github.com/acme/flows/blob/{SHA}"),
        ("git@gitlab.com:acme/deep/flows.git", f"https://gitlab.com/acme/deep/flows/-/blob/{SHA}"),
        ("https://git.acme.example:8443/flows.git", f"https://git.acme.example:8443/flows/blob/{SHA}"),
        ("git@bitbucket.org:acme/flows.git", f"https://bitbucket.org/acme/flows/src/{SHA}"),
        ("/srv/git/flows.git", ""),
        ("../flows", ""),
        ("file:///srv/git/flows.git", ""),
        ("", ""),
    ],
)
def test_web_addresses(remote: str, address: str) -> None:
    assert web_address(remote, SHA) == address


def test_the_commit_that_is_checked_out(tmp_path: Path) -> None:
    inner = tmp_path / "repo" / "project"
    inner.mkdir(parents=True)

    def git(*words: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        done = subprocess.run(["git", *who, "-C", inner, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    assert commit_of(inner) is None
    subprocess.run(["git", "init", "-q", inner.parent], check=True)
    assert commit_of(inner) is None, "there is no commit yet"
    git("commit", "-q", "--allow-empty", "-m", "first")
    found = commit_of(inner)
    assert found is not None
    assert found.sha == git("rev-parse", "HEAD")
    assert Path(found.top).samefile(inner.parent)
    assert found.url == ""
    git("remote", "add", "origin", "git@github.com:acme/flows.git")
    again = commit_of(inner)
    assert again is not None
    assert again.url == f"https://github.com/acme/flows/blob/{found.sha}"


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(Path(__file__).parent) is None
