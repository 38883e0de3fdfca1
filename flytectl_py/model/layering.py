"""The ``with_…`` methods of an image: each puts one more layer on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from flytectl_py.model import image_arguments as arguments
from flytectl_py.model.secret import SecretRequest, secrets_of

if TYPE_CHECKING:
    from pathlib import Path

    # The layer classes are made on first use: an app whose image is "auto" needs none of them.
    from flytectl_py.model.layers import CodeStyle, InstallMode, Layer

_INSTALL_MODES = ("dependencies_only", "install_project")
_CODE_STYLES = ("loaded_modules", "all")


class Layering:
    """What takes layers. Each method checks what it is given and returns a new image.

    :raises DeclarationError: a value that is not allowed, or an image that takes no layers.
    """

    if TYPE_CHECKING:
        # The image has it: it knows what it is made of.
        def _with(self, layer: Layer) -> Self: ...

    def with_apt_packages(self, *packages: str, secret_mounts: SecretRequest | None = None) -> Self:
        """Add Debian packages."""
        from flytectl_py.model.layers import AptPackages

        return self._with(AptPackages(arguments.packages("with_apt_packages", packages), secrets_of(secret_mounts)))

    def with_pip_packages(
        self,
        *packages: str,
        index_url: str | None = None,
        extra_index_urls: str | list[str] | tuple[str, ...] | None = None,
        pre: bool = False,
        extra_args: str | None = None,
        secret_mounts: SecretRequest | None = None,
    ) -> Self:
        """Add Python packages: ``with_pip_packages("numpy", "pandas>=2")``."""
        from flytectl_py.model.layers import PipPackages

        options = arguments.installer("with_pip_packages", index_url, extra_index_urls, pre, extra_args, secret_mounts)
        return self._with(PipPackages(arguments.packages("with_pip_packages", packages), **options))

    def with_requirements(
        self,
        file: str | Path,
        secret_mounts: SecretRequest | None = None,
        *,
        index_url: str | None = None,
        extra_index_urls: str | list[str] | tuple[str, ...] | None = None,
        pre: bool = False,
        extra_args: str | None = None,
    ) -> Self:
        """Add the packages of a requirements file."""
        from flytectl_py.model.layers import Requirements

        options = arguments.installer("with_requirements", index_url, extra_index_urls, pre, extra_args, secret_mounts)
        return self._with(Requirements(arguments.path_text("with_requirements(file=…)", file), **options))

    def with_uv_project(
        self,
        pyproject_file: str | Path,
        uvlock: str | Path | None = None,
        index_url: str | None = None,
        extra_index_urls: str | list[str] | tuple[str, ...] | None = None,
        pre: bool = False,
        extra_args: str | None = None,
        secret_mounts: SecretRequest | None = None,
        project_install_mode: InstallMode = "dependencies_only",
    ) -> Self:
        """Add what a uv project depends on, as its lock file says.

        :param uvlock: by default the ``uv.lock`` beside `pyproject_file`.
        :param extra_args: for ``uv sync``, such as ``--only-group etl``.
        :param project_install_mode: ``dependencies_only``, or ``install_project`` to install the project as well; every
            file of the project is then a part of the image.
        """
        from flytectl_py.model.layers import UvProject

        arguments.one_of("with_uv_project(project_install_mode=…)", project_install_mode, _INSTALL_MODES)
        return self._with(
            UvProject(
                arguments.path_text("with_uv_project(pyproject_file=…)", pyproject_file),
                arguments.optional_path_text("with_uv_project(uvlock=…)", uvlock),
                **arguments.installer("with_uv_project", index_url, extra_index_urls, pre, extra_args, secret_mounts),
                project_install_mode=project_install_mode,
            )
        )

    def with_poetry_project(
        self,
        pyproject_file: str | Path,
        poetry_lock: str | Path | None = None,
        extra_args: str | None = None,
        secret_mounts: SecretRequest | None = None,
        project_install_mode: InstallMode = "dependencies_only",
    ) -> Self:
        """Add what a Poetry project depends on, as its lock file says. Parameters as for `with_uv_project`."""
        from flytectl_py.model.layers import PoetryProject

        arguments.one_of("with_poetry_project(project_install_mode=…)", project_install_mode, _INSTALL_MODES)
        return self._with(
            PoetryProject(
                arguments.path_text("with_poetry_project(pyproject_file=…)", pyproject_file),
                arguments.optional_path_text("with_poetry_project(poetry_lock=…)", poetry_lock),
                arguments.optional_text("with_poetry_project(extra_args=…)", extra_args),
                secrets_of(secret_mounts),
                project_install_mode,
            )
        )

    def with_commands(self, commands: list[str], *, secret_mounts: SecretRequest | None = None) -> Self:
        """Run shell commands. Write them as for a shell, without ``RUN``."""
        from flytectl_py.model.layers import Commands

        return self._with(Commands(arguments.commands(commands), secrets_of(secret_mounts)))

    def with_env_vars(self, env_vars: dict[str, str]) -> Self:
        """Set environment variables."""
        from flytectl_py.model.layers import EnvVars

        return self._with(EnvVars(arguments.env_vars(env_vars)))

    def with_workdir(self, workdir: str) -> Self:
        """Set the working directory."""
        from flytectl_py.model.layers import WorkDir

        return self._with(WorkDir(arguments.path_text("with_workdir(workdir=…)", workdir)))

    def with_source_file(self, src: str | Path, dst: str = ".") -> Self:
        """Copy a file into the image.

        :param dst: a path in the image; by default into the working directory, under the file's name.
        """
        from flytectl_py.model.layers import SourceFile

        path = arguments.path_text("with_source_file(src=…)", src)
        return self._with(SourceFile(path, arguments.path_text("with_source_file(dst=…)", dst)))

    def with_source_folder(self, src: str | Path, dst: str = ".", copy_contents_only: bool = False) -> Self:
        """Copy a folder into the image, to ``dst/<the folder's name>``.

        :param dst: a folder in the image; by default the working directory.
        :param copy_contents_only: copy what is in the folder, to `dst` itself.
        """
        from flytectl_py.model.layers import SourceFolder

        path = arguments.path_text("with_source_folder(src=…)", src)
        folder = arguments.path_text("with_source_folder(dst=…)", dst)
        return self._with(SourceFolder(path, folder, bool(copy_contents_only)))

    def with_dockerignore(self, path: str | Path) -> Self:
        """Leave out of the image's folders what a file in the form of ``.dockerignore`` names."""
        from flytectl_py.model.layers import DockerIgnore

        return self._with(DockerIgnore(arguments.path_text("with_dockerignore(path=…)", path)))

    def with_code_bundle(self, copy_style: CodeStyle = "loaded_modules", dst: str = ".") -> Self:
        """Have the user's code in the image wherever it is not sent with each run: with ``copy_style="none"`` there.

        :param copy_style: which code: the modules that are loaded, or ``all`` files below the root.
        :param dst: a folder in the image; by default the working directory.
        """
        from flytectl_py.model.layers import CodeBundle

        arguments.one_of("with_code_bundle(copy_style=…)", copy_style, _CODE_STYLES)
        return self._with(CodeBundle(copy_style, arguments.path_text("with_code_bundle(dst=…)", dst)))

    def with_local_v2(self) -> Self:
        """Install this package from the source tree that is running, for working on the package itself."""
        from flytectl_py.model.layers import LocalFlyteInstall

        return self._with(LocalFlyteInstall())
