"""What tasks ask for that ask for nothing: the resources of flytekit, with their dict and JSON forms.

Annotations are not postponed: dataclasses_json makes schemas of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Final, Optional, Union

from flytectl_py.compat.flytekit_v1.json_form import JsonForm
from flytectl_py.errors import DeclarationError

_NAMES: Final = {"ephemeral_storage": "EPHEMERAL_STORAGE", "cpu": "CPU", "gpu": "GPU", "mem": "MEMORY"}
"""Flyte's names, in flytekit's order."""


@dataclass
class Resources(JsonForm):
    """Quantities as Kubernetes spells them; bytes as a number.

    :raises DeclarationError: neither a text nor a number.
    """

    cpu: Optional[Union[str, int, float]] = None  # noqa: UP007, UP045
    mem: Optional[Union[str, int]] = None  # noqa: UP007, UP045
    gpu: Optional[Union[str, int]] = None  # noqa: UP007, UP045
    ephemeral_storage: Optional[Union[str, int]] = None  # noqa: UP007, UP045

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            numbers = (int, float) if each.name == "cpu" else (int,)
            if value is not None and (isinstance(value, bool) or not isinstance(value, (str, *numbers))):
                raise DeclarationError(f"Resources({each.name}=…)", value, "give a quantity, such as '500m' or '1Gi'")

    def quantities(self) -> Iterator[tuple[str, str]]:
        """Yield what is asked for, as Flyte names it and Kubernetes spells it."""
        for name, flytes in _NAMES.items():
            value: Any = getattr(self, name)
            if value is not None:
                yield flytes, str(value)


@dataclass
class ResourceSpec(JsonForm):
    """What a container is given, and what it may use at most."""

    requests: Resources = field(default_factory=Resources)
    limits: Resources = field(default_factory=Resources)
