"""Selections are ranked, break ties by index, and draw reproducibly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import SettingError
from workbench.excavation.selection import select

SITE = "blocks.1.hook_resid_post"
values = st.lists(st.sampled_from([0.0, 1.0, 1.5, 2.0, 7.0]), min_size=1, max_size=30)


@given(values, st.data())
def test_top_takes_the_largest_and_of_equals_the_lower_index(values, data) -> None:
    k = data.draw(st.integers(1, len(values)))
    expected = sorted(range(len(values)), key=lambda index: (-values[index], index))[:k]
    assert list(select(np.array(values), SITE, k).indices) == expected


@given(values, st.data())
def test_bottom_takes_the_smallest_and_of_equals_the_lower_index(values, data) -> None:
    k = data.draw(st.integers(1, len(values)))
    expected = sorted(range(len(values)), key=lambda index: (values[index], index))[:k]
    assert list(select(np.array(values), SITE, k, "bottom").indices) == expected


def test_random_draws_differ_by_seed_and_draw_and_not_by_sensitivity() -> None:
    rng = np.random.default_rng(0)
    sets = {
        select(rng.random(50), SITE, 10, "random", seed, draw).indices
        for seed in (0, 1)
        for draw in (0, 1)
        for _ in range(3)
    }
    assert len(sets) == 4
    assert all(len(set(drawn)) == 10 for drawn in sets)


def test_all_takes_every_neuron_whatever_k_is() -> None:
    chosen = select(np.array([1.0, 3.0, 2.0]), SITE, 100, "all")
    assert chosen.indices == (1, 2, 0)


@pytest.mark.parametrize("selection", ["top", "bottom", "random"])
@pytest.mark.parametrize("k", [0, 4])
def test_more_neurons_than_the_site_has_are_refused(selection: str, k: int) -> None:
    with pytest.raises(SettingError, match=f"{SITE} has 3 neurons; choose 1 to 3"):
        select(np.ones(3), SITE, k, selection)


def test_an_unknown_selection_is_refused() -> None:
    with pytest.raises(SettingError, match="no selection 'best': there are top, bottom"):
        select(np.ones(3), SITE, 1, "best")
