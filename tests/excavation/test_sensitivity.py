"""Streaming statistics equal those of all patches at once, however they are split."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.errors import DataError, SettingError
from workbench.excavation.sensitivity import NeuronStatistics, survey

floats = st.floats(-1e4, 1e4, width=32)
tables = arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 5)), elements=floats)


def batches(rows: np.ndarray, cuts: list[int]) -> list[torch.Tensor]:
    parts = np.split(rows, sorted({cut % len(rows) for cut in cuts} - {0}))
    return [torch.from_numpy(part)[:, None] for part in parts]


@given(tables, st.lists(st.integers(0, 40), max_size=5), st.floats(-1e6, 1e6, width=32))
@settings(deadline=None)
def test_variance_is_numpys_two_pass_variance(rows, cuts, offset) -> None:
    rows = rows + np.float32(offset)
    found = survey(batches(rows, cuts))
    exact = rows.astype(np.float64)
    np.testing.assert_allclose(found.variance, exact.var(0), rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(found.mean, exact.mean(0), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(
        found.sensitivity("mean_abs"), np.abs(exact).mean(0), rtol=1e-10, atol=1e-10
    )
    np.testing.assert_array_equal(found.sensitivity("maximum"), exact.max(0))
    assert found.count == len(rows)


@given(tables, tables, tables)
@settings(deadline=None)
def test_merging_is_associative(a, b, c) -> None:
    width = min(a.shape[1], b.shape[1], c.shape[1])
    x, y, z = (NeuronStatistics.of(torch.from_numpy(part[:, :width])) for part in (a, b, c))
    left, right = x.merge(y).merge(z), x.merge(y.merge(z))
    np.testing.assert_allclose(left.variance, right.variance, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(left.mean, right.mean, rtol=1e-9, atol=1e-9)
    assert left.count == right.count


def test_half_precision_is_summed_in_double() -> None:
    rows = torch.full((1, 5000, 1), 60000.0, dtype=torch.float16)
    assert NeuronStatistics.of(rows).mean[0] == float(rows[0, 0, 0])
    assert NeuronStatistics.of(rows).variance[0] == 0


def test_an_unknown_statistic_and_no_image_are_refused() -> None:
    with pytest.raises(SettingError, match="no statistic 'entropy'"):
        NeuronStatistics.of(torch.zeros(1, 2)).sensitivity("entropy")
    with pytest.raises(DataError, match="no image"):
        survey([])
