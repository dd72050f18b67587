"""Claim 6: what the model's own zero-shot text detection does when neurons are turned up or down.

What "elicits" is in numbers is chosen here. At the excavation's site every patch token is changed,
and the blocks after it run again:

    x[neuron] -> mean[neuron] + factor * (x[neuron] - mean[neuron])

`mean` is the neuron's mean over the support's patches, so a factor above 1 amplifies what departs
from normal and leaves the average normal patch as it is, and 0 silences the neuron at its normal
level. CLS is left alone: it is no patch, and has another mean. Text detection is the probability of
the anomalous prompts at the last layer's patches, an image's score the largest: LAKE's text branch,
with the prompts and temperature of its defaults. It is kept as log odds, which rank images as the
probability does; the probability itself is 1 to the last digit where prompts are far apart, and
then ranks nothing.

The most varying neurons carry the largest change, whatever they mean. So random sets are changed
twice: by the same factor, and (`matched`) by the factor that gives the same expected square of the
change over the support's patches: 1 + (factor - 1) * sqrt(variance of the selected / of the set).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.claims.contrasts import altered
from workbench.claims.plan import FACTORS, SWEEP_DRAWS, Plan
from workbench.clip.hooked import HookedCLIP
from workbench.excavation.features import BATCH, walk
from workbench.excavation.selection import select
from workbench.excavation.sensitivity import NeuronStatistics, survey
from workbench.excavation.settings import Settings
from workbench.excavation.text import TextBranch
from workbench.images.progress import progress
from workbench.images.stream import Picture, stream

DECIDING = (0.0, 2.0)
"""The factors that decide the claim, with every random draw."""


@dataclass(frozen=True)
class Change:
    """Neurons of the site, and the factor on their deviation from the support's mean."""

    name: str
    neurons: tuple[int, ...]
    factor: float


def changes(statistics: NeuronStatistics, site: str, plan: Plan, seed: int) -> list[Change]:
    """Return what is done to the forward pass: nothing, the selected neurons, and random sets."""
    variance = statistics.variance
    top = select(variance, site, plan.k).indices
    found = [Change(altered("unchanged"), (), 1.0)]
    found += [Change(altered("top", factor), top, factor) for factor in FACTORS]
    for draw in range(plan.draws):
        drawn = select(variance, site, plan.k, "random", seed, draw).indices
        for factor in FACTORS:
            if factor in DECIDING or draw < SWEEP_DRAWS:
                found.append(Change(altered("random", factor), drawn, factor))
        ratio = _ratio(variance[list(top)].sum(), variance[list(drawn)].sum())
        for factor in DECIDING:
            matched = 1 + (factor - 1) * ratio
            if draw < SWEEP_DRAWS:
                found.append(Change(altered("matched", factor), drawn, matched))
    return found


def _ratio(selected: float, drawn: float) -> float:
    return float(np.sqrt(selected / drawn)) if drawn > 0 else 1.0


def changed(
    tokens: Float[Tensor, "image token neuron"], mean: Float[Tensor, "neuron"], change: Change
) -> Float[Tensor, "image token neuron"]:
    """Return the tokens with the neurons of every patch changed; token 0 (CLS) stays.

    >>> change = Change("double the second", (1,), 2.0)
    >>> changed(torch.tensor([[[0.0, 5.0], [3.0, 4.0]]]), torch.tensor([1.0, 1.0]), change)
    tensor([[[0., 5.],
             [3., 7.]]])
    """
    found = tokens.clone()
    columns = list(change.neurons)
    normal = mean[columns]
    found[:, 1:, columns] = normal + change.factor * (tokens[:, 1:, columns] - normal)
    return found


def elicit(
    model: HookedCLIP,
    category: str,
    support: Sequence[Picture],
    tests: Sequence[Picture],
    plan: Plan,
    seed: int,
    *,
    batch_size: int = BATCH,
) -> dict[str, Float[np.ndarray, "draw image"]]:
    """Return the image scores of zero-shot text detection after every change, by its name.

    The tower runs to the site once per batch of images, and from there on once per change. Never
    is more in memory than one batch of activations. The factors are those of `plan.FACTORS`.
    """
    settings = Settings(k=plan.k).resolved(model, category)
    site, text_site = settings.places
    assert settings.prompts is not None  # resolved settings have prompts
    text = TextBranch.of(model, settings.prompts, settings.temperature)
    seen = walk(model, list(support), [site], batch_size=batch_size)
    statistics = survey(found[site] for _, found in seen)
    todo = changes(statistics, site, plan, seed)
    mean = torch.from_numpy(statistics.mean).to(model.device, model.dtype)
    batches = stream(
        list(tests),
        batch_size=batch_size,
        image_size=model.image_size,
        mean=model.mean,
        std=model.std,
    )
    parts: list[Float[np.ndarray, "change image"]] = []
    for batch in progress(
        batches, total=len(tests), what=f"eliciting, seed {seed}", size=lambda b: len(b.pictures)
    ):
        pixels = batch.pixels.to(model.device, model.dtype)
        parts.append(_scores(model, pixels, (site, text_site), mean, todo, text))
    scores = np.concatenate(parts, axis=1)
    rows: dict[str, list[Float[np.ndarray, image]]] = {}
    for change, row in zip(todo, scores, strict=True):
        rows.setdefault(change.name, []).append(row)
    return {name: np.stack(drawn) for name, drawn in rows.items()}


def _scores(
    model: HookedCLIP,
    pixels: Float[Tensor, "image 3 height width"],
    places: tuple[str, str],
    mean: Float[Tensor, "neuron"],
    todo: Sequence[Change],
    text: TextBranch,
) -> Float[np.ndarray, "change image"]:
    """Return the scores of one batch after every change."""
    site, _ = places
    with torch.no_grad():
        tokens = model.activations(pixels, [site])[site]
        found = [
            text.scores(model, patches).amax(1).double().cpu().numpy()
            for patches in _restarted(model, tokens, places, mean, todo)
        ]
    return np.stack(found)


def _restarted(
    model: HookedCLIP,
    tokens: Float[Tensor, "image token neuron"],
    places: tuple[str, str],
    mean: Float[Tensor, "neuron"],
    todo: Sequence[Change],
) -> Iterator[Float[Tensor, "image patch neuron"]]:
    """Yield the patches at the text site after each change, computing only the blocks between."""
    site, text_site = places
    following = int(site.split(".")[1]) + 1
    for change in todo:
        edited = changed(tokens, mean, change)
        if text_site != site:
            edited = model.activations(edited, [text_site], start_at_layer=following)[text_site]
        yield edited[:, 1:]
