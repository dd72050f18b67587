"""Formulas against their definitions, and against what is known of simple vectors."""

import numpy as np
import pytest

from workbench.neurons.sparsity import measures

N = 16
ONE_HOT, DENSE = np.eye(N)[3] * -7, np.full(N, 0.4)


@pytest.mark.parametrize(
    ("measure", "dense", "one"),
    [
        (measures.treves_rolls, 1, 1 / N),
        (measures.vinje_gallant, 0, 1),
        (measures.participation_ratio, N, 1),
        (measures.gini, 0, 1 - 1 / N),
        (measures.hoyer, 0, 1),
    ],
)
def test_ends_of_the_scale_scaling_and_zeros(measure, dense, one):
    assert measure(DENSE) == pytest.approx(dense, abs=1e-12)
    assert measure(ONE_HOT) == pytest.approx(one, abs=1e-12)
    values = np.random.default_rng(0).normal(size=(3, N))
    np.testing.assert_allclose(measure(values * 1e200), measure(values))
    np.testing.assert_allclose(measure(values), [measure(row) for row in values])
    np.testing.assert_allclose(measure(-values), measure(values))
    assert np.isnan(measure(np.zeros(N)))


def test_gini_is_half_the_relative_mean_difference():
    values = np.random.default_rng(1).gamma(0.5, size=40)
    differences = np.abs(values[:, None] - values[None]).mean()
    assert measures.gini(values) == pytest.approx(differences / (2 * values.mean()))


def test_hoyer_is_the_ratio_of_its_norms():
    values = np.random.default_rng(2).normal(size=40)
    ratio = np.linalg.norm(values, 1) / np.linalg.norm(values)
    assert measures.hoyer(values) == pytest.approx((np.sqrt(40) - ratio) / (np.sqrt(40) - 1))


def test_kurtosis_of_two_equal_values_is_the_least_there_is_and_a_constant_has_none():
    assert measures.kurtosis(np.array([-1.0, 1.0, -1.0, 1.0])) == pytest.approx(-2)
    assert np.isnan(measures.kurtosis(np.full(4, 0.1)))
