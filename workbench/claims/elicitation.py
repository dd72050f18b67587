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

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from workbench.claims.contrasts import altered
from workbench.claims.plan import FACTORS, SWEEP_DRAWS, Plan
from workbench.clip.hooked import HookedCLIP
from workbench.clip.neuron_set import NeuronSet
from workbench.excavation.features import BATCH, walk
from workbench.excavation.selection import select
from workbench.excavation.sensitivity import NeuronStatistics, survey
from workbench.excavation.settings import Settings
from workbench.excavation.text import TextBranch
from workbench.images.progress import progress
from workbench.images.stream import Picture, stream
from workbench.neurons.intervention.changes import Change, scale_about
from workbench.neurons.intervention.restart import changed_patches

DECIDING = (0.0, 2.0)
"""The factors that decide the claim, with every random draw."""


def changes(statistics: NeuronStatistics, site: str, plan: Plan, seed: int) -> list[Change]:
    """Return what is done to the forward pass: to the selected neurons, and to random sets."""
    variance = statistics.variance
    mean = torch.from_numpy(statistics.mean)

    def turned(what: str, factor: float, neurons: NeuronSet, by: float) -> Change:
        about = mean[list(neurons.indices)]
        return replace(scale_about(about, neurons, by), name=altered(what, factor))

    top = select(variance, site, plan.k)
    found = [turned("top", factor, top, factor) for factor in FACTORS]
    for draw in range(plan.draws):
        drawn = select(variance, site, plan.k, "random", seed, draw)
        for factor in FACTORS:
            if factor in DECIDING or draw < SWEEP_DRAWS:
                found.append(turned("random", factor, drawn, factor))
        ratio = _ratio(*(variance[list(each.indices)].sum() for each in (top, drawn)))
        for factor in DECIDING:
            if draw < SWEEP_DRAWS:
                found.append(turned("matched", factor, drawn, 1 + (factor - 1) * ratio))
    return found


def _ratio(selected: float, drawn: float) -> float:
    return float(np.sqrt(selected / drawn)) if drawn > 0 else 1.0


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

    The tower runs once per batch of images, and from the site on once per change. Never is more in
    memory than a few batches of activations. The factors are those of `plan.FACTORS`.
    """
    settings = Settings(k=plan.k).resolved(model, category)
    site, text_site = settings.places
    assert settings.prompts is not None  # resolved settings have prompts
    text = TextBranch.of(model, settings.prompts, settings.temperature)
    seen = walk(model, list(support), [site], batch_size=batch_size)
    statistics = survey(found[site] for _, found in seen)
    todo = changes(statistics, site, plan, seed)
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
        parts.append(_scores(model, pixels, text_site, todo, text))
    scores = np.concatenate(parts, axis=1)
    rows: dict[str, list[Float[np.ndarray, image]]] = {}
    names = [altered("unchanged"), *(change.name for change in todo)]
    for name, row in zip(names, scores, strict=True):
        rows.setdefault(name, []).append(row)
    return {name: np.stack(drawn) for name, drawn in rows.items()}


@torch.no_grad()
def _scores(
    model: HookedCLIP,
    pixels: Float[Tensor, "image 3 height width"],
    text_site: str,
    todo: Sequence[Change],
    text: TextBranch,
) -> Float[np.ndarray, "change image"]:
    """Return the scores of one batch, unchanged and after every change."""
    # One change at a time: a score then does not depend on how many others there are.
    found = changed_patches(model, pixels, [text_site], todo, rows=1)
    return np.stack(
        [
            text.scores(model, patches[text_site]).amax(1).double().cpu().numpy()
            for _, patches in found
        ]
    )
