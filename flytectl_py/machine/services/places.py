"""ClusterService, ProjectService, IdentityService and AuthMetadataService: what there is besides runs and tasks."""

from __future__ import annotations

from typing import Any

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.auth import auth_service_pb2, identity_pb2
from flyteidl2.auth.auth_service_connect import AuthMetadataService
from flyteidl2.auth.identity_connect import IdentityService
from flyteidl2.cluster import payload_pb2
from flyteidl2.cluster.service_connect import ClusterService
from flyteidl2.project import project_service_pb2 as messages
from flyteidl2.project.project_service_connect import ProjectService

from flytectl_py.machine.services.listing import Fields, ordered, page_of, passes, project_filters
from flytectl_py.machine.services.serving import Service, checked, missing, user

_FIELDS: Fields = {
    "id": lambda found: found[0].id, "name": lambda found: found[0].name, "state": lambda found: found[0].state,
    "description": lambda found: found[0].description, "created_at": lambda found: found[1],
}  # fmt: skip


class Clusters(Service, ClusterService):
    """Which cluster takes a request: this machine."""

    async def select_cluster(self, request: Any, ctx: Any) -> Any:
        """Return this server."""
        return payload_pb2.SelectClusterResponse(cluster_endpoint=self.plane.url, cluster="machine")


class Projects(Service, ProjectService):
    """Projects and their domains."""

    async def create_project(self, request: Any, ctx: Any) -> Any:
        """Make a project."""
        if not self.plane.projects.create(_checked(request.project)):
            raise ConnectError(Code.ALREADY_EXISTS, f"project {request.project.id} exists")
        return messages.CreateProjectResponse()

    async def update_project(self, request: Any, ctx: Any) -> Any:
        """Change a project."""
        if not self.plane.projects.update(_checked(request.project)):
            raise missing(f"project {request.project.id}")
        return messages.UpdateProjectResponse()

    async def get_project(self, request: Any, ctx: Any) -> Any:
        """Return one project."""
        found = self.plane.projects.find(request.id)
        if found is None:
            raise missing(f"project {request.id}")
        return messages.GetProjectResponse(project=found)

    async def list_projects(self, request: Any, ctx: Any) -> Any:
        """Return a page of projects."""
        filters = project_filters(request.filters)
        found = [each for each in self.plane.projects.all() if passes(each, filters, _FIELDS)]
        page, token = page_of(ordered(found, request, _FIELDS), request.limit, request.token)
        return messages.ListProjectsResponse(projects={"projects": [each for each, _ in page], "token": token})


class Identity(Service, IdentityService):
    """Who asks: whoever uses this machine."""

    async def user_info(self, request: Any, ctx: Any) -> Any:
        """Return the name of the user whose process this is."""
        name = user()
        return identity_pb2.UserInfoResponse(subject=name, name=name, preferred_username=name)


class AuthMetadata(Service, AuthMetadataService):
    """How to log in: not at all."""

    async def get_o_auth2_metadata(self, request: Any, ctx: Any) -> Any:
        """Return no server to log in at."""
        return auth_service_pb2.GetOAuth2MetadataResponse()

    async def get_public_client_config(self, request: Any, ctx: Any) -> Any:
        """Return nothing to log in with."""
        return auth_service_pb2.GetPublicClientConfigResponse()


def _checked(project: Any) -> Any:
    if "/" in checked(project.id):
        raise ConnectError(Code.INVALID_ARGUMENT, f"{project.id!r} cannot be the name of a project: it has a '/'")
    return project
