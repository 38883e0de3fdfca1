"""The functions of flyte.storage, and what init(storage=…) changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import flyte
import flyte.storage as storage
from flyte.io import File
from flytectl_py.data.providers import options_for
from flytectl_py.errors import DeclarationError, NotInTaskContextError, UnknownNameError, UsageError
from tests.support.servers.running import fresh_name


def test_there_and_back(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "x").write_bytes(b"x")
    bucket = fresh_name()

    async def main() -> None:
        assert await storage.put(str(tmp_path / "tree" / "x"), f"memory://{bucket}/x") == f"memory://{bucket}/x"
        assert File(await storage.get(f"memory://{bucket}/x")).open().read() == b"x"
        await storage.put(str(tmp_path / "tree"), f"memory://{bucket}/tree", recursive=True)
        folder = await storage.get(f"memory://{bucket}/tree", tmp_path / "back", recursive=True)
        assert File(f"{folder}/x").open().read() == b"x"
        with pytest.raises(NotInTaskContextError):
            await storage.put(str(tmp_path / "tree" / "x"))
        with pytest.raises(UsageError, match="batch_size"):
            await storage.get(f"memory://{bucket}/x", batch_size=3)

    asyncio.run(main())


def test_streams() -> None:
    uri = f"memory://{fresh_name()}/x"

    async def pieces() -> AsyncIterator[bytes]:
        for each in (b"abc", b"", b"defg"):
            yield each

    async def main() -> None:
        assert await storage.put_stream(pieces(), to_path=uri) == uri
        assert [piece async for piece in storage.get_stream(uri, chunk_size=3)] == [b"abc", b"def", b"g"]
        await storage.put_stream(b"whole", to_path=uri)
        assert [piece async for piece in storage.get_stream(uri)] == [b"whole"]

    asyncio.run(main())


def test_in_a_task_new_data_goes_where_that_of_the_run_does() -> None:
    env = flyte.TaskEnvironment("env")
    raw = f"memory://{fresh_name()}/raw"

    @env.task
    async def main() -> tuple[str, str]:
        return await storage.put_stream(b"x", name="named.txt"), File.new_remote("y").path

    for path in flyte.with_runcontext(raw_data_path=raw).run(main).outputs():
        assert path.startswith(f"{raw}/")
    assert path.endswith("/y")


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (("s3://b", "a", "c"), "s3://b/a/c"),
        (("s3://b/", "/a/", "c"), "s3://b/a/c"),
        (("/root", "a"), "/root/a"),
        (("/", "a"), "/a"),
        (("a",), "a"),
        (("a", ""), "a"),
        ((), ""),
    ],
)
def test_join(parts: tuple[str, ...], joined: str) -> None:
    assert storage.join(*parts) == joined


def test_is_remote() -> None:
    assert storage.is_remote("s3://b/x")
    assert not storage.is_remote("file:///x")
    assert not storage.is_remote(Path("/x"))


def test_random_places() -> None:
    one, other = storage.get_random_local_path("s3://b/x.csv"), storage.get_random_local_path("s3://b/x.csv")
    assert one != other
    assert (one.name, one.exists(), one.parent.is_dir()) == ("x.csv", False, True)
    assert storage.get_random_local_directory().is_dir()


def test_what_is_said_of_a_provider_holds_for_its_schemes() -> None:
    said = flyte.storage.S3(
        retries=1, backoff=timedelta(seconds=2), endpoint="http://x", access_key_id="k", secret_access_key="s"
    )
    options = options_for("s3", said)
    assert (options.endpoint, options.key, options.secret) == ("http://x", "k", "s")
    assert (options.attempts, options.longest_wait) == (2, 2.0)
    assert options_for("gs", said).endpoint is None
    assert options_for("gs", flyte.storage.Storage(retries=0)).attempts == 1
    assert options_for("gs", flyte.storage.GCS(gsutil_parallelism=True)).files_at_once == 32
    account = flyte.storage.ABFS(account_name="a", tenant_id="t", client_id="c", client_secret="s")
    assert options_for("abfss", account).identity == ("t", "c", "s")
    assert options_for("az", flyte.storage.ABFS(account_name="a", account_key="k")).secret == "k"


def test_secrets_are_not_shown() -> None:
    assert "hush" not in repr(flyte.storage.S3(secret_access_key="hush"))
    assert "hush" not in repr(flyte.storage.ABFS(account_key="hush"))
    assert "hush" not in repr(options_for("s3", flyte.storage.S3(secret_access_key="hush")))


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLYTE_AWS_ENDPOINT", "http://here")
    monkeypatch.setenv("FLYTE_GCP_GSUTIL_PARALLELISM", "true")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "acc")
    assert flyte.storage.S3.auto().endpoint == "http://here"
    assert flyte.storage.GCS.auto().gsutil_parallelism is True
    assert flyte.storage.ABFS.auto().account_name == "acc"
    assert flyte.storage.S3.for_sandbox().endpoint != "http://here"
    # Also where the program says nothing, or nothing of S3.
    assert options_for("s3", None).endpoint == "http://here"
    assert options_for("s3", flyte.storage.Storage(retries=0)).endpoint == "http://here"
    assert options_for("s3", flyte.storage.GCS()).endpoint == "http://here"
    assert options_for("s3", flyte.storage.S3(endpoint="http://there")).endpoint == "http://there"
    assert options_for("gs", None).endpoint is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: flyte.storage.S3(retries=-1),
        lambda: flyte.storage.Storage(backoff=3),  # type: ignore[arg-type]
        lambda: flyte.storage.ABFS(client_secret="x"),
        lambda: options_for("s3", {"endpoint": "x"}),
    ],
)
def test_what_cannot_be(make: Any) -> None:
    with pytest.raises(DeclarationError):
        make()


def test_fsspec(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    assert storage.get_underlying_filesystem(path=str(tmp_path)).cat(str(tmp_path / "x")) == b"x"
    assert storage.get_configured_fsspec_kwargs() == {}
    flyte.init(storage=flyte.storage.S3(endpoint="http://x", access_key_id="k", secret_access_key="s"))
    assert storage.get_configured_fsspec_kwargs("s3") == {"endpoint_url": "http://x", "key": "k", "secret": "s"}
    assert storage.get_configured_fsspec_kwargs("gs", anonymous=True) == {"token": "anon"}
    assert storage.get_configured_fsspec_kwargs("s3", anonymous=True)["anon"] is True
    with pytest.raises(UnknownNameError):
        storage.get_underlying_filesystem("s4")


def test_requests_are_said_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    flyte.init(storage=flyte.storage.Storage(enable_debug=True))
    uri = f"memory://{fresh_name()}/x"
    with File(uri).open("wb") as out:
        out.write(b"x")
    assert f"flyte: store: upload {uri}" in capsys.readouterr().err
