"""Support sets are nested, sorted, seeded by category, and never larger than the set."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import DataError, SettingError
from workbench.images.samples import Sample
from workbench.images.support import support


def normals(number: int, category: str = "bolt") -> list[Sample]:
    return [Sample(Path(f"{i:03}.png"), "train", 0, "good", (), category) for i in range(number)]


@given(st.integers(1, 30), st.integers(0, 5), st.randoms(use_true_random=False), st.data())
def test_a_smaller_support_begins_the_larger(number, seed, shuffle, data) -> None:
    given_order = normals(number)
    shuffle.shuffle(given_order)
    shots = data.draw(st.integers(1, number))
    small, large = support(given_order, shots, seed), support(given_order, None, seed)
    assert small == large[:shots]
    assert len({s.path for s in large}) == number


def test_the_draw_is_the_documented_one() -> None:
    order = np.random.default_rng([3, zlib.crc32(b"bolt")]).permutation(20)
    assert [s.name for s in support(normals(20), 4, 3)] == [f"{i:03}.png" for i in order[:4]]


def test_categories_and_seeds_draw_differently() -> None:
    draws = {
        tuple(s.name for s in support(normals(50, category), 4, seed))
        for category in ("a", "b")
        for seed in (0, 1)
    }
    assert len(draws) == 4


def test_only_training_normals_are_drawn() -> None:
    test = Sample(Path("a.png"), "test", 0, "good", (), "bolt")
    assert test not in support([*normals(3), test], None)
    with pytest.raises(DataError, match="bolt has no training normals"):
        support([test], 1)


def test_more_shots_than_images_are_refused() -> None:
    for shots in (4, 0, -1):
        with pytest.raises(SettingError, match=r"bolt has 3 training normals.*Ask for 1 to 3"):
            support(normals(3), shots)
    with pytest.raises(SettingError, match="seed is -1"):
        support(normals(3), 1, -1)


def test_several_categories_are_refused() -> None:
    with pytest.raises(DataError, match="one category, and these are 2: a, b"):
        support([*normals(2, "a"), *normals(2, "b")], 1)


def test_blocks_are_consecutive() -> None:
    drawn = support(normals(10), 3, 2, protocol="blocks")
    assert [s.name for s in drawn] == ["006.png", "007.png", "008.png"]
    with pytest.raises(SettingError, match="block 3 of 3 lies beyond them"):
        support(normals(10), 3, 3, protocol="blocks")
