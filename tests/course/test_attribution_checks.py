"""The checks of notebook 06: right answers pass, and each plausible mistake is named."""

import numpy as np
import pytest
import torch

from workbench.course import attribution as checks
from workbench.neurons.intervention.effects import EffectTable


def gradients(target, x, baseline, steps):
    found = []
    for at in (np.arange(steps) + 0.5) / steps:
        point = (baseline + at * (x - baseline)).requires_grad_()
        found.append(torch.autograd.grad(target(point), point)[0])
    return torch.stack(found)


def integrated(target, x, baseline, steps):
    return (x - baseline) * gradients(target, x, baseline, steps).mean(0)


def both_ends(target, x, baseline, steps):
    points = baseline + torch.linspace(0, 1, steps + 1, dtype=x.dtype)[:, None] * (x - baseline)
    points.requires_grad_()
    total = sum(target(point) for point in points)
    return (x - baseline) * torch.autograd.grad(total, points)[0].sum(0) / steps


def at_the_end(target, x, baseline, steps):
    point = x.clone().requires_grad_()
    return (x - baseline) * torch.autograd.grad(target(point), point)[0]


def silenced(tokens, neurons, mean, first=1):
    found = tokens.clone()
    found[:, first:, neurons] = mean
    return found


def in_place(tokens, neurons, mean):
    tokens[:, 1:, neurons] = mean
    return tokens


def all_of_them(tokens, neurons, mean):
    found = tokens.clone()
    found[:, 1:] = mean.mean()
    return found


def own_mean(tokens, neurons, mean):
    found = tokens.clone()
    found[:, 1:, neurons] = tokens[:, 1:, neurons].mean(2, keepdim=True)
    return found


def interval(before, after, rng, ends=(2.5, 97.5), paired=True):
    count, means = len(before), []
    for _ in range(2000):
        drawn = rng.integers(0, count, count)
        other = drawn if paired else rng.integers(0, count, count)
        means.append(after[drawn].mean() - before[other].mean())
    return np.percentile(means, ends)


def without_replacement(before, after, rng):
    means = [(after - before)[rng.permutation(len(before))].mean() for _ in range(100)]
    return np.percentile(means, [2.5, 97.5])


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    before = rng.normal(size=40)
    scores = np.stack([before + rng.normal(size=40), before + 1 + rng.normal(size=40)])
    return EffectTable(("nothing", "something"), tuple(map(str, range(40))), before, scores)


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (checks.integrated_gradients_by_hand, integrated),
        (checks.silenced_by_hand, silenced),
        (checks.interval_by_hand, interval),
        (checks.interval_by_hand, lambda *given: tuple(interval(*given))),
    ],
)
def test_right_answers_pass(check, answer):
    found = check(answer)
    assert found.passed, found.message


@pytest.mark.parametrize(
    ("check", "answer", "says"),
    [
        (
            checks.integrated_gradients_by_hand,
            lambda f, x, b, steps: gradients(f, x, b, steps).mean(0),
            "own step",
        ),
        (checks.integrated_gradients_by_hand, at_the_end, "at the end only"),
        (
            checks.integrated_gradients_by_hand,
            lambda f, x, b, steps: integrated(f, x, torch.zeros_like(x), steps),
            "starts at zero",
        ),
        (
            checks.integrated_gradients_by_hand,
            lambda f, x, b, steps: (x - b) * gradients(f, x, b, steps).sum(0),
            "not the sum",
        ),
        (checks.integrated_gradients_by_hand, both_ends, "a sum of 6 gradients, divided by 5"),
        (
            checks.integrated_gradients_by_hand,
            lambda f, x, b, steps: integrated(f, x, 0.5 * (x + b), steps),
            "off the change",
        ),
        (checks.silenced_by_hand, lambda t, n, m: silenced(t, n, m, first=0), "CLS"),
        (checks.silenced_by_hand, lambda t, n, m: silenced(t, n, 0 * m), "not 0"),
        (checks.silenced_by_hand, in_place, "a copy"),
        (checks.silenced_by_hand, all_of_them, "not chosen"),
        (checks.silenced_by_hand, own_mean, "its own mean"),
        (checks.silenced_by_hand, lambda t, n, m: t, "nothing has changed"),
        (checks.interval_by_hand, lambda *a: interval(*a, paired=False), "the same images"),
        (checks.interval_by_hand, lambda *a: interval(*a, ends=(5, 95)), "too narrow"),
        (checks.interval_by_hand, without_replacement, "with replacement"),
        (
            checks.interval_by_hand,
            lambda before, after, rng: np.percentile(after - before, [2.5, 97.5]),
            "of their mean",
        ),
        (checks.interval_by_hand, lambda b, a, rng: interval(a, b, rng), "after minus before"),
    ],
)
def test_a_plausible_mistake_is_named(check, answer, says):
    found = check(answer)
    assert not found.passed
    assert says in found.message


def test_a_table_is_read_by_its_own_intervals(table):
    read = checks.effects_that_are_shown
    assert read(table, ["something"]).passed
    assert "1 more" in read(table, []).message
    assert "includes 0" in read(table, ["nothing", "something"]).message
    assert "'other'" in read(table, ["other"]).message
    assert "list" in read(table, "something").message
    assert read(table, ...).message.startswith("not yet")


@pytest.mark.parametrize(
    "check", [checks.integrated_gradients_by_hand, checks.silenced_by_hand, checks.interval_by_hand]
)
def test_what_is_not_filled_in_or_fails_gets_one_message(check):
    def fails(*_):
        raise KeyError("mine")

    for answer in (None, ..., lambda *_: None, lambda *_: ...):
        assert not check(answer).passed
        assert check(answer).message.startswith("not yet")
    assert "KeyError" in check(fails).message
