"""How many neurons are needed for 90, 95 and 99 % of the accuracy of all of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from workbench.errors import DataError, SettingError
from workbench.excavation.detector import Excavation
from workbench.excavation.features import BATCH, walk
from workbench.excavation.normality import Moments, Normality, fit_normality
from workbench.images.stream import ImageLike, pictures
from workbench.neurons.chance import check_draws, p_at_least

Accuracy = Callable[[Int[np.ndarray, "image"], Float[np.ndarray, "image"]], float]
"""From labels (1: anomalous) and image scores to one number, such as AUROC; larger is better."""
FRACTIONS = (0.90, 0.95, 0.99)


@dataclass(frozen=True, eq=False)
class AccuracyByK:
    """Accuracy by number of neurons, most sensitive first, beside other sets of the same size.

    Attributes:
        ks: how many neurons, ascending; the last is all of them.
        accuracy: with the `k` most sensitive.
        bottom: with the `k` least sensitive.
        random: with random sets of `k`, by draw.
        p_values: how often a random set of `k` is at least as accurate; not corrected, since
            neighbouring `k` share most of their neurons.
    """

    ks: tuple[int, ...]
    accuracy: Float[np.ndarray, "k"]
    bottom: Float[np.ndarray, "k"]
    random: Float[np.ndarray, "draw k"] = field(repr=False)
    p_values: Float[np.ndarray, "k"]

    def needed(
        self, fractions: Sequence[float] = FRACTIONS, *, chance: float = 0.0
    ) -> dict[float, int]:
        """Return `neurons_needed` of the most sensitive."""
        return neurons_needed(self.ks, self.accuracy, fractions, chance=chance)

    def random_needed(
        self, fractions: Sequence[float] = FRACTIONS, *, chance: float = 0.0
    ) -> dict[float, tuple[int, ...]]:
        """Return `neurons_needed` of each draw of random sets: the null of `needed`."""
        found = [neurons_needed(self.ks, one, fractions, chance=chance) for one in self.random]
        return {fraction: tuple(one[fraction] for one in found) for fraction in fractions}

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{k}</th><td>{self.accuracy[i]:.4f}</td>"
            f"<td>{self.random[:, i].mean():.4f}</td><td>{self.bottom[i]:.4f}</td>"
            f"<td>{self.p_values[i]:.3g}</td></tr>"
            for i, k in enumerate(self.ks)
        )
        return (
            "<table><thead><tr><th>neurons</th><th>most sensitive</th><th>random sets, mean</th>"
            "<th>least sensitive</th><th>p of random as good</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def neurons_needed(
    ks: Sequence[int],
    accuracy: Float[np.ndarray, "k"],
    fractions: Sequence[float] = FRACTIONS,
    *,
    chance: float = 0.0,
) -> dict[float, int]:
    """Return, by fraction, the least `k` that reaches it and from which on no `k` falls below.

    The full accuracy is that of the last `k`; a fraction is of what lies above `chance` (0: of the
    accuracy itself; 0.5 for an AUROC asks for that share of its gain over guessing).

    >>> neurons_needed((1, 10, 100), np.array([0.5, 0.94, 1.0]), (0.9, 0.99))
    {0.9: 10, 0.99: 100}

    Raises `DataError` for a curve that is empty, not finite, not in ascending order, or whose full
    accuracy is not above chance; `SettingError` for a fraction outside 0 to 1.
    """
    if not len(ks) or len(ks) != len(accuracy) or not np.isfinite(accuracy).all():
        raise DataError("a curve needs one finite accuracy for each of its numbers of neurons.")
    if any(a >= b for a, b in pairwise(ks)):
        raise DataError("the numbers of neurons of a curve must be ascending.")
    full = float(accuracy[-1])
    if full <= chance:
        raise DataError(
            f"the full accuracy is {full:.4g}, not above chance ({chance:.4g}): no number of "
            "neurons can be needed for a share of it."
        )
    found = {}
    for fraction in fractions:
        if not 0 < fraction <= 1:
            raise SettingError(f"fraction is {fraction}; it must be above 0 and at most 1.")
        goal = chance + fraction * (full - chance)
        below = np.flatnonzero(accuracy < goal - 1e-12)
        found[fraction] = ks[int(below[-1]) + 1 if len(below) else 0]
    return found


def accuracy_by_k(
    excavation: Excavation,
    images: ImageLike | Iterable[ImageLike],
    labels: Sequence[int],
    ks: Sequence[int],
    accuracy: Accuracy,
    *,
    draws: int = 20,
    seed: int = 0,
    batch_size: int = BATCH,
) -> AccuracyByK:
    """Measure how accurate the visual branch is with ever more of an excavation's neurons.

    The excavation must hold all of them (`selection="all"`): the normality of any set is then a
    part of its own. An image's score is its largest patch score. The images are looked at once,
    batch by batch; the number of all neurons is added to `ks`. Random sets grow within a draw.

    Raises `SettingError` for another selection or a `k` out of range, `DataError` for labels that
    do not fit the images or are all alike.
    """
    check_draws(draws)
    width = len(excavation.sensitivity)
    if excavation.settings.selection != "all":
        raise SettingError(
            f"this excavation holds the {excavation.settings.selection} {len(excavation.neurons)} "
            f"of {width} neurons, and the accuracy of all of them is needed. Excavate with "
            'selection="all".'
        )
    sizes = tuple(sorted({*ks, width}))
    if sizes[0] < 1 or sizes[-1] > width:
        raise SettingError(f"the numbers of neurons must be from 1 to {width}.")
    found = pictures(images)
    truth = np.asarray(labels, np.int64)
    if len(truth) != len(found) or set(truth.tolist()) != {0, 1}:
        raise DataError(
            f"{len(found)} images and {len(truth)} labels: every image needs a label, 0 (normal) "
            "or 1 (anomalous), and both must occur."
        )
    excavation.check_model()
    rng = np.random.default_rng(seed)
    first = np.arange(width)
    orders = [first, first[::-1].copy(), *(rng.permutation(width) for _ in range(draws))]
    scores = np.empty((len(orders), len(sizes), len(found)))
    start, site = 0, excavation.settings.places[0]
    for batch, seen in walk(
        excavation.model, found, [site], batch_size=batch_size, what="judging with fewer neurons"
    ):
        selected = excavation.selected(seen[site])
        stop = start + len(batch.pictures)
        for row, order in enumerate(orders):
            for column, k in enumerate(sizes):
                # Made anew for each batch: all of them at once would be many galleries.
                columns, normality = _part(excavation, order[:k])
                patches = selected[..., columns]
                judged = normality.judge(patches.flatten(0, 1)).scores.view(patches.shape[:2])
                scores[row, column, start:stop] = judged.amax(1).cpu().numpy()
        start = stop
    values = np.array([[accuracy(truth, one) for one in row] for row in scores], float)
    top, bottom, random = values[0], values[1], values[2:]
    return AccuracyByK(sizes, top, bottom, random, p_at_least(top, random))


def _part(excavation: Excavation, order: Int[np.ndarray, "chosen"]) -> tuple[Tensor, Normality]:
    """Return which of the excavation's columns make a set, and what normal looks like to it."""
    held, settings = excavation.normality, excavation.settings
    columns = torch.from_numpy(order).to(held.device)
    if isinstance(held, Moments):
        return columns, Moments(held.mean[columns], held.variance[columns])
    # Scaled rows may be cut and scaled again: a cosine does not see how long they were.
    rows = held.rows[:, columns]
    return columns, fit_normality(rows, "gallery", settings.metric, settings.neighbours)
