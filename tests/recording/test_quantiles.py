"""Digests hold every neuron's distribution within their bound, and the same bytes every time."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recording.shown import SITE, batch, batches
from workbench.errors import DataError, SettingError, SiteError
from workbench.recording import quantiles as module
from workbench.recording.quantiles import Quantiles

SHARES = (0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0)


def collected(values, at=(), first=0, centroids=100) -> Quantiles:
    quantiles = Quantiles({SITE: values.shape[2]}, centroids)
    for seen in batches(values, at, first):
        quantiles.update(seen)
    return quantiles


def rank_error(value, share, ordered):
    """How far `share` is from the ranks that `value` has among all values.

    What is off by a rounding error only from values that occur often is one of them.
    """
    rounding = 1e-12 * abs(value)
    low = np.searchsorted(ordered, value - rounding, "left") / len(ordered)
    high = np.searchsorted(ordered, value + rounding, "right") / len(ordered)
    return max(0.0, low - share, share - high)


def one_centroid(share, centroids):
    """How far ranks reach that may be in one centroid with `share`.

    Dunning's scale function k(q) = centroids / 2 pi * asin(2q - 1) lets no centroid span more
    than 1, so clumped values are off by at most that: a centroid that mixes two clumps.
    """
    angle = np.arcsin(2 * share - 1)
    ends = np.clip(angle + 2 * np.pi / centroids * np.array([-1, 1]), -np.pi / 2, np.pi / 2)
    return np.abs((np.sin(ends) + 1) / 2 - share).max() if 0 < share < 1 else 0.0


def assert_within_bound(quantiles, values, centroids=100) -> None:
    rows = values.reshape(-1, values.shape[2])
    for share in SHARES:
        found = quantiles[SITE].at(share)
        for neuron, value in enumerate(found):
            allowed = one_centroid(share, centroids) + 1 / len(rows)
            assert rank_error(value, share, np.sort(rows[:, neuron])) <= allowed


def drawn(kind: str, seed: int) -> np.ndarray:
    """Streams of [image, patch, neuron] of the kinds that neurons show, and some worse."""
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((40, 49, 2))
    values = {
        "normal": normal,
        "rising": np.sort(normal.reshape(-1, 2), 0).reshape(40, 49, 2),
        "heavy tails": normal / (np.abs(rng.standard_normal((40, 49, 2))) + 1e-3),
        "mostly zero": np.maximum(normal - 1, 0),
        "few values": np.round(normal),
        "a level per image": normal[:, :1] + 0.01 * normal,
    }
    return values[kind].astype(np.float32)


KINDS = ("normal", "rising", "heavy tails", "mostly zero", "few values", "a level per image")


@given(st.sampled_from(KINDS), st.integers(0, 1000), st.lists(st.integers(0, 40), max_size=6))
@settings(deadline=None, max_examples=40)
def test_ranks_are_within_the_bound_wherever_the_stream_is_cut_and_merged(kind, seed, at) -> None:
    values = drawn(kind, seed)
    whole = collected(values, at)
    assert_within_bound(whole, values)
    merged = Quantiles({SITE: 2})
    for start in range(0, 40, 8):
        merged.merge(collected(values[start : start + 8], (4,), start))
    assert_within_bound(merged, values)


def test_more_centroids_are_closer() -> None:
    values = drawn("normal", 1)
    coarse, fine = (collected(values, (10, 20, 30), centroids=c)[SITE] for c in (10, 400))
    ordered = np.sort(values[..., 0].ravel())
    worst = [max(rank_error(q.at(s)[0], s, ordered) for s in SHARES) for q in (coarse, fine)]
    assert worst[1] < worst[0]


def test_the_ends_are_exact() -> None:
    values = drawn("heavy tails", 3)
    found = collected(values, (7, 9))[SITE]
    np.testing.assert_array_equal(found.at(0), values.min((0, 1)))
    np.testing.assert_array_equal(found.at(1), values.max((0, 1)))


def test_the_same_batches_give_the_same_bytes() -> None:
    values = drawn("few values", 3)
    one, other = (collected(values, (7, 9)).state() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_sign_of_a_zero_makes_no_difference() -> None:
    zeros = np.zeros((2, 3, 1), np.float32)
    one, other = collected(zeros).state(), collected(-zeros).state()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_merging_what_was_written_is_merging_what_was_collected() -> None:
    values = drawn("normal", 4)
    parts = [collected(values[:20]), collected(values[20:], (3,), 20)]
    back = [Quantiles.from_state(part.state()) for part in parts]
    for first, later in (parts, back):
        first.merge(later)
    one, other = parts[0].state(), back[0].state()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_number_format_is_taken(dtype) -> None:
    values = torch.from_numpy(drawn("normal", 5)).to(dtype)
    assert_within_bound(collected(values, (9,)), values.double().numpy())


def test_little_memory_changes_nothing(monkeypatch) -> None:
    values = np.concatenate([drawn("normal", seed) for seed in range(4)], axis=2)
    whole = collected(values).state()
    monkeypatch.setattr(module, "_VALUES", 3 * 40 * 49)
    pieces = collected(values).state()
    assert all(torch.equal(whole[name], pieces[name]) for name in whole)


def test_what_cannot_be_answered_is_refused() -> None:
    quantiles = Quantiles({SITE: 1})
    with pytest.raises(DataError, match="no picture"):
        quantiles[SITE]
    quantiles.update(batch(torch.zeros(1, 2, 1), (0,)))
    with pytest.raises(SettingError, match=r"share is 1\.5"):
        quantiles[SITE].at(1.5)
    with pytest.raises(SiteError, match="was not recorded"):
        quantiles["ln_pre"]
    with pytest.raises(SettingError, match="10 or more"):
        Quantiles({SITE: 1}, centroids=3)
