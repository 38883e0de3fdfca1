"""Quantities are exact, and what is accepted is spelled so that Kubernetes and a shell accept it too."""

from __future__ import annotations

import contextlib
import math
import re
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flytectl_py.errors import DeclarationError
from flytectl_py.model.device import device_of
from flytectl_py.model.image import Image
from flytectl_py.model.quantity import cpu_millicores, cpu_text, memory_bytes, memory_text
from flytectl_py.model.resources import Resources
from flytectl_py.model.retry import Backoff
from flytectl_py.model.secret import Secret, secrets_of

UNITS = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3, "Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4}
NUMBERS = st.from_regex(r"(0|[1-9][0-9]{0,6})(\.[0-9]{1,6})?", fullmatch=True)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(NUMBERS, st.sampled_from(sorted(UNITS)), st.sampled_from(["", "B"]))
def test_memory_is_exact_and_rounded_up(number: str, unit: str, b: str) -> None:
    text = number + unit + (b if unit else "")
    exact = math.ceil(Fraction(number) * UNITS[unit])
    try:
        size = memory_bytes("p", text)
    except DeclarationError:
        assert exact == 0
    else:
        assert size == exact == memory_bytes("p", memory_text(text))


@given(st.floats(min_value=0.001, max_value=1e6) | st.integers(1, 10**6))
def test_cpu_is_exact_and_keeps_its_size_when_spelled(cores: float) -> None:
    assert cpu_millicores("p", cores) == math.ceil(Fraction(str(cores)) * 1000)
    assert cpu_millicores("p", cpu_text(cores)) == cpu_millicores("p", cores)


@given(NUMBERS, NUMBERS, st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)))
def test_a_range_is_refused_exactly_when_it_is_upside_down(one: str, other: str, unit: str, other_unit: str) -> None:
    sizes = [math.ceil(Fraction(number) * UNITS[each]) for number, each in ((one, unit), (other, other_unit))]
    try:
        resources = Resources(memory=(one + unit, other + other_unit))
    except DeclarationError:
        assert min(sizes) == 0 or sizes[0] > sizes[1]
    else:
        assert resources.memory_range == (one + unit, other + other_unit)


@given(WORDS)
def test_any_text_is_taken_or_refused_as_a_declaration(text: str) -> None:
    for take in (
        lambda: memory_bytes("p", text),
        lambda: cpu_millicores("p", text),
        lambda: device_of("p", text),
        lambda: Secret(text),
        lambda: Image.from_debian_base(name=text),
        lambda: Image.from_debian_base(registry=text),
        lambda: Image.from_base(text),
    ):
        with contextlib.suppress(DeclarationError):
            take()


@given(WORDS, st.none() | WORDS)
def test_a_secret_that_is_taken_has_a_variable_that_a_shell_takes(key: str, group: str | None) -> None:
    try:
        secret = Secret(key, group)
    except DeclarationError:
        return
    assert re.fullmatch(r"[A-Z_][A-Z0-9_]*", secret.as_env_var or "")
    assert secrets_of([secret, secret]) == (secret,)


@given(st.dictionaries(st.sampled_from("ABCDE"), WORDS))
def test_the_order_of_variables_does_not_make_another_image(variables: dict[str, str]) -> None:
    backwards = dict(reversed(variables.items()))
    assert Image("a").with_env_vars(variables) == Image("a").with_env_vars(backwards)


@given(st.timedeltas(min_value=Backoff(0).base), st.floats(1, 1e6), st.integers(0, 10**4))  # type: ignore[arg-type]
def test_waits_never_shrink_and_never_fail(base: Any, factor: float, n: int) -> None:
    backoff = Backoff(base, factor)
    assert backoff.compute_delay(n) <= backoff.compute_delay(n + 1)
