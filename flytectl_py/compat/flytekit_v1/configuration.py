"""What a serialization is told: the settings of ``flytekit.configuration``, with their dict and JSON forms.

Annotations are not postponed: dataclasses_json makes schemas of them.
"""

import base64
import dataclasses
import gzip
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Optional  # noqa: UP035  what dataclasses_json knows

from flytectl_py.compat.flytekit_v1.image_config import Image, ImageConfig
from flytectl_py.compat.flytekit_v1.json_form import JsonForm
from flytectl_py.compat.flytekit_v1.resource_spec import ResourceSpec

__all__ = [
    "EntrypointSettings",
    "FastSerializationSettings",
    "Image",
    "ImageConfig",
    "ResourceSpec",
    "SerializationSettings",
]

DEFAULT_INTERPRETER = "/opt/venv/bin/python3"
SERIALIZED_CONTEXT_VARIABLE = "_F_SS_C"
"""Holds the settings of a serialization in the environment of the tasks that it made."""


@dataclass
class EntrypointSettings(JsonForm):
    """Where the program is that starts a task in its container."""

    path: Optional[str] = None  # noqa: UP045


@dataclass
class FastSerializationSettings(JsonForm):
    """How code reaches a container besides its image.

    :param destination_dir: where it is unpacked. :param distribution_location: the archive's URI.
    """

    enabled: bool = False
    destination_dir: Optional[str] = None  # noqa: UP045
    distribution_location: Optional[str] = None  # noqa: UP045


@dataclass
class SerializationSettings(JsonForm):
    """Everything that entities are serialized with.

    :param env: variables of every task. :param default_resources: of tasks that ask for none.
    :param git_repo: where the code is from.
    :param python_interpreter: in the container. :param flytekit_virtualenv_root: by default, two folders above it.
    :param source_root: the folder on this machine that modules are named from.
    """

    image_config: ImageConfig
    project: Optional[str] = None  # noqa: UP045
    domain: Optional[str] = None  # noqa: UP045
    version: Optional[str] = None  # noqa: UP045
    env: Optional[Dict[str, str]] = None  # noqa: UP006, UP045
    default_resources: Optional[ResourceSpec] = None  # noqa: UP045
    git_repo: Optional[str] = None  # noqa: UP045
    python_interpreter: str = DEFAULT_INTERPRETER
    flytekit_virtualenv_root: Optional[str] = None  # noqa: UP045
    fast_serialization_settings: Optional[FastSerializationSettings] = None  # noqa: UP045
    source_root: Optional[str] = None  # noqa: UP045

    def __post_init__(self) -> None:
        if self.flytekit_virtualenv_root is None:
            self.flytekit_virtualenv_root = self.venv_root_from_interpreter(self.python_interpreter)

    @property
    def entrypoint_settings(self) -> "EntrypointSettings":
        """Where the program is that starts a task."""
        return EntrypointSettings(os.path.join(str(self.flytekit_virtualenv_root), "bin", "entrypoint.py"))

    @property
    def serialized_context(self) -> str:
        """The settings as text: their JSON, compressed, in Base64. The same settings give the same text."""
        return base64.b64encode(gzip.compress(self.to_json().encode(), mtime=0)).decode()

    @classmethod
    def from_transport(cls, s: str) -> "SerializationSettings":
        """Return what `serialized_context` made a text of."""
        return cls.from_json(gzip.decompress(base64.b64decode(s)).decode())

    @classmethod
    def for_image(
        cls,
        image: str,
        version: str,
        project: str = "",
        domain: str = "",
        python_interpreter_path: str = DEFAULT_INTERPRETER,
    ) -> "SerializationSettings":
        """Return the settings for tasks that all run in one image."""
        return cls(
            ImageConfig(default_image=Image.look_up_image_info("default", image)),
            project=project,
            domain=domain,
            version=version,
            python_interpreter=python_interpreter_path,
            flytekit_virtualenv_root=cls.venv_root_from_interpreter(python_interpreter_path),
        )

    @staticmethod
    def venv_root_from_interpreter(interpreter_path: str) -> str:
        """Return the environment of an interpreter: two folders up."""
        return str(Path(interpreter_path).parent.parent)

    @staticmethod
    def default_entrypoint_settings(interpreter_path: str) -> "EntrypointSettings":
        """Return where the program would be in the environment of an interpreter."""
        root = SerializationSettings.venv_root_from_interpreter(interpreter_path)
        return EntrypointSettings(os.path.join(root, "bin", "entrypoint.py"))

    def should_fast_serialize(self) -> bool:
        """Whether code travels besides the image."""
        return self.fast_serialization_settings is not None and self.fast_serialization_settings.enabled

    def with_serialized_context(self) -> "SerializationSettings":
        """Return settings whose variables hold these settings, so that a task can serialize others as it was itself."""
        if self.env is not None and SERIALIZED_CONTEXT_VARIABLE in self.env:
            return self
        env = {**(self.env or {}), SERIALIZED_CONTEXT_VARIABLE: self.serialized_context}
        return dataclasses.replace(self, env=env)

    def new_builder(self) -> "SerializationSettings.Builder":
        """Return a builder that holds these settings."""
        return SerializationSettings.Builder(
            **{each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        )

    @dataclass
    class Builder:
        """Settings that are being changed."""

        image_config: ImageConfig
        project: str | None = None
        domain: str | None = None
        version: str | None = None
        env: dict[str, str] | None = None
        default_resources: ResourceSpec | None = None
        git_repo: str | None = None
        python_interpreter: str = DEFAULT_INTERPRETER
        flytekit_virtualenv_root: str | None = None
        fast_serialization_settings: FastSerializationSettings | None = None
        source_root: str | None = None

        def with_fast_serialization_settings(self, fss: FastSerializationSettings) -> "SerializationSettings.Builder":
            """Say how code travels."""
            self.fast_serialization_settings = fss
            return self

        def build(self) -> "SerializationSettings":
            """Return the settings."""
            given: dict[str, Any] = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
            return SerializationSettings(**given)
