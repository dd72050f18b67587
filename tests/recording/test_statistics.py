"""Streaming statistics are those of all patches at once, however the stream is cut and merged."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.recording.shown import SITE, batch, batches
from workbench.errors import DataError, SiteError
from workbench.recording import statistics as module
from workbench.recording.statistics import Statistics

floats = st.floats(-1e4, 1e4, width=32)
shapes = st.tuples(st.integers(1, 9), st.integers(1, 6), st.integers(1, 4))
tables = arrays(np.float32, shapes, elements=floats)
cuts = st.lists(st.integers(0, 9), max_size=4)


def collected(values, at=(), first=0) -> Statistics:
    statistics = Statistics({SITE: values.shape[2]})
    for seen in batches(values, at, first):
        statistics.update(seen)
    return statistics


def assert_two_pass(statistics: Statistics, values) -> None:
    exact = np.asarray(values, np.float64).reshape(-1, values.shape[2])
    found = statistics[SITE]
    scale = np.abs(exact).max(0)
    assert found.count == len(exact)
    assert (np.abs(found.mean - exact.mean(0)) <= 1e-10 * scale).all()
    np.testing.assert_allclose(found.variance, exact.var(0), rtol=1e-10, atol=1e-300)
    np.testing.assert_array_equal(found.minimum, exact.min(0))
    np.testing.assert_array_equal(found.maximum, exact.max(0))
    np.testing.assert_array_equal(found.positive_share, (exact > 0).mean(0))


@given(tables, cuts)
@example(np.array([[[-0.0], [0.0]]], np.float32), [])
@settings(deadline=None)
def test_statistics_are_numpys_two_pass_statistics_wherever_the_stream_is_cut(values, at) -> None:
    assert_two_pass(collected(values, at), values)


@given(
    arrays(np.float32, shapes, elements=st.integers(-8, 8).map(float)),
    cuts,
    st.sampled_from([1e3, 1e5, 1e6, 1.6e7]),
)
@settings(deadline=None)
def test_a_small_spread_around_a_large_mean_is_not_lost(values, at, offset) -> None:
    values = values + np.float32(offset)
    assert_two_pass(collected(values, at), values)


@given(tables, cuts, st.integers(1, 8))
@settings(deadline=None)
def test_merged_parts_are_the_whole(values, at, size) -> None:
    parts = [
        collected(values[start : start + size], at, start) for start in range(0, len(values), size)
    ]
    forward = Statistics({SITE: values.shape[2]})
    for part in parts:
        forward.merge(part)
    assert_two_pass(forward, values)
    backward = parts.pop()
    while parts:
        earlier = parts.pop()
        earlier.merge(backward)
        backward = earlier
    assert_two_pass(backward, values)


def test_the_pivot_keeps_every_digit_of_a_variance_far_from_zero() -> None:
    rng = np.random.default_rng(0)
    values = (1e6 + 0.1 * rng.standard_normal((64, 49, 8))).astype(np.float32)
    shifted = (values.astype(np.float64) - values[0, 0].astype(np.float64)).reshape(-1, 8)
    found = collected(values[:32], range(32))
    found.merge(collected(values[32:], range(32), 32))
    np.testing.assert_allclose(found[SITE].variance, shifted.var(0), rtol=1e-13)


def test_many_patches_in_small_blocks_are_numpys(monkeypatch) -> None:
    monkeypatch.setitem(module._BLOCK, "cpu", 100)
    rng = np.random.default_rng(0)
    values = (5e3 + rng.standard_normal((40, 30, 7))).astype(np.float32)
    assert_two_pass(collected(values, (7, 8, 30)), values)


def test_a_neuron_that_never_changes_has_exactly_no_variance() -> None:
    values = np.full((7, 5, 1), 0.1, np.float32)
    found = collected(values, (3, 5))[SITE]
    assert found.variance.tolist() == [0.0]
    assert found.mean.tolist() == [float(np.float32(0.1))]


def test_negative_zeros_are_zeros_and_not_above_zero() -> None:
    found = collected(np.full((2, 3, 1), -0.0, np.float32))[SITE]
    assert found.positive_share.tolist() == [0.0]
    for values in (found.mean, found.minimum, found.maximum):
        assert not np.signbit(values).any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_number_format_is_summed_in_double(dtype) -> None:
    values = (100 + torch.randn(6, 50, 3, generator=torch.Generator().manual_seed(0))).to(dtype)
    assert_two_pass(collected(values, (2,)), values.double().numpy())


def test_the_state_brings_everything_back() -> None:
    values = np.random.default_rng(1).standard_normal((5, 4, 3)).astype(np.float32)
    statistics = collected(values[:3])
    back = Statistics.from_state(statistics.state())
    for later in (statistics, back):
        later.update(batch(values[3:], (3, 4)))
    for name, tensor in statistics.state().items():
        assert torch.equal(tensor, back.state()[name])
    assert_two_pass(back, values)


def test_a_state_is_not_changed_by_what_comes_later() -> None:
    statistics = collected(np.ones((1, 2, 1), np.float32))
    state = statistics.state()
    statistics.update(batch(torch.zeros(1, 2, 1), (1,)))
    assert state[f"{SITE}/count"] == 2
    assert Statistics.from_state(state)[SITE].minimum.tolist() == [1.0]


def test_a_batch_that_fails_half_way_is_not_in() -> None:
    statistics = collected(np.ones((2, 3, 2), np.float32))
    before = statistics.state()

    def fail(*_):
        raise torch.OutOfMemoryError("no")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_moments", fail)
        with pytest.raises(torch.OutOfMemoryError):
            statistics.update(batch(torch.zeros(2, 3, 2), (2, 3)))
    assert all(torch.equal(before[name], value) for name, value in statistics.state().items())


def test_a_site_that_was_not_recorded_is_refused_with_those_that_were() -> None:
    statistics = Statistics({SITE: 1})
    with pytest.raises(SiteError, match=rf"blocks.9.hook_z was not recorded. Recorded: {SITE}"):
        statistics["blocks.9.hook_z"]
    with pytest.raises(DataError, match="no picture"):
        statistics[SITE]


def test_the_table_has_a_row_per_neuron_and_its_html_escapes() -> None:
    values = np.random.default_rng(1).standard_normal((5, 4, 3)).astype(np.float32)
    found = collected(values)[SITE]
    table = found.table()
    assert len(table) == 3
    np.testing.assert_allclose(table["std"], found.variance**0.5)
    assert "3 neurons over 20 patches" in found._repr_html_()
