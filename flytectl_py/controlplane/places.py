"""Calls about who asks, and what there is besides runs and tasks: clusters, projects, ways to log in."""

from __future__ import annotations

from typing import Final

from flyteidl2.auth.auth_service_pb2 import (
    GetOAuth2MetadataRequest,
    GetOAuth2MetadataResponse,
    GetPublicClientConfigRequest,
    GetPublicClientConfigResponse,
)
from flyteidl2.auth.identity_pb2 import UserInfoRequest, UserInfoResponse
from flyteidl2.cluster.payload_pb2 import SelectClusterRequest, SelectClusterResponse
from flyteidl2.project.project_service_pb2 import (
    CreateProjectRequest,
    CreateProjectResponse,
    GetProjectRequest,
    GetProjectResponse,
    ListProjectsRequest,
    ListProjectsResponse,
    UpdateProjectRequest,
    UpdateProjectResponse,
)

from flytectl_py.controlplane.api import Calls


class Clusters:
    """Which cluster takes what."""

    service: Final = "flyteidl2.cluster.ClusterService"

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    async def select_cluster(self, request: SelectClusterRequest) -> SelectClusterResponse:
        """Return where the data of a project, task or action goes."""
        return await self.calls.unary(self.service, "SelectCluster", request, SelectClusterResponse)


class Projects:
    """Projects and their domains."""

    service: Final = "flyteidl2.project.ProjectService"

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    async def create_project(self, request: CreateProjectRequest) -> CreateProjectResponse:
        """Make a project."""
        return await self.calls.unary(self.service, "CreateProject", request, CreateProjectResponse)

    async def update_project(self, request: UpdateProjectRequest) -> UpdateProjectResponse:
        """Change a project."""
        return await self.calls.unary(self.service, "UpdateProject", request, UpdateProjectResponse)

    async def get_project(self, request: GetProjectRequest) -> GetProjectResponse:
        """Return one project."""
        return await self.calls.unary(self.service, "GetProject", request, GetProjectResponse)

    async def list_projects(self, request: ListProjectsRequest) -> ListProjectsResponse:
        """Return a page of projects."""
        return await self.calls.unary(self.service, "ListProjects", request, ListProjectsResponse)


class Identity:
    """Who asks."""

    service: Final = "flyteidl2.auth.IdentityService"

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    async def user_info(self, request: UserInfoRequest) -> UserInfoResponse:
        """Return who the control plane thinks asks."""
        return await self.calls.unary(self.service, "UserInfo", request, UserInfoResponse)


class AuthMetadata:
    """How to log in."""

    service: Final = "flyteidl2.auth.AuthMetadataService"

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    async def get_oauth2_metadata(self, request: GetOAuth2MetadataRequest) -> GetOAuth2MetadataResponse:
        """Return the endpoints of the authorization server."""
        return await self.calls.unary(self.service, "GetOAuth2Metadata", request, GetOAuth2MetadataResponse)

    async def get_public_client_config(self, request: GetPublicClientConfigRequest) -> GetPublicClientConfigResponse:
        """Return what a command-line client uses to log in."""
        return await self.calls.unary(self.service, "GetPublicClientConfig", request, GetPublicClientConfigResponse)
