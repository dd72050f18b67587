"""The interval of a mean."""

import numpy as np
import pytest

from workbench.intervals import mean_interval


def test_the_interval_of_a_mean_is_about_two_standard_errors_to_either_side():
    values = np.random.default_rng(0).normal(3, 2, 400)
    error = values.std() / 20
    low, high = mean_interval(values, draws=4000)
    assert (low, high) == pytest.approx(
        (values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.15 * error
    )


def test_it_does_not_depend_on_the_order_and_is_undefined_for_one_image():
    values = np.random.default_rng(0).normal(size=20)
    assert mean_interval(values) == mean_interval(values[::-1])
    assert mean_interval(values) != mean_interval(values, seed=1)
    assert mean_interval(values[:1]) == (None, None)
    assert mean_interval(np.full(5, 2.0)) == (2.0, 2.0)
