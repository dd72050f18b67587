"""Exemplars are what sorting all values at once gives, in any order and at any cut."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from tests.recording.shown import SITE, batch, batches
from workbench.clip.neuron_set import NeuronSet
from workbench.errors import SettingError, SiteError
from workbench.images.stream import Picture
from workbench.recording import exemplars as module
from workbench.recording.exemplars import Exemplar, Exemplars, ExemplarTable
from workbench.recording.keys import NOTHING, keys_of, read_keys
from workbench.recording.lookup import one_neuron

shapes = st.tuples(st.integers(1, 9), st.integers(1, 6), st.integers(1, 4))
ties = arrays(np.float32, shapes, elements=st.sampled_from([-2.0, -1.0, -0.0, 0.0, 1.0, 2.0]))
any_floats = arrays(np.float32, shapes, elements=st.floats(-(2.0**120), 2.0**120, width=32))
cuts = st.lists(st.integers(0, 9), max_size=4)


def collected(values, at=(), first=0, k=4) -> Exemplars:
    exemplars = Exemplars({SITE: values.shape[2]}, values.shape[1], k)
    for seen in batches(values, at, first):
        exemplars.update(seen)
    return exemplars


def oracle(values, neuron, side, k=4):
    """Sort every value of a neuron: by value, then picture, then patch."""
    flat = values[:, :, neuron].astype(np.float32).ravel()
    order = np.lexsort((np.arange(len(flat)), flat if side == "bottom" else -flat))[:k]
    return flat[order] + 0.0, order // values.shape[1], order % values.shape[1]


def assert_sorted_all(exemplars, values, k=4) -> None:
    for neuron in range(values.shape[2]):
        for side in ("top", "bottom"):
            expected = oracle(values, neuron, side, k)
            found = [part.numpy() for part in exemplars.ranked(SITE, neuron, side)]
            filled = len(expected[0])
            for part, wanted in zip(found, expected, strict=True):
                np.testing.assert_array_equal(part[:filled], wanted)
            assert np.isposinf(-found[0][filled:] if side == "top" else found[0][filled:]).all()
            assert (found[1][filled:] == -1).all()


def assert_same_bytes(one: Exemplars, other: Exemplars) -> None:
    left, right = one.state(), other.state()
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)


@given(st.one_of(ties, any_floats), cuts)
@settings(deadline=None)
def test_exemplars_are_those_of_sorting_everything_wherever_the_stream_is_cut(values, at) -> None:
    assert_sorted_all(collected(values, at), values)


@given(ties, cuts, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_any_cut_and_any_order_of_merging_give_the_same_bytes(values, at, chance) -> None:
    whole = collected(values)
    parts = [collected(values[i : i + 1], (), i) for i in range(len(values))]
    while len(parts) > 1:
        chance.shuffle(parts)
        part = parts.pop()
        parts[-1].merge(part)
    assert_same_bytes(parts[0], whole)
    assert_same_bytes(collected(values, at), whole)
    shuffled = batches(values, range(len(values)))
    chance.shuffle(shuffled)
    mixed = Exemplars({SITE: values.shape[2]}, values.shape[1], 4)
    for seen in shuffled:
        mixed.update(seen)
    assert_same_bytes(mixed, whole)


@pytest.mark.parametrize("memory", [1, 40_000, 2**28])
def test_little_memory_changes_nothing(memory, monkeypatch) -> None:
    monkeypatch.setattr(module, "_MEMORY", memory)
    values = np.random.default_rng(0).integers(-6, 6, (30, 20, 40)).astype(np.float32)
    assert_sorted_all(collected(values, (4, 11, 12, 25), k=7), values, k=7)


def test_a_long_stream_in_which_most_pictures_change_nothing() -> None:
    values = np.random.default_rng(0).standard_normal((300, 9, 16)).astype(np.float32)
    assert_sorted_all(collected(values, range(0, 300, 8), k=5), values, k=5)


@pytest.mark.parametrize("few", [1, 20, 10**9])
def test_looking_at_all_values_or_only_at_the_better_ones_gives_the_same(few, monkeypatch) -> None:
    monkeypatch.setattr(module, "_FEW", few)
    noise = np.random.default_rng(0)
    for values in (noise.standard_normal((60, 9, 16)), noise.integers(-3, 3, (60, 9, 16))):
        assert_sorted_all(collected(values.astype(np.float32), range(0, 60, 4), k=5), values, k=5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_number_format_is_kept_in_single_precision(dtype) -> None:
    values = torch.randn(6, 50, 3, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert_sorted_all(collected(values, (2,)), values.float().numpy())


def test_pictures_that_were_left_out_keep_their_numbers_free() -> None:
    exemplars = Exemplars({SITE: 1}, 2, k=3)
    exemplars.update(batch(np.float32([[[1], [5]], [[5], [0]]]), (3, 9)))
    values, images, patches = exemplars.ranked(SITE, 0)
    assert (values.tolist(), images.tolist(), patches.tolist()) == (
        [5, 5, 1],
        [3, 9, 3],
        [1, 0, 0],
    )


def test_values_below_zero_are_exemplars_too() -> None:
    values, images, _ = collected(np.full((1, 2, 1), -3.0, np.float32)).ranked(SITE, 0)
    assert values.tolist() == [-3.0, -3.0, -np.inf, -np.inf]
    assert images.tolist() == [0, 0, -1, -1]


def test_the_last_position_still_fits_and_the_next_is_refused() -> None:
    patches = 2**16
    exemplars = Exemplars({SITE: 1}, patches, k=1)
    values = torch.zeros(1, patches, 1)
    values[0, -1] = 1
    exemplars.update(batch(values, (65534,)))
    assert [part.item() for part in exemplars.ranked(SITE, 0)] == [1.0, 65534, patches - 1]
    with pytest.raises(SettingError, match="up to 65,535 pictures, and this is number 65,536"):
        exemplars.update(batch(values, (65535,)))


def test_a_grid_of_another_size_is_refused() -> None:
    with pytest.raises(SettingError, match="shows 4 patches a picture"):
        Exemplars({SITE: 1}, 9).update(batch(torch.zeros(1, 4, 1), (0,)))


def test_the_state_brings_everything_back() -> None:
    values = np.random.default_rng(2).integers(0, 4, (8, 5, 3)).astype(np.float32)
    half = Exemplars.from_state(collected(values[:4]).state(), patches_per_image=5)
    half.update(batch(values[4:], range(4, 8)))
    assert_same_bytes(half, collected(values))


def test_a_batch_that_fails_half_way_is_not_in(monkeypatch) -> None:
    exemplars = collected(np.zeros((2, 3, 2), np.float32))
    before = exemplars.state()
    original, calls = Exemplars._improved, []

    def fail_second(self, side, *rest):
        calls.append(side)
        if len(calls) == 2:
            raise torch.OutOfMemoryError("no")
        return original(self, side, *rest)

    monkeypatch.setattr(Exemplars, "_improved", fail_second)
    with pytest.raises(torch.OutOfMemoryError):
        exemplars.update(batch(torch.ones(1, 3, 2), (2,)))
    assert all(torch.equal(before[name], value) for name, value in exemplars.state().items())


@given(
    st.lists(
        st.tuples(
            st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(0, 2**32 - 2)
        ),
        min_size=2,
        max_size=9,
    )
)
def test_keys_order_as_values_then_fall_with_the_position(pairs) -> None:
    values = torch.tensor([value for value, _ in pairs], dtype=torch.float32)
    positions = torch.tensor([position for _, position in pairs])
    keys = keys_of(values, positions)
    by_key = sorted(range(len(pairs)), key=lambda at: -keys[at])
    by_value = sorted(range(len(pairs)), key=lambda at: (-values[at], positions[at]))
    assert [pairs[at] for at in by_key] == [pairs[at] for at in by_value]
    back = read_keys(keys)
    assert torch.equal(back[0], values)
    assert torch.equal(back[1], positions)
    assert (keys > NOTHING).all()


def test_nothing_reads_as_minus_infinity_nowhere() -> None:
    values, positions = read_keys(torch.tensor([NOTHING]))
    assert (values.item(), positions.item()) == (-np.inf, -1)


@pytest.fixture
def table() -> ExemplarTable:
    colours = ("red", "green", "blue")
    pictures = [Picture(f"{c}.png", held=Image.new("RGB", (40, 20), c)) for c in colours]
    values = np.float32([[0, 1], [2, 3], [9, 4], [5, 6], [7, 8], [-1, 9]]).reshape(3, 4, 1)
    return ExemplarTable(collected(values, k=20), pictures, grid=(2, 2))


def test_the_table_says_where_a_neuron_was_highest_and_lowest(table) -> None:
    assert table.top(f"{SITE}:0", most=3) == [
        Exemplar(9.0, 1, "green.png", 0, 0),
        Exemplar(9.0, 2, "blue.png", 1, 1),
        Exemplar(8.0, 2, "blue.png", 0, 1),
    ]
    assert table.bottom(NeuronSet(SITE, (0,)), most=1) == [Exemplar(-1.0, 2, "blue.png", 1, 0)]


def test_fewer_patches_than_places_show_only_what_was_seen(table) -> None:
    assert table.k == 20
    assert len(table.top(f"{SITE}:0")) == len(table.bottom(f"{SITE}:0")) == 12


def test_crops_come_from_the_pictures_of_the_exemplars(table) -> None:
    crops = table.crop(f"{SITE}:0", most=2, context=0)
    assert [crop.size for crop in crops] == [(20, 10), (20, 10)]
    assert [crop.getpixel((3, 3)) for crop in crops] == [(0, 128, 0), (0, 0, 255)]
    assert table.crop(f"{SITE}:0", most=1, side="bottom")[0].getpixel((0, 0)) == (0, 0, 255)


def test_a_picture_is_opened_once_however_many_exemplars_it_has(table, monkeypatch) -> None:
    opened = []
    original = Picture.open
    monkeypatch.setattr(Picture, "open", lambda self: opened.append(self.name) or original(self))
    assert len(table.crop(f"{SITE}:0", most=12)) == 12
    assert sorted(opened) == ["blue.png", "green.png", "red.png"]


def test_sites_and_neurons_that_are_not_there_are_refused_by_name(table) -> None:
    with pytest.raises(SiteError, match=r"blocks\.7\.hook_resid_post was not recorded"):
        table.top("blocks.7.hook_resid_post:0")
    with pytest.raises(SettingError, match="has 1 neurons, 0 to 0; there is no 5"):
        table.top(f"{SITE}:5")
    with pytest.raises(SettingError, match="comes with 2"):
        one_neuron(NeuronSet(SITE, (1, 2)))
    with pytest.raises(SettingError, match="at least 1"):
        Exemplars({SITE: 1}, 4, k=0)
