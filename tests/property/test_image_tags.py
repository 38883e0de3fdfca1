"""Properties of image tags: no two different images share one, and a tag says the whole Dockerfile."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flytectl_py.digest.image_tag import ImageRecipe, LayerRecipe
from flytectl_py.model.image import Image
from flytectl_py.model.image_arguments import ARCHITECTURES
from flytectl_py.plan.dockerfile import secret_id
from flytectl_py.plan.image_plan import ImageOptions, plan_image
from tests.support.image_sources import MemoryFiles

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
layers = st.builds(LayerRecipe, texts, st.dictionaries(texts, values, max_size=3))
recipes = st.builds(
    ImageRecipe,
    st.none() | texts,
    st.sets(st.sampled_from(ARCHITECTURES), min_size=1).map(sorted),
    st.none() | st.tuples(st.just(3), st.integers(0, 20)),
    st.lists(layers, max_size=3),
)


def typed(value: object) -> object:
    """Return a value in which ``True`` and ``1`` differ, and a tuple and a list do not."""
    if isinstance(value, dict):
        return ("m", sorted((key, typed(each)) for key, each in value.items()))
    if isinstance(value, list | tuple):
        return ("l", [typed(each) for each in value])
    return (type(value).__name__, value)


def content(recipe: ImageRecipe) -> object:
    said = [(each.kind, typed(each.fields)) for each in recipe.layers]
    return (recipe.base, list(recipe.platforms), recipe.python, said)


@given(recipes, recipes)
def test_tags_are_equal_exactly_where_recipes_are(one: ImageRecipe, other: ImageRecipe) -> None:
    assert (one.tag == other.tag) == (content(one) == content(other))


@given(recipes, st.integers(0, 5))
def test_cutting_the_layers_elsewhere_is_seen(recipe: ImageRecipe, at: int) -> None:
    shorter = ImageRecipe(recipe.base, recipe.platforms, recipe.python, list(recipe.layers)[:at])
    assert (shorter.tag == recipe.tag) == (len(shorter.layers) == len(recipe.layers))


words = st.sampled_from(["git", "a", "b", "ab", "/x", "https://x.example", "numpy>=1"])
steps = st.one_of(
    st.tuples(st.just("with_apt_packages"), st.lists(words, min_size=1, max_size=2)),
    st.tuples(st.just("with_pip_packages"), st.lists(words, min_size=1, max_size=2)),
    st.tuples(st.just("with_commands"), st.lists(words, min_size=1, max_size=2).map(lambda each: [each])),
    st.tuples(st.just("with_workdir"), words.map(lambda each: [each])),
    st.tuples(st.just("with_env_vars"), st.dictionaries(st.sampled_from("AB"), words).map(lambda each: [each])),
    st.tuples(st.just("with_source_folder"), st.sampled_from(["one", "two"]).map(lambda each: [each])),
)


def image_of(declared: list[tuple[str, list[Any]]], python: int) -> Image:
    image = Image.from_debian_base(python_version=(3, python))
    for method, arguments in declared:
        image = getattr(image, method)(*arguments)
    return image


FILES = {"one/f": "1", "two/f": "2"}
declarations = st.tuples(st.lists(steps, max_size=4), st.sampled_from([11, 12]))


@given(declarations, declarations)
def test_different_declarations_have_different_tags_and_one_tag_has_one_dockerfile(one: Any, other: Any) -> None:
    plans = [plan_image(image_of(*each), MemoryFiles(FILES), ImageOptions()) for each in (one, other)]
    if one == other:
        assert plans[0] == plans[1]
    else:
        assert plans[0].tag != plans[1].tag
    assert plans[0].tag == plan_image(image_of(*one), MemoryFiles(FILES, "/other"), ImageOptions(registry="r.io")).tag


@given(st.tuples(st.none() | texts, texts), st.tuples(st.none() | texts, texts))
def test_two_secrets_never_have_one_name_in_a_dockerfile(one: Any, other: Any) -> None:
    assert (secret_id(*one) == secret_id(*other)) == (one == other)
