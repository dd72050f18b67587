"""Scores are the documented distances, and split exactly into neurons' shares."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.errors import SettingError
from workbench.excavation import normality
from workbench.excavation.normality import Gallery, Moments, fit_normality, stored_normality

floats = st.floats(-100, 100, width=32)


def tables(width: int = 6) -> st.SearchStrategy:
    rows = arrays(np.float32, st.tuples(st.integers(2, 12), st.just(width)), elements=floats)
    return rows.map(torch.from_numpy)


@given(
    tables(),
    tables(),
    st.sampled_from(["gallery cosine", "gallery euclid", "moments"]),
    st.integers(1, 2),
)
@settings(deadline=None)
def test_shares_are_non_negative_and_sum_to_the_score(normal, test, kind, neighbours) -> None:
    metric = "squared_euclidean" if "euclid" in kind else "cosine"
    fitted = fit_normality(normal, kind.split()[0], metric, neighbours)
    judged = fitted.judge(test)
    shares = fitted.shares(test, judged.nearest)
    assert (shares >= 0).all()
    torch.testing.assert_close(shares.double().sum(1), judged.scores.double(), rtol=1e-5, atol=0)


@given(tables(), tables())
@settings(deadline=None)
def test_cosine_is_half_of_one_minus_the_largest_cosine(normal, test) -> None:
    normal, test = (rows + torch.eye(len(rows), 6) * 200 + 1 for rows in (normal, test))
    units = [rows.double() / rows.double().norm(dim=1, keepdim=True) for rows in (normal, test)]
    expected = ((1 - units[1] @ units[0].T) / 2).amin(1)
    found = Gallery.fit(normal, "cosine", 1).judge(test).scores
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-7)


def test_squared_euclidean_is_the_mean_over_neurons_and_survives_an_offset() -> None:
    rng = torch.Generator().manual_seed(0)
    normal = torch.randn(30, 5, generator=rng)
    test = torch.randn(7, 5, generator=rng)
    expected = (torch.cdist(test.double(), normal.double()) ** 2 / 5).amin(1)
    for offset in (0.0, 1000.0):
        found = Gallery.fit(normal + offset, "squared_euclidean", 1).judge(test + offset)
        torch.testing.assert_close(found.scores.double(), expected, rtol=1e-3, atol=1e-4)


def test_several_neighbours_are_averaged() -> None:
    normal = torch.tensor([[0.0, 0.0], [2.0, 0.0], [9.0, 0.0]])
    found = Gallery.fit(normal, "squared_euclidean", 2).judge(torch.tensor([[0.0, 0.0]]))
    assert found.scores.tolist() == [1.0]
    assert found.nearest.tolist() == [[0, 1]]


def test_rows_of_zeros_have_a_score() -> None:
    normal = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    fitted = Gallery.fit(normal, "cosine", 1)
    assert fitted.judge(torch.zeros(1, 2)).scores.tolist() == [0.0]
    lonely = Gallery.fit(normal[1:], "cosine", 1)
    assert lonely.judge(torch.zeros(1, 2)).scores.tolist() == [0.25]


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = torch.Generator().manual_seed(0)
    normal, test = torch.randn(40, 8, generator=rng), torch.randn(50, 8, generator=rng)
    fitted = Gallery.fit(normal, "cosine", 1)
    whole = fitted.judge(test)
    monkeypatch.setattr(normality, "_BLOCK", 100)
    torch.testing.assert_close(fitted.judge(test).scores, whole.scores)


def test_moments_are_the_mean_squared_standardised_deviation() -> None:
    rng = np.random.default_rng(0)
    normal, test = rng.normal(3, 2, (200, 4)), rng.normal(0, 5, (9, 4))
    expected = ((test - normal.mean(0)) ** 2 / normal.var(0)).mean(1)
    fitted = Moments.fit(torch.from_numpy(normal))
    np.testing.assert_allclose(fitted.judge(torch.from_numpy(test)).scores, expected, rtol=1e-4)


def test_a_neuron_that_never_varies_gives_a_finite_score() -> None:
    fitted = Moments.fit(torch.ones(5, 2))
    assert torch.isfinite(fitted.judge(torch.tensor([[2.0, 0.0]])).scores).all()
    assert fitted.judge(torch.ones(1, 2)).scores.tolist() == [0.0]
    assert torch.isfinite(Moments.fit(torch.zeros(5, 2)).judge(torch.ones(1, 2)).scores).all()


def test_more_neighbours_than_patches_are_refused() -> None:
    with pytest.raises(SettingError, match="9 neighbours asked for, but the gallery has 3"):
        Gallery.fit(torch.ones(3, 2), "cosine", 9)


@pytest.mark.parametrize("kind", ["gallery", "moments"])
def test_what_is_stored_judges_the_same(kind: str) -> None:
    rng = torch.Generator().manual_seed(0)
    normal, test = torch.randn(40, 8, generator=rng), torch.randn(50, 8, generator=rng)
    fitted = fit_normality(normal, kind, "cosine", 3)
    again = stored_normality(fitted.tensors(), kind, "cosine", 3)
    assert torch.equal(fitted.judge(test).scores, again.judge(test).scores)
