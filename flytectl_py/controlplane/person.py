"""Who the control plane thinks asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flyteidl2.auth.identity_pb2 import UserInfoRequest

from flytectl_py.controlplane.services import ControlPlane

if TYPE_CHECKING:
    from flytectl_py.config.api import Settings
    from flytectl_py.controlplane.api import Note


@dataclass(frozen=True)
class Person:
    """A person or a program, as the control plane knows it; empty where it does not say."""

    subject: str
    name: str
    username: str
    email: str


async def who_asks(settings: Settings, note: Note) -> Person:
    """Ask the control plane; log in where it wants that.

    :param note: told where to log in. :raises RemoteCallError: as the call does.
    """
    async with ControlPlane.connect(settings, note=note) as plane:
        said = await plane.identity.user_info(UserInfoRequest())
    return Person(said.subject, said.name, said.preferred_username, said.email)
