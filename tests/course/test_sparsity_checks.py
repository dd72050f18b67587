"""The checks of notebook 03 tell right from wrong, and say in which way."""

import numpy as np
import pytest

from workbench.course import sparsity as checks
from workbench.neurons.sparsity.measures import treves_rolls, vinje_gallant


def lifetime(table):
    return vinje_gallant(table.T)


def test_both_directions_pass():
    assert checks.one_formula_two_directions(lifetime, vinje_gallant).passed


@pytest.mark.parametrize(
    ("life", "population", "said"),
    [
        (vinje_gallant, lifetime, "the other direction"),
        (lambda t: treves_rolls(t.T), vinje_gallant, "turn it round"),
        (lambda t: 1 - treves_rolls(t.T), vinje_gallant, "not stretched"),
        (lifetime, lambda t: (1 - treves_rolls(t)) / (1 - 1 / len(t)), "another n"),
        (
            lambda t: (1 - t.mean(0) ** 2 / (t**2).mean(0)) / (1 - 1 / len(t)),
            vinje_gallant,
            "signs",
        ),
        (lifetime, ..., "not yet"),
    ],
)
def test_a_wrong_sparsity_is_told_apart(life, population, said):
    found = checks.one_formula_two_directions(life, population)
    assert not found.passed
    assert said in found.message


def knee(values):
    return (values > values.mean()).sum()


def needed(values, share):
    held = np.cumsum(np.sort(values)[::-1]) / values.sum()
    return (held >= share - 1e-12).argmax() + 1


def test_the_knee_by_mean_and_by_curve_pass():
    def by_curve(values):
        curve = np.cumsum(np.sort(values)[::-1]) / values.sum()
        return int((curve - np.arange(1, len(values) + 1) / len(values)).argmax()) + 1

    assert checks.knee_and_share(knee, needed).passed
    assert checks.knee_and_share(by_curve, needed).passed


def test_a_share_of_all_may_be_read_off_the_curve_as_it_stands():
    def plain(values, share):
        curve = np.cumsum(np.sort(values)[::-1])
        return int((curve / curve[-1] >= share).argmax()) + 1

    assert checks.knee_and_share(knee, plain).passed
    strict = checks.knee_and_share(knee, lambda v, s: len(v) + 1 if s == 1 else needed(v, s))
    assert not strict.passed


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (lambda v: knee(v) - 1, needed, "one too small"),
        (lambda v: 7, needed, "not where"),
        (knee, lambda v, s: needed(v, s) - 1, "count from 1"),
        (knee, lambda v, s: len(v), "fewer neurons"),
        (knee, lambda v, s: 1 if s < 0.5 else needed(v, s), "do not hold"),
    ],
)
def test_a_wrong_knee_or_share_is_told_apart(first, second, said):
    found = checks.knee_and_share(first, second)
    assert not found.passed
    assert said in found.message


def enough(ks, accuracy, fraction, chance):
    goal = chance + fraction * (accuracy[-1] - chance)
    below = np.flatnonzero(np.asarray(accuracy) < goal - 1e-12)
    return ks[below[-1] + 1] if len(below) else ks[0]


def test_the_rule_for_enough_passes_and_shortcuts_do_not():
    assert checks.enough_for_good(enough).passed

    def first(ks, accuracy, fraction, chance):
        goal = chance + fraction * (accuracy[-1] - chance)
        return ks[int((accuracy >= goal - 1e-12).argmax())]

    def place(*given):
        return given[0].index(enough(*given))

    for answer, said in (
        (first, "dips"),
        (lambda k, a, f, c: enough(k, a, f, 0.0), "too"),
        (lambda k, a, f, c: enough(k, [*a[:-1], max(a)], f, c), "its last"),
        (place, "not its place"),
        (lambda k, a, f, c: k[-1], "too large"),
    ):
        found = checks.enough_for_good(answer)
        assert not found.passed
        assert said in found.message


def test_sharing_by_chance_is_the_product_over_the_width():
    assert checks.shared_by_chance(lambda a, b, n: a * b / n).passed
    assert "smaller of them" in checks.shared_by_chance(lambda a, b, n: a * b).message
    assert "not the expectation" in checks.shared_by_chance(lambda a, b, n: a / n).message
