"""The checks of notebook 02 tell right from wrong, and say in which way."""

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from workbench.course import excavation as checks


def variance(patches):
    return patches.flatten(0, 1).var(0, correction=0)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda p: p.flatten(0, 1).var(0), "one less"),
        (lambda p: variance(p).sqrt(), "standard deviations"),
        (lambda p: p.var(1, correction=0).mean(0), "between images"),
        (lambda p: p.abs().mean((0, 1)), "not variances"),
        (lambda p: p.var(), "shape"),
        (lambda p: p.nonsense, "AttributeError"),
    ],
)
def test_a_wrong_sensitivity_is_told_apart(answer, said):
    found = checks.sensitivity_by_hand(answer)
    assert not found.passed
    assert said in found.message


def test_the_sensitivity_by_hand_passes_as_tensor_or_array():
    assert checks.sensitivity_by_hand(variance).passed
    assert checks.sensitivity_by_hand(lambda p: p.numpy().reshape(-1, 7).var(0)).passed


def top(values, k):
    return np.argsort(-values, kind="stable")[:k]


def score(patches, gallery):
    return (1 - (normalize(patches, dim=1) @ normalize(gallery, dim=1).T).amax(1)) / 2


def test_the_right_selection_and_score_pass():
    assert checks.select_and_score(top, score).passed


@pytest.mark.parametrize(
    ("selection", "scored", "said"),
    [
        (lambda v, k: np.argsort(v)[:k], score, "largest"),
        (lambda v, k: np.argsort(v, kind="stable")[::-1][:k], score, "lower number first"),
        (lambda v, k: np.sort(top(v, k)), score, "the most sensitive has to come first"),
        (lambda v, k: top(v, k - 1), score, "asked for 5"),
        (top, lambda p, g: 2 * score(p, g), "twice"),
        (top, lambda p, g: (1 - (normalize(p, dim=1) @ normalize(g, dim=1).T).mean(1)) / 2, "is 0"),
        (top, lambda p, g: torch.cdist(p, g).amin(1), "is 0"),
        (top, lambda p, g: None, "not yet"),
    ],
)
def test_a_wrong_selection_or_score_is_told_apart(selection, scored, said):
    found = checks.select_and_score(selection, scored)
    assert not found.passed
    assert said in found.message


def test_shares_must_be_the_score_neuron_by_neuron():
    assert checks.shares_that_add_up(lambda q, m: (q - m) ** 2 / 4).passed
    for answer, said in (
        (lambda q, m: (q - m) ** 2, "4 times"),
        (lambda q, m: (1 / len(q) - q * m) / 2, "negative"),
        (lambda q, m: torch.full_like(q, (1 - q @ m) / 2 / len(q)), "its own neuron"),
    ):
        found = checks.shares_that_add_up(answer)
        assert not found.passed
        assert said in found.message


def test_a_p_value_counts_ties_and_the_selected_set_itself():
    assert checks.better_than_chance(
        lambda s, d: (1 + sum(v >= s for v in d)) / (1 + len(d))
    ).passed
    for answer, said in (
        (lambda s, d: sum(v >= s for v in d) / len(d), "is 0"),
        (lambda s, d: (1 + sum(v > s for v in d)) / (1 + len(d)), "ties"),
        (lambda s, d: (1 + sum(v <= s for v in d)) / (1 + len(d)), "better than all"),
    ):
        found = checks.better_than_chance(answer)
        assert not found.passed
        assert said in found.message
