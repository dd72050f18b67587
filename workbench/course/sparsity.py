"""Checks of notebook 03: sparsity measures, knee and shares, how many are enough, overlap."""

from typing import Any

import numpy as np

from workbench.course.checked import Wrong, called, check, numbers
from workbench.neurons.sparsity import measures
from workbench.neurons.sparsity.needed import neurons_needed
from workbench.neurons.sparsity.overlap import set_overlaps
from workbench.neurons.sparsity.spectrum import spectrum


@check("3.1")
def one_formula_two_directions(lifetime: Any, population: Any) -> str:
    """Ask for both on a table with signs, a selective neuron and a patch of one voice."""
    table = np.random.default_rng(31).normal(size=(9, 6)) + 0.5
    table[:, 2] = 0
    table[4, 2] = -3.0
    wanted = measures.vinje_gallant(table.T), measures.vinje_gallant(table)
    sizes = {"lifetime": (6,), "population": (9,)}
    for (name, shape), function, right in zip(
        sizes.items(), (lifetime, population), wanted, strict=True
    ):
        found = numbers(called(function, table.copy()), what=f"{name}(table)")
        if found.shape == (15 - shape[0],):
            raise Wrong(f"{name}(table) has one number per {_other(name)}: the other direction.")
        found = numbers(found, like=shape, what=f"{name}(table)")
        n = table.size // shape[0]
        if np.allclose(found, 1 - (1 - 1 / n) * right):
            raise Wrong(f"{name} gives Treves and Rolls' a: turn it round and stretch it.")
        if np.allclose(found, (1 - 1 / n) * right):
            raise Wrong(f"{name} is turned round, but not stretched by 1 − 1/n.")
        other = table.size // n
        if np.allclose(found * (1 - 1 / other), (1 - 1 / n) * right):
            raise Wrong(f"{name} is stretched by another n: how many values are in one mean?")
        if not np.allclose(found, right):
            raise Wrong(f"{name} is not the formula's value; are signs dropped before the mean?")
    return "both directions are right, and a neuron that speaks once is the most selective."


def _other(name: str) -> str:
    return "patch" if name == "lifetime" else "neuron"


@check("3.2")
def knee_and_share(knee: Any, needed: Any) -> str:
    """Compare with the library's spectrum, on sensitivities that are out of order."""
    for seed, power in ((1, 3.0), (2, 1.0), (3, 8.0)):
        values = np.random.default_rng(seed).random(40) ** power
        right = spectrum(values, observations=100, draws=1)
        found = numbers(called(knee, values.copy()), like=(), what="the knee")
        if found == right.knee - 1:
            raise Wrong("your knee is one too small: entry 0 of the curve belongs to K = 1.")
        if found != right.knee:
            raise Wrong("your knee is not where the curve is farthest above the straight line.")
        for share in (0.3, 0.9, 1.0):
            found = numbers(called(needed, values.copy(), share), like=(), what="needed")
            wanted = right.needed_for(share)
            if share == 1 and wanted <= found <= len(values):
                continue  # the last neurons add less than a sum is exact to
            if found == wanted - 1:
                raise Wrong("with one neuron more than yours the share is reached: count from 1.")
            if found > wanted:
                raise Wrong(f"fewer neurons than yours hold {share:.0%}: take the largest first.")
            if found != wanted:
                raise Wrong(f"so few neurons do not hold {share:.0%} of the sum.")
    return "knee and shares are the spectrum's."


@check("3.3")
def enough_for_good(function: Any) -> str:
    """Compare with the library's rule, on curves that fall below their goal again."""
    ks = (10, 20, 40, 80, 160)
    for accuracy, fraction, chance, what in (
        ((0.5, 0.6, 0.7, 0.8, 0.9), 0.5, 0.5, "a curve that climbs"),
        ((0.8, 0.5, 0.9, 0.9, 0.9), 0.7, 0.5, "a curve that dips after a lucky start"),
        ((0.5, 0.68, 0.7, 0.74, 0.75), 0.9, 0.5, "a curve with chance at 0.5"),
        ((0.5, 0.68, 0.7, 0.74, 0.75), 0.9, 0.0, "a curve with chance at 0"),
        ((0.9, 0.9, 0.9, 0.9, 0.9), 1.0, 0.5, "a curve that is flat"),
        ((0.6, 0.7, 0.75, 0.9, 0.8), 0.8, 0.5, "a curve whose best is not its last"),
    ):
        wanted = neurons_needed(ks, np.array(accuracy), (fraction,), chance=chance)[fraction]
        found = numbers(called(function, ks, np.array(accuracy), fraction, chance), like=())
        if found not in ks:
            raise Wrong(
                f"{found:g} is none of the ks: return the number of neurons, not its place."
            )
        if found != wanted:
            raise Wrong(f"for {what} your K is too {'small' if found < wanted else 'large'}.")
    return "your rule is the library's, dips and chance included."


@check("3.4")
def shared_by_chance(function: Any) -> str:
    """Compare with the library's expectation, for sets of unequal sizes."""
    for first, second, width in ((100, 100, 384), (5, 40, 50), (7, 7, 7)):
        sets = {"a": range(first), "b": range(second)}
        wanted = set_overlaps(sets, width).rows[0].expected_shared  # type: ignore[union-attr]
        found = float(numbers(called(function, first, second, width), like=()))
        if found > min(first, second):
            raise Wrong("two sets cannot share more than the smaller of them holds.")
        if abs(found - wanted) > 1e-9:
            raise Wrong(f"for sets of {first} and {second} of {width} that is not the expectation.")
    return "that is what chance shares."
