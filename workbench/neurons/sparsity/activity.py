"""Lifetime and population sparsity of activations, in one pass that holds one batch at a time.

Lifetime: one neuron over all patches, "is it selective?". Population: one patch over all neurons,
"do few speak?". Both are of magnitudes (see `measures`), so that a residual stream's negative half
counts as its positive one does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from scipy import stats
from torch import Tensor

from workbench.errors import DataError
from workbench.excavation.features import BATCH, Tower, walk
from workbench.images.stream import ImageLike, pictures
from workbench.neurons.chance import (
    AgainstChance,
    against,
    check_draws,
    corrected,
    p_at_least,
)
from workbench.neurons.sparsity import measures

_POPULATION = {
    "vinje_gallant": measures.vinje_gallant,
    "gini": measures.gini,
    "hoyer": measures.hoyer,
}


@dataclass(frozen=True, eq=False)
class Lifetime:
    """Each neuron over all patches; NaN for one that never varies (or, but for kurtosis, is 0).

    Attributes:
        treves_rolls, vinje_gallant, kurtosis: see `measures`.
        gaussian: the Vinje-Gallant sparsity of a Gaussian of the neuron's mean and variance.
        p_values, q_values: how often as many Gaussian values as there are images have a kurtosis
            as high, both without their bias (patches of an image are not independent, so images
            are counted); corrected.
    """

    treves_rolls: Float[np.ndarray, "neuron"]
    vinje_gallant: Float[np.ndarray, "neuron"]
    kurtosis: Float[np.ndarray, "neuron"]
    gaussian: Float[np.ndarray, "neuron"]
    p_values: Float[np.ndarray, "neuron"]
    q_values: Float[np.ndarray, "neuron"]


@dataclass(frozen=True, eq=False)
class Activity:
    """How sparse activations are: by neuron, and by patch (means over all patches).

    The null of `population` shuffles every neuron over the patches of a batch: each neuron stays
    as sparse as it is, but which speak together is chance. Patches without any activation, whose
    sparsity is undefined, are left out of a mean.
    """

    images: int
    patches: int
    lifetime: Lifetime = field(repr=False)
    population: dict[str, AgainstChance]

    def _repr_html_(self) -> str:
        life = self.lifetime
        rows = "".join(
            f"<tr><th>population {name}</th><td>{one.value:.4g}</td>"
            f"<td>[{one.null_low:.4g}, {one.null_high:.4g}]</td><td>{one.p_value:.3g}</td></tr>"
            for name, one in self.population.items()
        )
        selective, gaussian = np.nanmedian(life.vinje_gallant), np.nanmedian(life.gaussian)
        heavy = int((life.q_values <= 0.05).sum())
        return (
            f"<p>{self.patches:,} patches of {self.images:,} images. Median lifetime sparsity "
            f"{selective:.4g} (Gaussian: {gaussian:.4g}); "
            f"{heavy} of {len(life.kurtosis)} neurons are more heavy-tailed than chance.</p>"
            "<table><thead><tr><th>measure</th><th>value</th><th>null, middle 95 %</th><th>p</th>"
            f"</tr></thead><tbody>{rows}</tbody></table>"
        )


def activity_at(
    tower: Tower,
    images: ImageLike | Iterable[ImageLike],
    site: str,
    *,
    draws: int = 99,
    seed: int = 0,
    batch_size: int = BATCH,
) -> Activity:
    """Return the sparsity of a site's patches, of a model or of a store that holds them.

    An excavation's are those of `excavation.model` at `excavation.neurons.site`. Raises what
    `excavation.features.walk` and `activity` do.
    """
    seen = walk(tower, pictures(images), [site], batch_size=batch_size, what="measuring sparsity")
    return activity((found[site] for _, found in seen), draws=draws, seed=seed)


def activity(
    batches: Iterable[Float[Tensor, "_image _patch neuron"]], *, draws: int = 99, seed: int = 0
) -> Activity:
    """Return the sparsity of activations that come batch by batch.

    Raises `DataError` for fewer than four images, one neuron, or values that are not finite.
    """
    check_draws(draws)
    rng = np.random.default_rng(seed)
    images, count = 0, 0
    pivot: np.ndarray | None = None
    powers, magnitudes = np.zeros(0), np.zeros(0)
    sums = {name: np.zeros((draws + 1, 2)) for name in _POPULATION}  # of values, and how many
    for batch in batches:
        images += len(batch)
        rows = batch.detach().flatten(0, 1).to("cpu", torch.float64).numpy()
        if rows.shape[1] < 2 or not np.isfinite(rows).all():
            raise DataError("sparsity needs two or more neurons, and activations that are finite.")
        count += len(rows)
        if pivot is None:
            pivot = rows.mean(0)
            powers, magnitudes = np.zeros((4, len(pivot))), np.zeros((2, len(pivot)))
        about = rows - pivot
        powers += [(about**power).sum(0) for power in (1, 2, 3, 4)]
        magnitudes += [np.abs(rows).sum(0), np.square(rows).sum(0)]
        for draw in range(draws + 1):
            shown = rows if draw == 0 else rng.permuted(rows, axis=0)
            for name, measure in _POPULATION.items():
                found = measure(shown)
                sums[name][draw] += np.nansum(found), (~np.isnan(found)).sum()
    if pivot is None or images < 4:
        raise DataError(f"sparsity needs four or more images; there are {images}.")
    population = {}
    for name, (total, defined) in ((name, both.T) for name, both in sums.items()):
        means = np.divide(total, defined, out=np.full(draws + 1, np.nan), where=defined > 0)
        population[name] = against(means[0], means[1:])
    lifetime = _lifetime(pivot, powers / count, magnitudes / count, count, images, rng)
    return Activity(images, count, lifetime, population)


def _lifetime(
    pivot: Float[np.ndarray, "neuron"],
    powers: Float[np.ndarray, "4 neuron"],
    magnitudes: Float[np.ndarray, "2 neuron"],
    count: int,
    images: int,
    rng: np.random.Generator,
) -> Lifetime:
    """From means of powers about a pivot, and of magnitudes and squares, to the measures."""
    first, second, third, fourth = powers
    variance = second - first**2
    varies = variance > 1e-12 * magnitudes[1]
    central = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
    nothing = np.full(len(pivot), np.nan)
    tails = np.divide(central, variance**2, out=nothing.copy(), where=varies) - 3
    dense = np.divide(
        magnitudes[0] ** 2, magnitudes[1], out=nothing.copy(), where=magnitudes[1] > 0
    )
    mean, std = pivot + first, np.sqrt(np.where(varies, variance, 1.0))
    folded = stats.foldnorm.mean(np.abs(mean) / std, scale=std)
    gaussian = np.where(varies, 1 - folded**2 / (mean**2 + std**2), nothing)
    # Kurtosis of a few values is biased downwards, that of many patches is not: compare unbiased.
    null = np.asarray(stats.kurtosis(rng.standard_normal((2000, images)), axis=1, bias=False))
    unbiased = ((count + 1) * tails + 6) * (count - 1) / ((count - 2) * (count - 3))
    p_values = p_at_least(unbiased, np.broadcast_to(null[:, None], (len(null), len(tails))))
    finite = 1 - 1 / count
    return Lifetime(
        treves_rolls=dense,
        vinje_gallant=(1 - dense) / finite,
        kurtosis=tails,
        gaussian=gaussian,
        p_values=p_values,
        q_values=corrected(p_values),
    )
