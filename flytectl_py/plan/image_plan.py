"""From a declared image to its plan: every layer resolved, the tag, the Dockerfile and the context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flytectl_py.digest.image_tag import ImageRecipe, LayerRecipe
from flytectl_py.errors import InvalidImageError, UnknownNameError
from flytectl_py.model.image import DEFAULT_NAME, Image, debian_base
from flytectl_py.model.image_arguments import Architecture
from flytectl_py.model.layers import DockerIgnore, FlyteInstall, ImageFault, LocalFlyteInstall
from flytectl_py.model.ported_layers import RegistryLogins
from flytectl_py.plan.dockerfile import (
    WITHOUT_FLYTE,
    WITHOUT_FLYTE_TEXT,
    Base,
    Step,
    render,
    secrets_of_steps,
)
from flytectl_py.plan.image import ContextFile, ImagePlan, PlannedLayer, layer_folder
from flytectl_py.plan.image_layers import Code, Resolver
from flytectl_py.plan.image_sources import FaultyLayer, Resolved, Sources, digest_of, made_file, moved

UV_IMAGE = "ghcr.io/astral-sh/uv:0.13.8"
"""Where uv comes from, unless the setting ``image.uv_image`` says otherwise: an image that holds ``/uv``."""

MICROMAMBA_IMAGE = "mambaorg/micromamba:2"
"""Where micromamba comes from, unless the setting ``image.micromamba_image`` says otherwise."""

AUTO = "auto"
DEFAULT_REF = "default"
"""The name under which a URI replaces ``image="auto"``."""


@dataclass(frozen=True)
class ImageOptions:
    """What is not of the image's declaration.

    :param registry: where it is pushed instead of what it declares. :param default_registry: where it declares none.
    :param base_registry: where the Debian base comes from: ``mirror/path`` in front of ``python:3.12-slim-bookworm``.
    :param platforms: instead of those it declares; they make another tag.
    :param refs: the URIs of images that have a name.
    :param code: gives the user's code, where it is baked in; None where a bundle travels with each run.
    """

    registry: str = ""
    default_registry: str = ""
    base_registry: str = ""
    uv_image: str = UV_IMAGE
    micromamba_image: str = MICROMAMBA_IMAGE
    platforms: tuple[Architecture, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    code: Code | None = None


def plan_image(image: Image | str, sources: Sources, options: ImageOptions, *, where: str = "") -> ImagePlan:
    """Return the plan of an image: of a declared one, of a URI, or of ``auto``.

    The same declaration, files and options have the same plan anywhere; only `sources` reads.

    :param where: which environment it is for, for errors.
    :raises InvalidImageError: files are missing or wrong; all faults at once.
    :raises UnknownNameError: it goes by a name that has no URI.
    """
    declared = _declared(image, options, where)
    if isinstance(declared, str):
        return ImagePlan(uri=declared, given=True)
    if options.platforms:
        declared = declared.clone(platform=options.platforms)
    logins = next((each.file for each in reversed(declared.layers) if isinstance(each, RegistryLogins)), "")
    declared.validate(sources)
    if declared.dockerfile is not None:
        return _of_dockerfile(declared, sources, options)
    if not declared.layers:
        return ImagePlan(uri=declared.base_image or "", given=True, registry_secret=declared.registry_secret)
    plan = _of_layers(declared, sources, options)
    return replace(plan, registry_logins=sources.absolute(logins)) if logins else plan


def _declared(image: Image | str, options: ImageOptions, where: str) -> Image | str:
    """Return an image to build, or the URI of one that exists."""
    if image == AUTO:
        return options.refs.get(DEFAULT_REF) or Image.from_debian_base()
    if isinstance(image, str):
        return image
    if image.ref_name is None:
        return image
    if image.ref_name not in options.refs:
        raise UnknownNameError(
            "image",
            image.ref_name,
            sorted(options.refs),
            where=where,
            hint=f"give its URI: --image {image.ref_name}=URI, or image.image_refs in the configuration",
        )
    return options.refs[image.ref_name]


def _of_layers(image: Image, sources: Sources, options: ImageOptions) -> ImagePlan:
    base_image = image.base_image or ""
    is_debian = base_image == debian_base(image.python_version)
    mirror = f"{options.base_registry.rstrip('/')}/" if is_debian and options.base_registry else ""
    base = Base(f"{mirror}{base_image}", is_debian)
    resolved = _resolved(image, sources, options)
    recipes = [LayerRecipe(each.kind, each.fields) for each in resolved]
    tag = ImageRecipe(base_image, image.platform, image.python_version, recipes).tag
    steps = [
        Step(each, layer_folder(number, recipe.kind, recipe.hash))
        for number, (each, recipe) in enumerate(zip(resolved, recipes, strict=True), start=1)
    ]
    order = _build_order(resolved)
    dockerfile = render(base, options.uv_image, [steps[index] for index in order], options.micromamba_image)
    lines = dict(zip(order, dockerfile.lines, strict=True))
    layers = tuple(
        PlannedLayer(
            each.kind,
            each.declared_by,
            each.fields,
            recipes[index].hash,
            moved(each.files, steps[index].folder),
            lines[index],
        )
        for index, each in enumerate(resolved)
    )
    files = [file for layer in layers for file in layer.files]
    if dockerfile.uses_uv:
        files.append(made_file(WITHOUT_FLYTE, WITHOUT_FLYTE_TEXT.encode()))
    return _addressed(
        ImagePlan(
            uri="",
            tag=tag,
            base=base.uri,
            uv_image=options.uv_image if dockerfile.uses_uv else "",
            micromamba_image=options.micromamba_image if dockerfile.uses_micromamba else "",
            layers=layers,
            dockerfile=dockerfile.text,
            restores_user=dockerfile.restores_user,
            files=tuple(sorted(files, key=lambda each: each.path)),
            secrets=secrets_of_steps(steps),
            warnings=tuple(dict.fromkeys(warning for each in resolved for warning in each.warnings)),
        ),
        image,
        options,
    )


def _resolved(image: Image, sources: Sources, options: ImageOptions) -> list[Resolved]:
    ignore_files = tuple(each.path for each in image.layers if isinstance(each, DockerIgnore))
    resolver = Resolver(sources, image.python_version, ignore_files, options.code)
    resolved: list[Resolved] = []
    faults: list[ImageFault] = []
    for layer in image.layers:
        try:
            one = resolver.resolved(layer)
        except FaultyLayer as error:
            faults.append(error.fault)
        else:
            resolved += [one] if one is not None else []
    if faults:
        raise InvalidImageError(f"image '{image.name or image.base_image}'", faults)
    brings_ours = any(isinstance(each, FlyteInstall | LocalFlyteInstall) for each in image.layers)
    wanting = next((each for each in resolved if each.wants_flyte), None)
    if wanting is not None and not brings_ours:
        resolved.append(resolver.own(wanting.declared_by, None))
    return resolved


def _build_order(resolved: list[Resolved]) -> list[int]:
    """Return the order of the steps: as declared, but this project after all else that installs Python packages.

    What the user's own packages need counts first, and a new version of this project redoes no more than its own step.
    """
    ours = [index for index, each in enumerate(resolved) if each.kind in ("flyte", "flyte-wheel")]
    others = [index for index, each in enumerate(resolved) if each.installs and index not in ours]
    after = max(others, default=-1)
    early = [index for index in ours if index < after]
    order: list[int] = []
    for index in range(len(resolved)):
        if index not in early:
            order.append(index)
        if index == after:
            order += early
    return order


def _of_dockerfile(image: Image, sources: Sources, options: ImageOptions) -> ImagePlan:
    path = str(image.dockerfile)
    absolute = sources.absolute(path).replace("\\", "/")
    folder, _, name = absolute.rpartition("/")
    own_ignore = f"{absolute}.dockerignore"
    files = sources.folder(
        folder or "/", ignore_files=(own_ignore,) if sources.is_file(own_ignore) else (), everything=True
    )
    try:
        text = sources.content(path).decode()
    except UnicodeDecodeError as error:
        fault = ImageFault("from_dockerfile", path, f"is not UTF-8: {error}")
        raise InvalidImageError(f"image '{image.name}'", [fault]) from error
    if not any(each.path == name for each in files):
        # Docker sends it, whatever .dockerignore says of it.
        files = (*files, sources.file(path))
    recipe = LayerRecipe("dockerfile", {"file": name, "files": digest_of(files)})
    layer = PlannedLayer(
        "dockerfile", "from_dockerfile", recipe.fields, recipe.hash, files, (1, len(text.splitlines()))
    )
    plan = ImagePlan(
        uri="",
        tag=ImageRecipe(None, image.platform, None, [recipe]).tag,
        layers=(layer,),
        dockerfile=text,
        dockerfile_path=name,
        files=tuple(sorted(files, key=lambda each: each.path)),
    )
    return _addressed(plan, image, options)


def _addressed(plan: ImagePlan, image: Image, options: ImageOptions) -> ImagePlan:
    registry = options.registry or image.registry or options.default_registry
    name = image.name or DEFAULT_NAME
    return replace(
        plan,
        uri=f"{registry}/{name}:{plan.tag}" if registry else f"{name}:{plan.tag}",
        registry=registry,
        name=name,
        platforms=tuple(sorted(image.platform)),
        python="" if image.dockerfile is not None else f"{image.python_version[0]}.{image.python_version[1]}",
        registry_secret=image.registry_secret,
    )


def context_of(plan: ImagePlan) -> dict[str, ContextFile]:
    """Return every file of a plan's context by its path, the Dockerfile included."""
    made = {} if plan.given else {plan.dockerfile_path: made_file(plan.dockerfile_path, plan.dockerfile.encode())}
    return {**made, **{each.path: each for each in plan.files}}
