"""Checks of notebook 06: integrated gradients, silencing, paired intervals, reading a table."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from workbench.clip.neuron_set import NeuronSet
from workbench.course.checked import Wrong, called, check, names, numbers
from workbench.intervals import mean_interval
from workbench.neurons.attribution.paths import gauss_legendre, line_integral
from workbench.neurons.intervention.changes import apply, to_mean
from workbench.neurons.intervention.effects import EffectTable
from workbench.neurons.intervention.normals import Normals

_STEPS = 200
_FEW = 5
_CLOSE = 5e-3


@check("6.1")
def integrated_gradients_by_hand(function: Any) -> str:
    """Compare with the library's integral, for functions that bend, saturate and mix."""
    made = torch.Generator().manual_seed(61)
    here, start = torch.randn(2, 6, generator=made, dtype=torch.float64)
    weights = torch.randn(6, generator=made, dtype=torch.float64)

    def saturating(x: Tensor) -> Tensor:
        return torch.tanh(3 * (x * weights).sum())

    def mixing(x: Tensor) -> Tensor:
        return x[0] * x[1] + x[2].pow(3) + weights[3] * x[3]

    def straight(x: Tensor) -> Tensor:
        return (x * weights).sum()

    for target, what, steps in (
        (saturating, "a function that saturates", _STEPS),
        (mixing, "products and powers", _STEPS),
        (straight, "a straight line", _FEW),
    ):
        answer = called(function, target, here.clone(), start.clone(), steps)
        found = numbers(answer, like=(6,))
        wanted, effect = _integral(target, here, start)
        if _near(found, wanted):
            continue
        step = (here - start).numpy()
        if _near(found * step, wanted):
            raise Wrong(
                "yours are mean gradients; each still has to be multiplied by its own step."
            )
        if _near(found, step * _slope(target, here)):
            raise Wrong(
                f"for {what} your values miss the change of the function: the gradient is taken "
                "at the end only, and not on the way there."
            )
        if _near(found, _integral(target, here, torch.zeros_like(here))[0]):
            raise Wrong("your way starts at zero, and not at the baseline.")
        if _near(found, wanted * steps):
            raise Wrong("your values grow with the number of steps: take the mean, not the sum.")
        if _near(found, wanted * (steps + 1) / steps):
            raise Wrong(
                f"for {what} and {steps} steps yours is a sum of {steps + 1} gradients, divided by "
                f"{steps}."
            )
        missed = abs(found.sum() - effect) / abs(effect)
        raise Wrong(
            f"for {what} your values sum to something {missed:.0%} off the change of the function."
        )
    return "your values are complete: they sum to the change of the function."


@check("6.2")
def silenced_by_hand(function: Any) -> str:
    """Compare with the library's change, and look at what had to stay as it was."""
    made = torch.Generator().manual_seed(62)
    tokens = torch.randn(2, 5, 7, generator=made)
    neurons = NeuronSet("hook_embed", (1, 4, 5))
    normals = Normals.from_patches("hook_embed", [torch.randn(3, 4, 7, generator=made)])
    wanted = apply(to_mean(neurons, normals), tokens)
    given, chosen = tokens.clone(), list(neurons.indices)
    answer = called(function, given, chosen, normals.mean[chosen].clone())
    found = torch.from_numpy(numbers(answer, like=tuple(tokens.shape)))
    if not torch.equal(given, tokens):
        raise Wrong("your function changes the tokens it was given: work on a copy.")
    if _same(found, wanted):
        return "your silencing is the library's."
    if _same(found, tokens):
        raise Wrong("nothing has changed.")
    if not _same(found[:, :1], wanted[:, :1]):
        raise Wrong("token 0 has changed: CLS is no patch and has to stay.")
    others = [index for index in range(7) if index not in chosen]
    if not _same(found[..., others], wanted[..., others]):
        raise Wrong("neurons that were not chosen have changed.")
    if float(found[:, 1:, chosen].abs().max()) == 0:
        raise Wrong("the neurons are at 0, and their normal level is not 0.")
    raise Wrong(
        "the right neurons have changed, but each has its own mean, the same at every patch."
    )


@check("6.3")
def interval_by_hand(function: Any) -> str:
    """Compare with the library's interval, where images differ much and effects little."""
    rng = np.random.default_rng(63)
    before = rng.normal(5, 3, 30)
    after = before + rng.normal(0.2, 0.3, 30)
    answer = called(function, before.copy(), after.copy(), np.random.default_rng(1))
    low, high = np.sort(numbers(answer, like=(2,), what="what your function returns"))
    ends = mean_interval(after - before)
    wanted_low, wanted_high = float(ends[0] or 0), float(ends[1] or 0)
    width, wanted = high - low, wanted_high - wanted_low
    middle = float((after - before).mean())
    if not low <= middle <= high:
        where = "the other way round: after minus before" if low <= -middle <= high else "elsewhere"
        raise Wrong(f"the mean effect lies outside your interval; yours is of something {where}.")
    spread = float(np.ptp(np.percentile(after - before, [2.5, 97.5])))
    if width > 4 * wanted:
        if abs(width - spread) < 0.15 * spread:
            raise Wrong("yours holds 95 % of the single effects; it is asked of their mean.")
        raise Wrong(
            "yours is several times too wide: draw the same images before and after the change."
        )
    if width < 0.05 * wanted:
        raise Wrong("yours is nearly a point: the draws must be with replacement.")
    if abs(width / wanted - 1) > 0.12:
        kind = "narrow" if width < wanted else "wide"
        raise Wrong(f"yours is too {kind} by {abs(width / wanted - 1):.0%}: is it the middle 95 %?")
    return "your interval is the library's, up to the chance of the draws."


@check("6.4")
def effects_that_are_shown(table: EffectTable, answer: Any) -> str:
    """Compare with the table's own intervals."""
    given = [str(name) for name in names(answer, "your list")]
    unknown = [name for name in given if name not in table.changes]
    if unknown:
        raise Wrong(f"there is no change called {unknown[0]!r} in the table.")
    low, high = table.intervals().T
    shown = {
        name for name, at, to in zip(table.changes, low, high, strict=True) if at > 0 or to < 0
    }
    if missing := shown - set(given):
        raise Wrong(f"{len(missing)} more of the intervals do not include 0.")
    if extra := set(given) - shown:
        raise Wrong(f"{len(extra)} of those you list have an interval that includes 0.")
    return f"{len(shown)} of {len(table.changes)} intervals exclude 0, and you have them all."


def _near(found: Any, wanted: Any) -> bool:
    return bool(np.abs(found - wanted).max() <= _CLOSE * max(1.0, np.abs(wanted).max()))


def _same(found: Tensor, wanted: Tensor) -> bool:
    return bool(torch.allclose(found.double(), wanted.double(), atol=1e-6))


def _integral(target: Any, here: Tensor, start: Tensor) -> tuple[np.ndarray, float]:
    def run(rows: Tensor) -> Tensor:
        return torch.stack([target(row) for row in rows])

    values, effect = line_integral(run, here[None], start[None], gauss_legendre(64), 64)
    return values[0].numpy(), float(effect[0])


def _slope(target: Any, at: Tensor) -> np.ndarray:
    point = at.clone().requires_grad_()
    (slope,) = torch.autograd.grad(target(point), point)
    found: np.ndarray = slope.numpy()
    return found
