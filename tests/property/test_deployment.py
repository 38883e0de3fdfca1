"""Closures of environments and versions of deployments, for all graphs and all orders."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from flytectl_py.errors import UsageError
from flytectl_py.model.environment import TaskEnvironment
from flytectl_py.model.registry import Registry, current_registry
from flytectl_py.plan.deployment import closure, derived_version

SIZE = 8
GRAPHS = st.lists(
    st.lists(st.integers(0, SIZE - 1), max_size=3, unique=True), min_size=SIZE, max_size=SIZE
)  # of each node, those that it depends on
CONTENT = st.lists(st.binary(max_size=4), max_size=5)


def environments(graph: list[list[int]]) -> list[TaskEnvironment]:
    current_registry.set(Registry())
    made = [TaskEnvironment(f"e{number}") for number in range(len(graph))]
    for each, others in zip(made, graph, strict=True):
        each.depends_on.extend(made[other] for other in others)
    return made


def reachable(graph: list[list[int]], start: int) -> set[int]:
    found, waiting = set(), [start]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += graph[node]
    return found


@given(GRAPHS, st.integers(0, SIZE - 1))
def test_a_closure_is_all_that_is_reached_in_order_or_a_circle_that_exists(graph: list[list[int]], start: int) -> None:
    made = environments(graph)
    within = reachable(graph, start)
    circular = any(node in reachable(graph, other) for node in within for other in graph[node])
    try:
        found = closure([made[start]])
    except UsageError as error:
        assert circular
        path = [int(name) for name in re.findall(r"e(\d+)(?: →|$)", error.message.partition("circle: ")[2])]
        assert path[0] == path[-1]
        assert len(path) > 1
        assert all(there in graph[here] for here, there in itertools.pairwise(path))
    else:
        assert not circular
        assert {made.index(each) for each in found} == within
        assert len(found) == len(within)
        for at, each in enumerate(found):
            assert all(other in found[:at] for other in each.depends_on)


@given(st.permutations(list(range(SIZE))), GRAPHS)
def test_the_order_in_which_environments_are_given_changes_no_member(order: list[int], graph: list[list[int]]) -> None:
    acyclic = [[other for other in others if other < node] for node, others in enumerate(graph)]
    made = environments(acyclic)
    assert set(closure(made[index] for index in order)) == set(made)


@given(CONTENT, CONTENT, st.randoms())
def test_two_deployments_have_one_version_only_if_they_are_the_same(
    one: list[bytes], other: list[bytes], chance
) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(one)
    chance.shuffle(shuffled)
    version = derived_version("b", ["i"], one)
    assert derived_version("b", ["i"], shuffled) == version
    assert (derived_version("b", ["i"], other) == version) == (sorted(other) == sorted(one))
