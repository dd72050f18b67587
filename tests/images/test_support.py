"""Support sets are nested, sorted, seeded by category, and never larger than the set."""

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import DataError, SettingError
from workbench.images.samples import Sample
from workbench.images.support import support, without_support


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


def anomalies(number: int, category: str = "bolt") -> list[Sample]:
    return [Sample(Path(f"bad{i:03}.png"), "test", 1, "bent", (), category) for i in range(number)]


@given(st.integers(1, 12), st.integers(0, 5), st.randoms(use_true_random=False), st.data())
def test_contaminants_replace_the_last_normals_and_are_nested_too(shots, seed, shuffle, data):
    samples = [*normals(12), *anomalies(9)]
    shuffle.shuffle(samples)
    number = data.draw(st.integers(0, min(shots, 8)))
    clean, mixed = support(samples, shots, seed), support(samples, shots, seed, contaminated=number)
    assert mixed[: shots - number] == clean[: shots - number]
    assert [s.label for s in mixed[shots - number :]] == [1] * number
    assert len({s.name for s in mixed}) == shots
    if number:
        fewer = support(samples, shots, seed, contaminated=number - 1)
        assert set(fewer[shots - number + 1 :]) < set(mixed[shots - number :])


def test_contaminants_depend_on_seed_and_category_and_leave_an_anomaly_to_find() -> None:
    def drawn(category: str, seed: int) -> str:
        samples = [*normals(9, category), *anomalies(40, category)]
        return support(samples, 1, seed, contaminated=1)[0].name

    assert len({drawn(category, seed) for category in "ab" for seed in range(3)}) >= 4
    with pytest.raises(SettingError, match="bolt has 2 test anomalies, and one at least must stay"):
        support([*normals(5), *anomalies(2)], 4, contaminated=2)
    for number in (-1, 5):
        with pytest.raises(SettingError, match=f"contaminated is {number}; of 4 shots"):
            support([*normals(5), *anomalies(9)], 4, contaminated=number)


def test_validation_anomalies_and_images_without_label_never_contaminate() -> None:
    others = [replace(s, split="validation", name=f"v/{s.name}") for s in anomalies(5)] + [
        replace(s, label=None, name=f"p/{s.name}") for s in anomalies(5)
    ]
    mixed = support([*normals(5), *anomalies(2), *others], 4, contaminated=1)
    assert mixed[-1] in anomalies(2)


def test_contaminants_leave_the_test_set() -> None:
    samples = [*normals(5), *anomalies(6)]
    mixed = support(samples, 4, contaminated=2)
    left = without_support(anomalies(6), mixed)
    assert len(left) == 4
    assert not set(left) & set(mixed)
    assert without_support(anomalies(6), [s.name for s in mixed]) == left
    assert without_support(anomalies(6, "nut"), mixed) == anomalies(6, "nut")
