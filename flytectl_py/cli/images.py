"""What the commands about images share: options, words, plans, and what --json says of one."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from flytectl_py.cli.options import GENERAL, Option, declare, merged, with_words
from flytectl_py.cli.output import keep_stdout
from flytectl_py.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

    from flytectl_py.cli.description import Description
    from flytectl_py.cli.output import Output
    from flytectl_py.engines.image_planning import PlannedImage
    from flytectl_py.model.environment import Environment
    from flytectl_py.model.image_arguments import Architecture
    from flytectl_py.plan.image_plan import ImageOptions
    from flytectl_py.project.loaded import Loaded

PLANNING_OPTIONS: Mapping[str, Option] = {
    "platform": Option(
        ("--platform",), "Platforms instead of those declared.", "LIST", group="Images",
        values=("linux/amd64", "linux/arm64"), more="Several are separated by commas. They change the tag.",
    ),
    "registry": Option(
        ("--registry",), "Registry instead of the declared one.", "HOST/PATH", group="Images",
        more="Images that declare none get the configured one, image.registry or FLYTE_IMAGE_REGISTRY.",
    ),
    "image": Option(
        ("--image",), "URI of a declared image. Repeatable.", "NAME=URI", "texts", group="Images", env="FLYTE_IMAGES",
        more="Declared by Image.from_ref_name('NAME'); without a name, the one of image='auto'.",
    ),
    "copy_style": Option(
        ("--copy-style",), "none: the code is in the images.", "STYLE", group="Code",
        values=("loaded_modules", "all", "none"),
        more="Into those that have with_code_bundle(); by default the code travels.",
    ),
    "root_dir": Option(
        ("--root-dir",), "Root of the project.", "DIR", group="Code", env="FLYTE_ROOT_DIR",
        more="Modules and paths are named from there.",
    ),
    "project": Option(
        ("--project", "-p"), "For flyte.current_project() in FILE.", "NAME", group="Code", env="FLYTE_PROJECT",
        more="What it gives while FILE is loaded.",
    ),
    "domain": Option(
        ("--domain", "-d"), "For flyte.current_domain() in FILE.", "NAME", group="Code", env="FLYTE_DOMAIN",
        more="What it gives while FILE is loaded.",
    ),
}  # fmt: skip


class Planned(NamedTuple):
    """What a command about images is about."""

    loaded: Loaded
    images: list[PlannedImage]


def make_command(description: Description, act: Callable[[list[str], Mapping[str, Any], Output], None]) -> Any:
    """Return a command that takes words, which `act` checks, and options."""
    import typer
    from typer.core import TyperCommand

    from flytectl_py.cli.output import settle_output
    from flytectl_py.cli.plain_params import keep_pydantic_out
    from flytectl_py.cli.spoken import SaysWhere

    class Command(SaysWhere, TyperCommand):
        def collect_usage_pieces(self, ctx: Any) -> list[str]:
            del ctx
            return ["[OPTIONS]", description.takes]

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            first = next((each for each in args if not each.startswith("-")), "")
            self.description = description.of_word(first) if first in description.words else description
            self.said_as = self.description.path
            return super().parse_args(ctx, args)

    def run(ctx: typer.Context, **given: Any) -> None:
        words = list(given.pop("words") or ())
        settled = merged([*ctx.obj, given])
        act(words, settled, settle_output(settled))

    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    callback = with_words(declare(run, {**description.options, **GENERAL}))
    app.command(description.name, cls=Command, add_help_option=False)(callback)
    made = typer.main.get_command(app)
    made.description = description  # type: ignore[attr-defined]  # of the class above
    keep_pydantic_out(made)
    return made


def check_options(description: Description, name: str, options: Mapping[str, Any]) -> None:
    """Refuse options of a command that its word `name` does not take."""
    described = description.of_word(name)
    for key in options:
        if key not in described.options and key not in GENERAL:
            takers = " and ".join(f"'{description.path} {each}'" for each in description.takers(key))
            verb = "do" if " and " in takers else "does"
            raise UsageError(f"{described.path} has no option --{key.replace('_', '-')}", hint=f"{takers} {verb}")


def plan(target: str, environments: Sequence[str], options: Mapping[str, Any]) -> Planned:
    """Load FILE or DIR and plan the images of some of its environments; of all, where none is named.

    :raises FlyteError: as loading, the settings and planning do.
    """
    from flytectl_py.cli.loading import load_target
    from flytectl_py.engines.image_planning import ImageProject, plan_images

    bake = _bakes(options)
    keep_stdout()
    registry, platforms = given_registry(options), _platforms(options)
    loaded = load_target(target, options)
    check_image_names(options.get("image", ()), loaded.environments)
    wanted = chosen(loaded, environments)
    project = ImageProject(
        loaded.root.path, loaded.root.import_paths, loaded.target, loaded.environments, dict(sys.modules)
    )
    return Planned(loaded, plan_images(wanted, project, _image_options(registry, platforms), bake_code=bake))


def check_image_names(given: Sequence[str], environments: Sequence[Environment]) -> None:
    """Refuse ``--image NAME=URI`` for a name that no environment's image has.

    :raises UnknownNameError: it has none.
    """
    from flytectl_py.errors import UnknownNameError
    from flytectl_py.plan.image_plan import DEFAULT_REF

    known = {getattr(each.image, "ref_name", None) for each in environments} - {None}
    for name, equals, _ in (each.partition("=") for each in given):
        if equals and name.strip() not in (*known, DEFAULT_REF):
            raise UnknownNameError(
                "image",
                name.strip(),
                sorted(map(str, known)),
                where="--image",
                hint=f"Image.from_ref_name('{name.strip()}') makes one of that name",
            )


def check_builder(options: Mapping[str, Any]) -> None:
    """Refuse a builder that is not known before anything is loaded.

    :raises UnknownNameError: it is not.
    """
    if "builder" in options:
        from flytectl_py.builders.registry import make_builder

        make_builder(options["builder"])


def planning_options(options: Mapping[str, Any]) -> ImageOptions:
    """Return how images are planned, by the options of a command and the settings."""
    return _image_options(given_registry(options), _platforms(options))


def _image_options(registry: str, platforms: tuple[Architecture, ...]) -> ImageOptions:
    from flytectl_py.config.settings import require
    from flytectl_py.engines.image_options import image_options

    return image_options(require(), registry, platforms)


def given_registry(options: Mapping[str, Any]) -> str:
    """Return what ``--registry`` says; empty where it is not given.

    :raises DeclarationError: it is no registry.
    """
    from flytectl_py.model import image_arguments

    return image_arguments.registry(options["registry"], "--registry") if "registry" in options else ""


def _platforms(options: Mapping[str, Any]) -> tuple[Architecture, ...]:
    from flytectl_py.model.image_arguments import ARCHITECTURES

    if "platform" not in options:
        return ()
    given = [each.strip() for each in options["platform"].split(",")]
    for each in given:
        if each not in ARCHITECTURES:
            raise UsageError(
                f"--platform: got '{each}'; it takes {', '.join(ARCHITECTURES)}",
                hint=did_you_mean(each, ARCHITECTURES),
                where="--platform",
            )
    return tuple(each for each in ARCHITECTURES if each in given)


def _bakes(options: Mapping[str, Any]) -> bool:
    from flytectl_py.plan.bundle import checked_copy_style

    style = options.get("copy_style", "auto")
    return style == "none" or checked_copy_style(style, "--copy-style") == "none"


def chosen(loaded: Loaded, names: Sequence[str]) -> list[Environment]:
    """Return the environments of those names; all, where none is named."""
    if names:
        return [loaded.environment(name) for name in names]
    if not loaded.environments:
        raise UsageError(
            f"{loaded.target} declares no environment, so it has no image",
            hint="declare one: env = flyte.TaskEnvironment(name='…')",
            where=str(loaded.target),
        )
    return list(loaded.environments)


def document(image: PlannedImage) -> dict[str, Any]:
    """Return what --json says of an image that is planned."""
    made = image.plan
    return {
        "environments": list(image.environments),
        "uri": made.uri,
        "tag": made.tag or None,
        "platforms": list(made.platforms),
        "base": made.base or None,
        "python": made.python or None,
        "layers": [
            {
                "kind": layer.kind,
                "hash": layer.hash,
                "declared_by": layer.declared_by,
                "fields": dict(layer.fields),
                "files": len(layer.files),
            }
            for layer in made.layers
        ],
        "dockerfile": made.dockerfile or None,
        "warnings": list(made.warnings),
    }
