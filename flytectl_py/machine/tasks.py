"""Deployed tasks and projects, as the database holds them."""

from __future__ import annotations

import time
from typing import Any

from flyteidl2.project.project_service_pb2 import Domain, Project
from flyteidl2.task.task_definition_pb2 import TaskDetails

from flytectl_py.machine.database import Database

DOMAINS = ("development", "staging", "production")
PROJECTS = ("flytesnacks", "default")
"""There from the start, as on other installations of Flyte."""


class Tasks:
    """Versions of tasks. The organisation is not part of a name: there is one on one machine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def deploy(self, spec: Any, task_id: Any) -> bool:
        """Store one version of a task; False where that version is there already."""
        details = TaskDetails(task_id=task_id, spec=spec)
        details.metadata.short_name = spec.short_name
        details.metadata.environment_name = spec.environment.name
        details.metadata.short_description = spec.documentation.short_description
        details.metadata.deployed_at.FromNanoseconds(time.time_ns())
        with self._database.transaction():
            return bool(
                self._database.change(
                    "INSERT OR IGNORE INTO tasks (project, domain, name, version, details) VALUES (?, ?, ?, ?, ?)",
                    *(task_id.project, task_id.domain, task_id.name, task_id.version, details.SerializeToString()),
                )
            )

    def find(self, task_id: Any) -> TaskDetails | None:
        """Return one version of a task, whole."""
        found = self._database.row(
            "SELECT details FROM tasks WHERE project = ? AND domain = ? AND name = ? AND version = ?",
            *(task_id.project, task_id.domain, task_id.name, task_id.version),
        )
        return None if found is None else TaskDetails.FromString(found["details"])

    def latest(self, project: str, domain: str, name: str = "") -> list[TaskDetails]:
        """Return the latest version of each task, or of the one of that name; the latest deployed first.

        Empty names mean all projects and domains.
        """
        found = self._database.rows(
            "SELECT details FROM tasks WHERE id IN (SELECT max(id) FROM tasks GROUP BY project, domain, name)"
            " AND ? IN ('', project) AND ? IN ('', domain) AND ? IN ('', name) ORDER BY id DESC",
            *(project, domain, name),
        )
        return [TaskDetails.FromString(each["details"]) for each in found]

    def versions(self, project: str, domain: str, name: str) -> list[TaskDetails]:
        """Return all versions of a task, the latest deployed first."""
        found = self._database.rows(
            "SELECT details FROM tasks WHERE project = ? AND domain = ? AND name = ? ORDER BY id DESC",
            *(project, domain, name),
        )
        return [TaskDetails.FromString(each["details"]) for each in found]


class Projects:
    """Projects. One that is used without having been made is as good: a laptop needs no ceremony."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction():
            for name in PROJECTS:
                self._put(Project(id=name, name=name), replace=False)

    def create(self, project: Any) -> bool:
        """Make a project; False where there is one of that name."""
        with self._database.transaction():
            return self._put(project, replace=False)

    def update(self, project: Any) -> bool:
        """Change a project; False where there is none of that name."""
        if self.find(project.id) is None:
            return False
        with self._database.transaction():
            return self._put(project, replace=True)

    def find(self, name: str) -> Project | None:
        """Return one project."""
        found = self._database.row("SELECT message FROM projects WHERE name = ?", name)
        return None if found is None else Project.FromString(found["message"])

    def all(self) -> list[tuple[Project, float]]:
        """Return all projects, in the order in which they were made, each with the time of that."""
        found = self._database.rows("SELECT message, created FROM projects ORDER BY created, name")
        return [(Project.FromString(each["message"]), each["created"]) for each in found]

    def _put(self, given: Any, *, replace: bool) -> bool:
        made = Project()
        made.CopyFrom(given)
        made.name = made.name or made.id
        if not made.domains:
            made.domains.extend(Domain(id=each, name=each) for each in DOMAINS)
        if replace:
            sql, values = "UPDATE projects SET message = ? WHERE name = ?", (made.SerializeToString(), made.id)
            return bool(self._database.change(sql, *values))
        sql = "INSERT OR IGNORE INTO projects (name, message, created) VALUES (?, ?, ?)"
        return bool(self._database.change(sql, made.id, made.SerializeToString(), time.time()))
